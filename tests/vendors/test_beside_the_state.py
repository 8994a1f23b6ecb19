"""What a provider tells beside the state holds while that question alone fails, and its failure is told as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from vendor_parts import Stage, stage

from monitor.check import EXIT_UNKNOWN, Report, failed_rows
from monitor.core.expiries import terms
from monitor.core.incident import IncidentKind
from monitor.core.model import CallFailed, Failure, Reason, State
from monitor.core.plugin import Account
from monitor.shell.store import Store
from monitor.shell.wire import trust
from probes import green_api, umnico, whatsapp_cloud
from tests.faults.tls_server import tls_server

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One question beside the state, and how its vendor makes it say that the channel is ill."""

    type: str
    path: str
    name: str
    ill: Mapping[str, Any]
    state: State
    well: Mapping[str, Any]
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


_PARTNER = {"partner_url": "{url}"}
_WELL = {"stateInstance": "authorized", "isExpired": False, "deleted": False}
_APP = {"app_id": "9"}
GREEN = "1101000001"


def of_green(ill: Mapping[str, Any], state: State) -> Aside:
    return Aside(
        type="green_api",
        path="getInstances",
        name="partner/getInstances",
        ill={"account": GREEN, "set": ill},
        state=state,
        well={"account": GREEN, "set": _WELL},
        settings=_PARTNER,
        secrets={"partner_token": "sandbox-key"},
    )


def of_cloud(path: str, name: str, fact: str, ill: Any, well: Any, state: State, settings: Mapping[str, str]) -> Aside:
    return Aside(
        type="whatsapp_cloud",
        path=path,
        name=name,
        ill={"facts": {fact: ill}},
        state=state,
        well={"facts": {fact: well}},
        settings=settings,
        secrets={"app_secret": "canary-secret"},
    )


LIVING = {"is_valid": True, "expires_at": 0, "data_access_expires_at": 0}
ASIDES = {
    "unpaid": of_green({"isExpired": True}, State.UNPAID),
    "deleted": of_green({"deleted": True}, State.MISCONFIGURED),
    "waba": of_cloud("/2077", "WABA status", "waba", "DISABLED", "ACTIVE", State.BANNED, {"waba_id": "2077"}),
    "token": of_cloud(
        *("debug_token", "debug_token", "token", {**LIVING, "is_valid": False}, LIVING),
        *(State.TOKEN_REVOKED, _APP),
    ),
    "plugin": Aside(
        type="umnico",
        path="plugins",
        name="plugins",
        ill={"facts": {"plugin": 0}},
        state=State.MISCONFIGURED,
        well={"facts": {"plugin": 1}},
    ),
}
FAULTS = [
    ({"kind": "error", "status": 500}, "unreachable", "http_500"),
    ({"kind": "throttle", "retry_after": 0}, "throttled", "http_429"),
    ({"kind": "html"}, "malformed", "http_200"),
    ({"kind": "hang"}, "timeout", ""),
    ({"kind": "error", "status": 403}, "unreachable", "http_403"),  # a firewall's page
]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    await opened.close()


def stage_of(aside: Aside, store: Store | None = None) -> Any:
    return stage(aside.type, store, settings=aside.settings, secrets=aside.secrets)


async def poll(vendor: Stage, times: int = 1) -> None:
    for _ in range(times):
        await vendor.poll()
        vendor.pass_(timedelta(minutes=2))


@pytest.mark.parametrize("aside", ASIDES.values(), ids=ASIDES)
@pytest.mark.parametrize(("fault", "reason", "code"), FAULTS, ids=lambda one: one if isinstance(one, str) else "")
async def test_what_it_said_holds_and_its_failures_are_counted(
    aside: Aside, fault: dict[str, Any], reason: str, code: str
) -> None:
    async with stage_of(aside) as vendor:
        await vendor.control(**aside.ill)
        await poll(vendor, 2)
        assert vendor.state is aside.state
        known = vendor.watch.state.incidents.keys()
        assert known
        await vendor.control(fault={**fault, "path": aside.path})
        reading = await vendor.poll()
        assert reading.failure is None
        assert [(one.reason.value, one.code) for one in reading.failures] == [(reason, code)]
        assert reading.failures[0].detail.startswith(f"{aside.name}: ") or not code
        assert (vendor.state, vendor.watch.state.incidents.keys()) == (aside.state, known)
        assert await vendor.failures() == {reason: 1}
        await vendor.control(fault=None, **aside.well)
        vendor.pass_(timedelta(minutes=2))
        assert (await vendor.poll()).failures == ()
        assert vendor.state is State.CONNECTED


@pytest.mark.parametrize("aside", ASIDES.values(), ids=ASIDES)
async def test_what_it_said_holds_over_a_restart_too(aside: Aside, store: Store) -> None:
    async with stage_of(aside, store) as vendor:
        await vendor.control(**aside.ill)
        await poll(vendor, 2)
        await vendor.control(fault={"kind": "error", "path": aside.path})
        for _ in range(2):
            await vendor.restart()
            await poll(vendor, 3)
            assert vendor.state is aside.state
        assert "sandbox-key" not in repr(vendor.watch.state.accounts)


async def test_check_could_not_tell_where_one_of_the_questions_is_not_answered() -> None:
    async with stage_of(ASIDES["waba"]) as vendor:
        await vendor.control(fault={"kind": "error", "status": 500, "path": "/2077"})
        rows = failed_rows("", "ours (whatsapp_cloud)", await vendor.poll())
        assert [(row.verdict, row.detail) for row in rows] == [
            ("unknown", "unreachable http_500 WABA status: the provider's server failed")
        ]
        assert Report(rows=tuple(rows)).exit_code == EXIT_UNKNOWN


async def test_a_failing_question_is_logged_once_with_its_name_and_then_that_all_is_answered() -> None:
    async with stage_of(ASIDES["waba"]) as vendor:
        await poll(vendor)
        with structlog.testing.capture_logs() as lines:
            await vendor.control(fault={"kind": "error", "status": 500, "path": "/2077"})
            await poll(vendor, 3)
            await vendor.control(fault={"kind": "error", "status": 500})
            await poll(vendor, 2)
            await vendor.control(fault={"kind": "error", "status": 500, "path": "/2077"})
            await poll(vendor, 2)
            await vendor.control(fault=None)
            await poll(vendor, 2)
        told = [(line["event"], line.get("detail")) for line in lines if line["event"].startswith("provider.")]
        assert told == [
            ("provider.failing", "WABA status: the provider's server failed"),
            ("provider.failing", "the provider's server failed"),
            ("provider.recovered", None),
        ]


async def test_a_question_that_is_asked_to_wait_waits_and_the_state_is_read_meanwhile() -> None:
    async with stage_of(ASIDES["unpaid"]) as vendor:
        await poll(vendor)
        asked = (await vendor.control(fault={"kind": "throttle", "retry_after": 600, "path": "getInstances"}))["asked"]
        await poll(vendor, 4)
        assert ((await vendor.control())["asked"], await vendor.failures()) == (asked + 5, {"throttled": 1})
        await vendor.control(account=GREEN, set={"stateInstance": "notAuthorized"})
        await poll(vendor)
        assert vendor.state is State.QR_REQUIRED
        assert vendor.account.ask_again()  # a reload
        await poll(vendor)
        assert await vendor.failures() == {"throttled": 2}


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_term_that_ends_soon_stays_told_while_the_list_cannot_be_read(store: Store, restarted: bool) -> None:
    async with stage_of(ASIDES["unpaid"], store) as vendor:
        ends = vendor.clock.at + timedelta(days=3)
        await vendor.control(account=GREEN, set={"expirationDate": ends.isoformat()})
        await poll(vendor, 2)
        for _ in range(100):  # until somebody would be there to read it
            if any(one.kind is IncidentKind.EXPIRY_SOON for one in vendor.watch.state.incidents.values()):
                break
            vendor.pass_(AN_HOUR)
            await vendor.poll()
        known = vendor.watch.state.incidents
        assert [one.kind for one in known.values()] == [IncidentKind.EXPIRY_SOON]
        await vendor.control(fault={"kind": "error", "path": "getInstances"})
        if restarted:
            await vendor.restart()
        await poll(vendor, 4)
        assert vendor.watch.state.incidents.keys() == known.keys()
        assert [term.at for term in terms(vendor.watch.state, vendor.watch.policy)] == [ends]


@pytest.mark.parametrize("key", ["another-key", ""])
async def test_a_term_that_ends_soon_stays_told_while_the_api_lets_nobody_in(key: str, tmp_path: Path) -> None:
    """A dead key of ours, or a certificate that nobody vouches for: neither says anything of the term."""
    async with stage("wappi") as vendor:
        ends = vendor.clock.at + timedelta(days=3)
        await vendor.control(account=vendor.kind.account, set={"payment_expired_at": ends.isoformat()})
        await poll(vendor)
        assert [term.at for term in terms(vendor.watch.state, vendor.watch.policy)] == [ends]
        if key:
            await vendor.control(key=key)
        else:
            vendor.move(await tls_server(tmp_path, "other"), trust(str(tmp_path / "ca.pem")))
        await poll(vendor, 2)
        assert vendor.state is (State.TOKEN_REVOKED if key else State.MISCONFIGURED)
        assert [term.at for term in terms(vendor.watch.state, vendor.watch.policy)] == [ends]


class Answers:
    """By the end of the path; what is a failure is raised."""

    def __init__(self, **told: Any) -> None:
        self.told = told

    async def __call__(self, path: str, **_: Any) -> tuple[int, Any]:
        answer = next(told for word, told in self.told.items() if word in path)
        if isinstance(answer, Failure):
            raise CallFailed(answer)
        return answer  # type: ignore[no-any-return]


def probed(probe: Any, account: Account, **told: Any) -> Any:
    return probe.PROBE.read(asyncio.run(probe.PROBE.ask(Answers(**told), account)), account, NOW)


def green(instance: str = "1101", memory: Mapping[str, Any] | None = None) -> Account:
    return Account(
        name="ours",
        type="green_api",
        url="https://vendor.example",
        settings={"instance": instance, "product": "max"},
        secrets={"token": "canary", "partner_token": "canary"},
        memory=memory or {},
    )


WELL = (200, {"stateInstance": "authorized"})
EXPIRED = [{"idInstance": 1101, "apiTokenInstance": "canary", "isExpired": True}]
GONE = Failure(reason=Reason.UNREACHABLE)


def test_an_error_of_the_partner_list_inside_a_200_is_a_denial_and_undoes_nothing() -> None:
    first = probed(green_api, green(), getState=WELL, getInstances=(200, EXPIRED))
    assert "canary" not in repr(first)
    told = (200, {"code": 401, "description": "Unauthorized"})
    second = probed(green_api, green(memory=first.remember), getState=WELL, getInstances=told)
    assert [one.state for one in second.findings] == [State.UNPAID]
    assert [(one.reason, one.code) for one in second.failures] == [(Reason.DENIED, "401")]
    assert second.remember == first.remember


def test_what_was_said_of_another_instance_or_by_a_list_that_is_not_asked_any_more_is_nothing() -> None:
    first = probed(green_api, green(), getState=WELL, getInstances=(200, EXPIRED))
    other = probed(green_api, green("2202", first.remember), getState=WELL, getInstances=GONE)
    assert [one.state for one in other.findings] == [State.CONNECTED]
    without = Account(**{**_fields(green(memory=first.remember)), "secrets": {"token": "canary"}})
    reading = probed(green_api, without, getState=WELL)
    assert ([one.state for one in reading.findings], reading.failures) == ([State.CONNECTED], ())
    assert reading.remember == {"beside": []}


def _fields(account: Account) -> dict[str, Any]:
    return {name: getattr(account, name) for name in ("name", "type", "url", "settings", "secrets", "memory")}


def test_the_end_of_a_restriction_is_known_while_the_settings_cannot_be_read() -> None:
    suspended, ends = (200, {"stateInstance": "suspended"}), datetime(2026, 11, 5, tzinfo=UTC)
    told = {"getState": suspended, "getInstances": (200, [])}
    first = probed(green_api, green(), getAccountSettings=(200, {"suspendedUntil": "2026-11-05T00:00:00Z"}), **told)
    second = probed(green_api, green(memory=first.remember), getAccountSettings=GONE, **told)
    for reading in (first, second):
        assert [(one.state, one.ends) for one in reading.findings] == [(State.RESTRICTED, ends)]
    assert [one.detail for one in second.failures] == ["getAccountSettings"]


@pytest.mark.parametrize(
    ("row", "raw"),
    [
        (
            {"isExpired": True, "expirationDate": "2026-10-01T00:00:00Z"},
            "isExpired=true, expirationDate=2026-10-01T00:00:00+00:00",
        ),
        (
            {"isExpired": True, "isPartner": True, "expirationDate": "2026-10-01T00:00:00Z"},
            "isExpired=true, expirationDate=2026-10-01T00:00:00+00:00",
        ),
        ({"isExpired": True}, "isExpired=true"),
        (
            {"deleted": True, "isExpired": True, "expirationDate": "2026-10-01T00:00:00Z"},
            "deleted=true, expirationDate=2026-10-01T00:00:00+00:00",
        ),
        (
            {"deleted": True, "timeDeleted": "2026-10-02T00:00:00Z"},
            "deleted=true, timeDeleted=2026-10-02T00:00:00+00:00",
        ),
    ],
)
def test_the_word_of_green_api_is_the_fact_that_decides(row: dict[str, Any], raw: str) -> None:
    reading = probed(green_api, green(), getState=WELL, getInstances=(200, [{"idInstance": 1101, **row}]))
    assert [one.raw for one in reading.findings] == [raw]


@pytest.mark.parametrize("date", [12, "12", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", True, [], "soon"])
def test_what_is_no_plausible_date_is_no_expiry(date: Any) -> None:
    rows = [{"idInstance": 1101, "expirationDate": date}]
    (found,) = probed(green_api, green(), getState=WELL, getInstances=(200, rows)).findings
    assert (found.state, found.reason, found.valid_until) == (State.CONNECTED, "", None)


def test_a_new_token_is_not_judged_by_what_was_said_of_the_old_one() -> None:
    settings = {"phone_number_id": "1055", "app_id": "9"}
    number = (200, {"status": "CONNECTED"})

    def cloud(token: str, memory: Mapping[str, Any]) -> Account:
        secrets = {"token": token, "app_secret": "canary"}
        return Account(
            name="ours",
            type="whatsapp_cloud",
            url="https://v.example",
            settings=settings,
            secrets=secrets,
            memory=memory,
        )

    told = {"1055": number, "debug_token": (200, {"data": {"is_valid": False}})}
    first = probed(whatsapp_cloud, cloud("old-canary", {}), **told)
    assert "canary" not in repr(first)
    told["debug_token"] = (400, {"error": {"code": 190}})
    for token, state in (("old-canary", State.TOKEN_REVOKED), ("new-canary", State.CONNECTED)):
        reading = probed(whatsapp_cloud, cloud(token, first.remember), **told)
        assert [one.state for one in reading.findings] == [state]
        assert [(one.reason, one.code) for one in reading.failures] == [(Reason.DENIED, "190")]


@pytest.mark.parametrize("answer", [(401, {}), (403, {"error": "plan"}), (404, None)])
def test_an_umnico_account_that_may_not_ask_for_its_plugins_fails_in_nothing(answer: tuple[int, Any]) -> None:
    """Nobody has set that question up. One that was answered before is another matter."""
    rows = (200, [{"id": 1, "type": "whatsapp", "status": "active"}])
    ours = Account(name="ours", type="umnico", url="https://v.example", secrets={"token": "canary"}, accounts=("1",))
    reading = probed(umnico, ours, integrations=rows, plugins=answer)
    assert ([one.state for one in reading.findings], reading.failures) == ([State.CONNECTED], ())
    known = {"beside": [["plugins", "", {}]]}
    ours = Account(**{**_fields(ours), "accounts": ("1",), "memory": known})
    assert len(probed(umnico, ours, integrations=rows, plugins=answer).failures) == 1


@pytest.mark.parametrize(
    "memory", [{"beside": 5}, {"beside": [5, ["partner/getInstances", "1101"], {}]}, {"beside": {}}]
)
def test_a_damaged_memory_is_none(memory: dict[str, Any]) -> None:
    reading = probed(green_api, green(memory=memory), getState=WELL, getInstances=GONE)
    assert [one.state for one in reading.findings] == [State.CONNECTED]
