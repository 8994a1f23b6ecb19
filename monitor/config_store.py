"""Where the file may put the store: an address that can be opened, and the passwords that one may hold."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import unquote_plus

from pydantic import BeforeValidator

from monitor.config_types import safe_address, shown, split, unexpected

SQLITE = "sqlite:///"
_SERVERS = ("postgresql://", "postgresql+psycopg://")
_WANTED = f"{SQLITE}PATH or postgresql://USER@HOST/DATABASE"
_USERS_PASSWORD = re.compile(r"\A[^/?#]*+//[^/?#@:]*+:([^/?#]*)@")
_USER = re.compile(r"//[^/?#]*@")
_SAID_PASSWORD = re.compile(r"[?&](?:password|sslpassword)=([^&#]*)")


def passwords_in(url: str) -> tuple[str, ...]:
    """Each as it is written and, where that differs, as it is meant; also in an address that is none."""
    user = _USERS_PASSWORD.match(url)
    found = [*([user[1]] if user else []), *_SAID_PASSWORD.findall(url)]
    return tuple(dict.fromkeys(word for one in found for word in (one, unquote_plus(one)) if word))


def _store(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value.startswith((SQLITE, *_SERVERS)):
        raise unexpected(_WANTED, _safe(value))
    if value.startswith(SQLITE):
        return _file(value)
    from sqlalchemy.engine import make_url  # half a second of every command where it is not needed
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(value)
    except (ArgumentError, ValueError):
        raise unexpected("postgresql://USER@HOST/DATABASE", _safe(value)) from None
    if split(_USER.sub("//", value)) is None:  # a password may have any character
        raise unexpected("postgresql://USER@HOST/DATABASE", _safe(value))
    return value


def _file(value: str) -> str:
    path, asks, _ = value.removeprefix(SQLITE).partition("?")
    if asks:
        raise unexpected(f"{SQLITE}PATH without ?", value, "the daemon opens its file as it needs it")
    if not path or path.endswith("/") or path == ":memory:":  # what is kept outlives the process
        raise unexpected(f"{SQLITE}PATH with the path of a file", value)
    return value


def _safe(value: object) -> str:
    """Without what may be a password."""
    return safe_address(value) if isinstance(value, str) and re.search("[@?]", value) else shown(value)


StoreUrl = Annotated[str, BeforeValidator(_store)]
