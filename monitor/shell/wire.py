"""One bounded HTTP request: no redirect followed, no answer too large, no URL in a failure."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import failures
from monitor.shell.addresses import AddressRefused

MIB = 1024 * 1024
MAX_ANSWER = 32 * MIB
LONGEST_WAIT = timedelta(hours=1)  # of what a Retry-After is believed
LONGEST_DATE = 64  # characters; HTTP's dates have at most 33
_DECODER = msgspec.json.Decoder()

Trust = ssl.SSLContext | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost: its time in all, and the size of its answer once unpacked."""

    timeout: timedelta = timedelta(seconds=20)
    max_answer: int = MAX_ANSWER
    trusted: Trust = True


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body, or CallFailed: malformed on 2xx, else what the status says."""
        try:
            return _DECODER.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            kind = "HTML" if self.body.lstrip()[:1] == b"<" else "no valid JSON"
        raise CallFailed(failures.by_status(self.status, f"the answer is {kind} ({len(self.body)} bytes)"))

    def retry_after(self, now: datetime) -> timedelta | None:
        """Retry-After, in seconds or as a date [RFC 9110, 10.2.3]. A date is measured by the clock of who sent it, as
        far as the answer tells it, else by `now`, the real time."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return min(timedelta(seconds=int(text)), LONGEST_WAIT)
        until = _date_of(text)
        if until is None:
            return None
        return min(max(until - (_date_of(self.headers.get("Date", "")) or now), timedelta()), LONGEST_WAIT)


def _date_of(text: str) -> datetime | None:
    """A date of HTTP; without a zone it is of Greenwich."""
    if not (text.isascii() and len(text) <= LONGEST_DATE):
        return None
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def trust(ca_file: Path | str | None) -> Trust:
    """The usual authorities, and the given ones beside them. OSError or ssl.SSLError where the file is no good."""
    if ca_file is None:
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=ca_file)
    return context


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host's name alone: the rest of an address may be a secret."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _place_of(url: str) -> str:
    """The host with its port, where it has one of its own; never what stands before or behind them."""
    host = host_of(url)
    try:
        port = urlsplit(url).port
    except ValueError:
        return host
    return f"{host}:{port}" if host and port else host


async def request(
    http: aiohttp.ClientSession, method: str, url: str, limits: Limits = DEFAULT_LIMITS, **options: Any
) -> Answer:
    """One request. CallFailed names host and reason, never the URL: webhook secrets and tokens live in URLs.

    It is raised outside of the except clause so that no exception of aiohttp, which names the URL, hangs on it.
    """
    try:
        return await _bounded(http, method, url, limits, options)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if _for_want_of_memory(error):
            raise MemoryError from None
        failure = _named(error, host_of(url) or "an address without a host", limits.timeout)
    raise CallFailed(failure)


def _for_want_of_memory(error: BaseException | None) -> bool:
    """aiohttp takes a MemoryError within it for an answer that is no HTTP, or a lost connection."""
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None


async def _bounded(
    http: aiohttp.ClientSession, method: str, url: str, limits: Limits, options: Mapping[str, Any]
) -> Answer:
    total = _timeout(limits.timeout)
    trusted = limits.trusted
    async with http.request(method, url, timeout=total, allow_redirects=False, ssl=trusted, **options) as response:
        if 300 <= response.status < 400:
            raise CallFailed(failures.redirected(response.status, _place_of(response.headers.get("Location", ""))))
        try:
            body = await _read(response, limits.max_answer)
        except aiohttp.ClientPayloadError:
            bytes(limits.max_answer)  # MemoryError: aiohttp shuts a connection whose bytes it has no room for
            raise
        return Answer(status=response.status, headers=response.headers, body=body)


@cache
def _timeout(span: timedelta) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=span.total_seconds())


async def _read(response: aiohttp.ClientResponse, max_answer: int) -> bytes:
    """Unpacked bytes are counted: a small answer may unpack to a huge one."""
    announced = response.content_length
    if announced is not None and announced <= max_answer and "Content-Encoding" not in response.headers:
        return await response.read()
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(MIB // 4):
        size += len(chunk)
        if size > max_answer:
            response.close()
            raise CallFailed(failures.malformed(f"the answer is larger than {max_answer / MIB:g} MiB"))
        chunks.append(chunk)
    return b"".join(chunks)


def _named(error: Exception, host: str, limit: timedelta) -> Failure:
    if isinstance(error, TimeoutError):
        return Failure(reason=Reason.TIMEOUT, detail=f"{host} did not answer within {limit.total_seconds():g} s")
    if (unproven := _unproven(error)) is not None:
        code, detail = _CERTIFICATES.get(getattr(unproven, "verify_code", 0), _UNKNOWN_AUTHORITY)
        return Failure(reason=Reason.UNREACHABLE, code=code, detail=detail.format(host=host))
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        cut = isinstance(error, aiohttp.ClientPayloadError)
        return failures.malformed(f"the answer of {host} {'was cut off' if cut else 'is no valid HTTP'}")
    if (refused := _refused(error)) is not None:
        return Failure(reason=Reason.REJECTED, code="address_refused", detail=str(refused))
    if isinstance(error, aiohttp.ClientError | OSError):
        return Failure(reason=Reason.UNREACHABLE, detail=f"{host}: {_plainly(error)}")
    return Failure(reason=Reason.REJECTED, detail=f"the address of {host} cannot be asked")


# By OpenSSL's X509_V_ERR_*: what the other side has to mend, and what may be mended here.
_CERTIFICATES = {
    9: ("tls_expired", "the certificate of {host} is not valid yet: look at the clocks of both sides"),
    10: ("tls_expired", "the certificate of {host} has expired: its owner has to renew it"),
    62: ("tls_host", "the certificate shown is not of {host}: look at the address, and at proxies on the way"),
    64: ("tls_host", "the certificate shown is not of {host}: look at the address, and at proxies on the way"),
}
_UNKNOWN_AUTHORITY = ("tls_ca", "the certificate of {host} is not trusted: name its authority in ca_file")


def _unproven(error: Exception) -> ssl.SSLCertVerificationError | None:
    """aiohttp's own error is one too, but the one inside knows why."""
    wrapped = (getattr(error, "certificate_error", None), error.__cause__, error)
    return next((one for one in wrapped if isinstance(one, ssl.SSLCertVerificationError)), None)


def _refused(error: Exception) -> AddressRefused | None:
    """aiohttp wraps it in errors of its own."""
    wrapped = (error, getattr(error, "os_error", None), error.__cause__)
    return next((one for one in wrapped if isinstance(one, AddressRefused)), None)


def _plainly(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return "no TLS connection"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return f"no connection ({os.strerror(number) if number else type(error.os_error).__name__})"
    return f"the connection was lost ({type(error).__name__})"
