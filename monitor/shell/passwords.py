"""Passwords as scrypt hashes: slow to guess, with their own cost written beside them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

LOG_N, R, P = 15, 8, 3
_SALT, _LENGTH = 16, 32
_MOST = 256 * 2**20  # bytes that a hash of the configuration may make us use
LEAST_LENGTH = 10


def hashed(password: str) -> str:
    """`scrypt$15$8$3$SALT$HASH`, base64 without padding."""
    salt = secrets.token_bytes(_SALT)
    return f"scrypt${LOG_N}${R}${P}${_text(salt)}${_text(_scrypt(password, salt, LOG_N, R, P))}"


def is_hash(text: str) -> bool:
    return _parts(text) is not None


def matches(password: str, known: str) -> bool:
    """Takes a third of a second of one core: call it in a thread."""
    parts = _parts(known)
    if parts is None:
        return False
    log_n, r, p, salt, digest = parts
    return hmac.compare_digest(_scrypt(password, salt, log_n, r, p), digest)


def _parts(text: str) -> tuple[int, int, int, bytes, bytes] | None:
    kind, *rest = text.split("$")
    if kind != "scrypt" or len(rest) != 5 or not all(part.isdecimal() and len(part) < 4 for part in rest[:3]):
        return None
    log_n, r, p = (int(part) for part in rest[:3])
    if not (10 <= log_n <= 20 and 1 <= r <= 32 and 1 <= p <= 16 and 128 * r * 2**log_n <= _MOST):
        return None
    try:
        salt, digest = (base64.b64decode(part + "=" * (-len(part) % 4), validate=True) for part in rest[3:])
    except (binascii.Error, ValueError):
        return None
    return (log_n, r, p, salt, digest) if len(salt) >= 8 and len(digest) == _LENGTH else None


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**log_n, r=r, p=p, maxmem=2 * _MOST, dklen=_LENGTH)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")
