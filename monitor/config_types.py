"""The words a configuration is written in: durations, addresses, names, moments; each says what it expected and got."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from monitor.secret import Secret

FIRST_YEAR, LAST_YEAR = 2000, 2100
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"\A(?:[0-9]++[smhd])++")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"[a-zA-Z0-9_](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9_])?")
_NO_ZONES = ("localtime", "posixrules", "Factory")  # files beside the zones: the machine's own, or nobody's


def unexpected(wanted: str, got: object, remedy: str = "", at: str = "") -> PydanticCustomError:
    """What every check raises. `at` names a key below the one that is checked."""
    text = f"expected {wanted}, got {shown(got)}" + (f": {remedy}" if remedy else "")
    return PydanticCustomError("unexpected", "{text}", {"text": text, "at": at})


def shown(value: object) -> str:
    """A value as an error shows it: short, on one line, never a secret."""
    if isinstance(value, Secret):
        return "a secret"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = " ".join(str(value).replace("\n", r"\n").split())
    return (text if len(text) <= 60 else text[:57] + "...") or "an empty text"


def duration(least: str, most: str) -> BeforeValidator:
    """`30s 5m 2h 1d` or several of them in a row, within the bounds."""

    def check(value: Any) -> timedelta:
        if not isinstance(value, str) or not _DURATION.fullmatch(value) or len(value) > 20:
            raise unexpected("a duration such as 30s, 5m, 2h or 1d", value)
        span = seconds(value)
        if not seconds(least) <= span <= seconds(most):
            raise unexpected(f"a duration from {least} to {most}", value)
        return timedelta(seconds=span)

    return BeforeValidator(check)


def seconds(text: str) -> int:
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([smhd])", text))


def checked(test: Callable[[str], bool], wanted: str, remedy: str = "") -> BeforeValidator:
    """A text that passes `test`."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not test(value):
            raise unexpected(wanted, value, remedy)
        return value

    return BeforeValidator(check)


def is_zone(name: str) -> bool:
    try:
        return name not in _NO_ZONES and bool(zoneinfo.ZoneInfo(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _address(value: Any) -> str:
    """An http(s) address without a query and without a slash at its end."""
    parts = split(value)
    if parts is None or parts.scheme not in ("http", "https") or not host_of(parts):
        raise unexpected("an address such as https://acme.bitrix24.ru", safe_address(value))
    if "/rest/" in parts.path + "/":
        raise unexpected("the portal's address alone", safe_address(value), "a webhook goes into auth.webhook_url_file")
    if parts.query or parts.fragment:
        raise unexpected("an address without ? and #", safe_address(value))
    return str(value).rstrip("/")


def _own_address(value: Any) -> str:
    """An address in which {name} stands for the process's own name."""
    text = value if isinstance(value, str) else ""
    _without_password(_address(text.replace("{name}", "name") if text else value))
    return text.rstrip("/")


def _without_password(value: str) -> str:
    if "@" in urlsplit(value).netloc:
        raise unexpected("an address without a user and a password", safe_address(value))
    return value


def split(value: Any) -> SplitResult | None:
    try:
        parts = urlsplit(value) if isinstance(value, str) and value.isprintable() and " " not in value else None
        return parts if parts is None or parts.port is None or parts.port >= 0 else None
    except ValueError:
        return None


def host_of(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return host if _HOST.fullmatch(host) or is_address(host) else ""


def is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def safe_address(value: Any) -> str:
    """Scheme and host alone: paths and users may be secrets."""
    parts = split(value)
    if parts is None or not parts.scheme or not parts.hostname:
        return shown(value) if not isinstance(value, str) or "/" not in value else "something else"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return shown(f"{parts.scheme}://{host}" + ("/..." if parts.path.strip("/") or parts.query else ""))


def is_loopback(host: str) -> bool:
    """localhost and the addresses of this machine alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return is_address(host) and ipaddress.ip_address(host).is_loopback


def _listen(value: Any) -> str:
    if listened_at(value) is None:
        raise unexpected("HOST:PORT such as 127.0.0.1:9460", value)
    return str(value)


def listened_at(value: object) -> SplitResult | None:
    """The parts of HOST:PORT; None if it is no such thing."""
    parts = split(f"//{value}") if isinstance(value, str) else None
    if parts is None or parts.netloc != value or parts.username is not None or _port(parts) is None:
        return None
    return parts


def _port(parts: SplitResult) -> int | None:
    """Zero lets the system choose."""
    return parts.port if parts.port is not None and (parts.hostname is None or host_of(parts)) else None


def _day(value: Any) -> date:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise unexpected("a date such as 2026-12-31", value) from None
    if not is_reckoned_with(day):
        raise unexpected(f"a date from {FIRST_YEAR} to {LAST_YEAR}", value)
    return day


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise unexpected("a moment such as 2026-12-30T22:00", value) from None
    if not is_reckoned_with(moment):
        raise unexpected(f"a moment from {FIRST_YEAR} to {LAST_YEAR}", value)
    return moment


def is_reckoned_with(day: date) -> bool:
    """At the ends of the calendar there is no year after, and no hour of another time zone."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def _file(value: Any) -> Path:
    if not isinstance(value, str) or not value:
        raise unexpected("the path of a file", value)
    return Path(value)


Slug = Annotated[
    str,
    checked(
        lambda text: bool(_SLUG.fullmatch(text)), "a short name of a-z, 0-9, - and _", "it becomes a label of metrics"
    ),
]
Text = Annotated[
    str, checked(lambda text: bool(text.strip()) and len(text) <= 200 and text.isprintable(), "a text of one line")
]
Account = Annotated[Text, BeforeValidator(lambda value: str(value) if type(value) is int else value)]  # often a number
Zone = Annotated[str, checked(is_zone, "a time zone such as Europe/Moscow")]
AddressWithPassword = Annotated[str, BeforeValidator(_address)]
Address = Annotated[AddressWithPassword, AfterValidator(_without_password)]
OwnAddress = Annotated[str, BeforeValidator(_own_address)]
HostPort = Annotated[str, BeforeValidator(_listen)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
File = Annotated[Path, BeforeValidator(_file)]
