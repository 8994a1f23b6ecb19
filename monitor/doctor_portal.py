"""The doctor's look at a portal through its own credentials: tokens, scopes, licence, and the portal's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from monitor.building import build_client
from monitor.config import PortalConfig
from monitor.core.model import Failure, Reason
from monitor.doctor_lines import Line, unknown, well, wrong
from monitor.remedies import remedy_of, scopes_remedy
from monitor.shell.clock import Clock
from monitor.shell.credentials import OAuthKeys
from monitor.shell.vault import Vault
from probes._asking import gather, total_failure
from probes.portal_health import missing

SKEW = timedelta(seconds=60)


async def portal_lines(wish: PortalConfig, vault: Vault, http: aiohttp.ClientSession, clock: Clock) -> tuple[Line, ...]:
    """Asks `server.time`, `scope` and `app.info` in one request."""
    client = build_client(wish, http, vault, clock)
    time, scopes, application = await gather(client, (("server.time", None), ("scope", None), ("app.info", None)))
    failure = total_failure((time, scopes, application))
    if failure is not None:
        return (refused(wish, failure),)
    return tuple(_read(wish, time, scopes, application, clock.real_now()))


def refused(wish: PortalConfig, failure: Failure) -> Line:
    about, told = f"portal {wish.name}", (failure.reason.value, failure.code, failure.detail)
    said = " ".join(filter(None, told))
    webhook = not isinstance(wish.credentials, OAuthKeys)
    if failure.reason is Reason.DENIED and not webhook:
        said = " ".join((failure.reason.value, failure.code))  # its detail is the remedy
    return wrong(about, said, remedy_of(failure, wish.name, webhook=webhook))


def _read(wish: PortalConfig, time: Any, scopes: Any, application: Any, now: datetime) -> Iterator[Line]:
    about = f"portal {wish.name}"
    yield well(f"{about} tokens", "the portal lets us in")
    granted = frozenset(str(one).lower() for one in scopes) if isinstance(scopes, list) else frozenset()
    lacking = sorted(missing(granted))
    if lacking:
        remedy = scopes_remedy(wish.name, webhook=not isinstance(wish.credentials, OAuthKeys))
        yield wrong(f"{about} scopes", f"missing: {', '.join(lacking)}", remedy)
    else:
        yield well(f"{about} scopes", f"all that are needed, of {len(granted)} granted")
    yield from _receivers(wish, granted)
    yield _clock(about, time, now)
    if isinstance(application, dict) and application.get("PAYMENT_EXPIRED") == "Y":
        yield wrong(f"{about} licence", "the application's payment has ended", "pay for it in the portal")


def _receivers(wish: PortalConfig, granted: frozenset[str]) -> Iterator[Line]:
    """What people inside the portal are told needs scopes that watching does not."""
    inside = [one for one in wish.policy.receivers if one.type == "bitrix24"]
    for one in inside:
        scope = "task" if one.settings.get("as") == "task" else "im"
        about = f"portal {wish.name} receiver {one.name}"
        if scope in granted or (scope == "task" and "tasks" in granted):
            yield well(about, f"the scope {scope} is granted")
        else:
            yield wrong(about, f"missing scope: {scope}", "tick it where the other scopes are, then authorise again")


def _clock(about: str, time: Any, now: datetime) -> Line:
    try:
        told = datetime.fromisoformat(time)
        skew = told - now
    except (TypeError, ValueError):
        return unknown(
            f"{about} clock", "server.time is no date", "report this with `messenger-monitor support-bundle`"
        )
    if abs(skew) > SKEW:
        return wrong(
            f"{about} clock",
            f"server.time differs from ours by {skew.total_seconds():+.0f} s",
            "synchronise the clock that is wrong; reply times are measured by the portal's",
        )
    return well(f"{about} clock", "as ours")
