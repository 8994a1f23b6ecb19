"""What may become of a portal as a whole: its name, its plan, its rights, its OAuth server, its clock, its past."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from fault_list import AUTH, PAGE, Act, Fault, Mode, authorised_again, hang, http, refuse_at_once, says
from process_faults import portal_is_ahead
from stage import TELEGRAM, Gate, Stage

from monitor.core.model import ChannelKey
from monitor.sandbox.faults import Fault as SandboxFault

OPENLINES = ("imconnector.status", "imopenlines.config.list.get", "imopenlines.session.history.get")
OAUTH_ERRORS = (
    (400, "invalid_request"),
    (403, "invalid_scope"),
    (403, "insufficient_scope"),
    (401, "NOT_INSTALLED"),
    (401, "NO_AUTH_FOUND"),
)
OAUTH_WIRE: tuple[tuple[str, Mode, str], ...] = (
    ("resets the connection", refuse_at_once, "failure unreachable"),
    ("hangs", hang, "failure timeout"),
    ("answers with a page", says(http("200 OK", PAGE, "Content-Type: text/html")), "failure malformed"),
    ("answers 503", says(http("503 Service Unavailable", PAGE)), "failure unreachable"),
)
NEW_GATES: dict[Path, Gate] = {}


async def healed(one: Stage) -> None:
    one.sandbox.heal()


def says_of_all(*kinds: tuple[str, str | None]) -> Act:
    async def begin(one: Stage) -> None:
        for kind, method in kinds:
            one.sandbox.inject(SandboxFault(kind=kind, method=method))
        one.watch.ask_again()  # also what is asked once an hour only

    return begin


async def renamed(one: Stage) -> None:
    """The old address redirects, and whoever renews his tokens is told the new one."""
    gate = NEW_GATES[one.folder] = Gate(one.gate.target)
    await gate.listen()
    address = f"http://localhost:{gate.port}"
    one.sandbox.oauth.endpoint = f"{address}/rest/"
    await one.gate.become(says(http("302 Found", "", f"Location: {address}/rest/batch")))


async def an_hour_later(one: Stage) -> None:
    """By then the access token has expired, though nobody says so."""
    one.clock.at += timedelta(hours=1)


def oauth_becomes(mode: Mode) -> Act:
    async def begin(one: Stage) -> None:
        one.sandbox.oauth.expire_all()
        await one.oauth_gate.become(mode)

    return begin


async def oauth_clear(one: Stage) -> None:
    await one.oauth_gate.become(None)


def oauth_refuses(status: int, code: str) -> Act:
    return oauth_becomes(says(http(f"{status} X", f'{{"error":"{code}"}}', "Content-Type: application/json")))


async def other_client(one: Stage) -> None:
    """The application was made anew: its id is another one, and the server says so with 200."""
    one.sandbox.oauth.expire_all()
    KEPT_IDS[one.folder] = one.sandbox.oauth.client_id
    one.sandbox.oauth.client_id = "local.another"


async def same_client(one: Stage) -> None:
    one.sandbox.oauth.client_id = KEPT_IDS.pop(one.folder)
    await authorised_again(one)


KEPT_IDS: dict[Path, str] = {}


@dataclass
class Backup:
    """All that a portal knows of its dialogs, and the numbers it gave last."""

    names: tuple[str, ...] = ("dialogs", "chats", "customers", "moves", "_last")
    kept: dict[str, Any] = field(default_factory=dict)

    def make(self, one: Stage) -> Backup:
        together = {name: getattr(one.sandbox.world, name) for name in self.names}
        self.kept = copy.deepcopy(together)
        return self

    def restore(self, one: Stage) -> None:
        for name, value in self.kept.items():
            setattr(one.sandbox.world, name, value)


def restored_after(lived: Callable[[Stage], Awaitable[None]]) -> Act:
    """What is lived after the backup is gone; the numbers it had are given again to what comes."""

    async def begin(one: Stage) -> None:
        backup = Backup().make(one)
        await lived(one)
        backup.restore(one)
        await an_hour_later(one)

    return begin


TOLD_TWICE = f"messages of {ChannelKey(1, TELEGRAM)}"


async def answered_and_gone(one: Stage) -> None:
    one.customer("X")
    await one.minute()
    one.answer("X")
    await one.minute()


async def unanswered_and_gone(one: Stage) -> None:
    one.customer("X")
    await one.minute()


def denied(name: str, kind: str, seen: str) -> Fault:
    return Fault(
        area="Bitrix24",
        name=name,
        begin=says_of_all((kind, None)),
        end=healed,
        seen=("incident portal_auth_failed", seen),
        within=8,
    )


def portal_faults() -> list[Fault]:
    return [
        denied("the plan has no REST any more", "ACCESS_DENIED", "REST is available only on commercial plans"),
        denied("the employee on whose behalf it works is dismissed", "authorization_error", "Unable to authorize user"),
        denied("the portal is deleted", "PORTAL_DELETED", "Portal was deleted"),
        denied("every new token has expired as it comes", "expired_token", "failure denied expired_token"),
        Fault(
            area="Bitrix24",
            name="the scope of open lines is taken away",
            begin=says_of_all(*[("insufficient_scope", method) for method in OPENLINES]),
            end=healed,
            seen=("failure denied insufficient_scope",),
        ),
        Fault(
            area="Bitrix24",
            name="the scope of CRM is taken away",
            begin=says_of_all(("insufficient_scope", "crm.activity.list")),
            end=healed,
            seen=("failure denied insufficient_scope",),
        ),
        Fault(
            area="Bitrix24",
            name="the portal is renamed: its old address redirects until tokens are renewed",
            begin=renamed,
            end=an_hour_later,
            seen=("redirect to localhost:[0-9]+: set the new address", "log: portal.moved"),
        ),
        *[
            Fault(
                area="Bitrix24",
                name=f"the OAuth server {name} while tokens are renewed",
                begin=oauth_becomes(mode),
                end=oauth_clear,
                seen=(seen,),
            )
            for name, mode, seen in OAUTH_WIRE
        ],
        *[
            Fault(
                area="Bitrix24",
                name=f"the OAuth server refuses: {status} {code}",
                begin=oauth_refuses(status, code),
                end=oauth_clear,
                seen=(f"denied refresh_refused:{code}",),
                within=8,
            )
            for status, code in OAUTH_ERRORS
        ],
        Fault(
            area="Bitrix24",
            name="the OAuth server knows no such application: 200 wrong_client",
            begin=other_client,
            end=same_client,
            seen=("refresh_refused:wrong_client",),
            hand=f"the new client_id into the configuration, then {AUTH}",
            within=8,
        ),
        *clock_of_the_portal(),
        *[
            Fault(
                area="Bitrix24",
                name=f"the portal is restored from a backup of an hour ago, ids go back over {what}",
                begin=restored_after(lived),
                seen=("log: replies.ids_went_back session=7003: the portal gives numbers a second time",),
                allows=(*(f"event (1703, 90006, '{one}')" for one in events), TOLD_TWICE),
                because="two dialogs have borne these numbers, each with its message",
            )
            for what, lived, events in (
                ("an answered dialog", answered_and_gone, ("turn_open", "answered")),
                ("a waiting dialog", unanswered_and_gone, ("turn_open",)),
            )
        ],
    ]


def clock_of_the_portal() -> list[Fault]:
    two, hour = timedelta(minutes=2), timedelta(hours=1)
    return [
        Fault(
            area="clock",
            name="the portal's clock is two minutes behind for a while",
            begin=portal_is_ahead(-two),
            end=portal_is_ahead(two),
        ),
        Fault(
            area="clock",
            name="the portal's clock is an hour ahead for a while",
            begin=portal_is_ahead(hour),
            end=portal_is_ahead(-hour),
        ),
    ]
