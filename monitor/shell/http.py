"""The daemon's one HTTP session, and one bounded request: no redirect followed, no answer too large, no URL leaked."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from monitor import __version__
from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import failures

MAX_ANSWER = 32 * 1024 * 1024
_DECODER = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body, or CallFailed: malformed on 2xx, else what the status says."""
        try:
            return _DECODER.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            kind = "HTML" if self.body.lstrip()[:1] == b"<" else "no valid JSON"
            detail = f"the answer is {kind} ({len(self.body)} bytes)"
            raise CallFailed(failures.by_status(self.status, detail, retry_after(self.headers))) from None


def session(*, connections: int = 200, ca_file: str | None = None) -> aiohttp.ClientSession:
    """One session for all portals and providers: kept connections save a TLS handshake a poll (floors.md)."""
    trusted = ssl.create_default_context(cafile=ca_file) if ca_file else True
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=90, ttl_dns_cache=300, ssl=trusted)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"messenger-monitor/{__version__}"},
        auto_decompress=True,
    )


async def request(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    timeout: timedelta,  # noqa: ASYNC109 - the vendor's limit, applied by aiohttp
    max_answer: int = MAX_ANSWER,
    trusted: ssl.SSLContext | bool = True,
    **options: Any,
) -> Answer:
    """One request. CallFailed names host and reason, never the URL: webhook secrets and tokens live in URLs."""
    host = urlsplit(url).hostname or "?"
    limits = aiohttp.ClientTimeout(total=timeout.total_seconds())
    try:
        async with http.request(method, url, timeout=limits, allow_redirects=False, ssl=trusted, **options) as response:
            if 300 <= response.status < 400:
                target = urlsplit(response.headers.get("Location", "")).hostname or ""
                raise CallFailed(failures.redirected(response.status, target))
            body = await _read(response, max_answer)
            return Answer(status=response.status, headers=dict(response.headers), body=body)
    except TimeoutError:
        detail = f"{host} did not answer within {timeout.total_seconds():g} s"
        raise CallFailed(Failure(reason=Reason.TIMEOUT, detail=detail)) from None
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError):
        detail = f"the certificate of {host} is not trusted"
        raise CallFailed(Failure(reason=Reason.UNREACHABLE, code="tls_ca", detail=detail)) from None
    except (aiohttp.ClientPayloadError, aiohttp.http_exceptions.HttpProcessingError):
        raise CallFailed(failures.malformed(f"the answer of {host} was cut off")) from None
    except (aiohttp.ClientError, OSError) as error:
        detail = f"{host}: {type(error).__name__}"
        raise CallFailed(Failure(reason=Reason.UNREACHABLE, detail=detail)) from None
    except ValueError:
        raise CallFailed(failures.malformed(f"the answer of {host} is no valid HTTP")) from None


async def _read(response: aiohttp.ClientResponse, max_answer: int) -> bytes:
    """Decompressed bytes are counted: a small answer may unpack to a huge one."""
    chunks, size = [], 0
    async for chunk in response.content.iter_chunked(256 * 1024):
        size += len(chunk)
        if size > max_answer:
            response.close()
            raise CallFailed(failures.malformed(f"the answer is larger than {max_answer // 1_048_576} MiB"))
        chunks.append(chunk)
    return b"".join(chunks)


def retry_after(headers: Mapping[str, str]) -> datetime | None:
    """Retry-After in seconds (real time); the date form is rare and not worth its bugs."""
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), "")
    return datetime.now(UTC) + timedelta(seconds=min(int(value), 86400)) if value.isdigit() else None


class ProviderHttp:
    """A provider account's `Get`: paths relative to its address, failures translated, secrets kept out of words."""

    def __init__(
        self,
        url: str,
        *,
        http: aiohttp.ClientSession,
        timeout: timedelta,
        trusted: ssl.SSLContext | bool = True,
    ) -> None:
        self._url, self._http, self._timeout, self._trusted = url.rstrip("/"), http, timeout, trusted

    async def __call__(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        secret_path: bool = False,  # noqa: ARG002 - no path is ever logged here
        post: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        url = path if path.startswith(("http://", "https://")) else f"{self._url}/{path.lstrip('/')}"
        method = "GET" if post is None else "POST"
        answer = await request(
            self._http,
            method,
            url,
            timeout=self._timeout,
            trusted=self._trusted,
            max_answer=8 * 1024 * 1024,
            headers=headers,
            params=params,
            json=post,
        )
        if answer.status == 429:
            raise CallFailed(failures.by_status(429, "too many requests", _hint(answer)))
        if answer.status >= 500:
            raise CallFailed(failures.by_status(answer.status, "the provider's server failed"))
        return answer.status, _lenient(answer)


def _lenient(answer: Answer) -> Any:
    """An empty or foreign body is worth nothing, but its 4xx status is."""
    if 200 <= answer.status < 300:
        return answer.json()
    try:
        return _DECODER.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _hint(answer: Answer) -> datetime | None:
    body = _lenient(answer)
    parameters = body.get("parameters") if isinstance(body, dict) else None
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(seconds, int) and 0 < seconds <= 86400:
        return datetime.now(UTC) + timedelta(seconds=seconds)
    return retry_after(answer.headers)
