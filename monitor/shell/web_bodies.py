"""What strangers send us, read in one place: whatever they make of it is `Unreadable`, never a trace."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_MULTIPART = "multipart/"


def _is_ours(record: logging.LogRecord) -> bool:
    """Not a stranger's bytes that are no HTTP: aiohttp answers them with 400, and would log a trace of each."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_log = logging.getLogger("monitor.http")
_log.addFilter(_is_ours)
# For every server of ours. Unpacked by aiohttp, a body that is no gzip would be an error before anybody is asked.
HANDLING: dict[str, Any] = {"auto_decompress": False, "logger": _log}


class Unreadable(ValueError):
    """Its text is one sentence for who sent the request."""


async def json_of(request: web.Request) -> Any:
    """JSON is UTF-8 (RFC 8259): the charset that a stranger names is not asked."""
    try:
        return msgspec.json.decode(await _bytes(request))
    except (ValueError, RecursionError):
        raise Unreadable("expected JSON") from None


async def form_of(request: web.Request) -> Mapping[str, object]:
    """A form as browsers and Bitrix24 send it, empty where the body is none. No form of ours uploads files, so their
    format is not parsed at all."""
    if request.content_type.startswith(_MULTIPART):
        raise Unreadable("expected a form as application/x-www-form-urlencoded")
    try:
        await _bytes(request)  # post() would read it, too, but does not name what is wrong with it
        return await request.post()
    except (LookupError, ValueError, RecursionError):
        raise Unreadable("expected a form as application/x-www-form-urlencoded") from None


async def _bytes(request: web.Request) -> bytes:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Unreadable("expected a body that is not compressed")
    try:
        return await request.read()
    except web.RequestPayloadError:
        raise Unreadable("the body is not what its headers say") from None
