"""Servers with certificates that nobody should trust, on loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


async def tls_server(folder: Path, kind: str) -> str:
    """The address of a server whose certificate is expired, other (host) or stranger (authority); plain = no TLS.

    The authority that the client is told to trust lies in ca.pem."""
    authority, key = _authority()
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    if kind == "stranger":
        authority, key = _authority()
    context = None if kind == "plain" else _context(folder, authority, key, kind)
    server = await asyncio.start_server(_nothing, "127.0.0.1", 0, ssl=context)
    return f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    writer.transport.abort()


def _authority() -> tuple[x509.Certificate, Key]:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=9))
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return built.sign(key, hashes.SHA256()), key


def _context(folder: Path, authority: x509.Certificate, signer: Key, kind: str) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    ends = now - timedelta(days=1) if kind == "expired" else now + timedelta(days=5)
    host: x509.GeneralName = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = x509.SubjectAlternativeName([x509.DNSName("other.example") if kind == "other" else host])
    built = x509.CertificateBuilder(authority.subject, x509.Name([]), key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=5)).not_valid_after(ends).add_extension(names, critical=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(private + built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
