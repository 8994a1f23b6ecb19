"""What is too old goes in small steps; what is still needed stays; an erased customer leaves no trace."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ops_parts import command, config_file, eventually, portal_of, running_daemon

from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.memory import Diagnosis, Flip, Judgement, PortalMemory, PortalState, SessionMemory
from monitor.core.model import Certainty, Session, State
from monitor.core.receivers import Notice
from monitor.core.turn import Turn, TurnEvent, Verdict
from monitor.pruning import Pruning
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.presets import furnished
from monitor.sandbox.server import Sandbox
from monitor.shell.clock import Clock
from monitor.shell.outbox import Outbox
from monitor.shell.retention import Retention
from monitor.shell.store import Store, StoreError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OLD = NOW - timedelta(days=401)
EMPTY = PortalState(portal="acme")


def turn(message: int, at: datetime, verdict: Verdict = Verdict.MET, chat: int = 1777) -> Turn:
    return Turn(
        chat=chat,
        message=message,
        session=chat - 1000,
        line=1,
        connector="wz",
        kind="first",
        opened=at,
        working_from=at,
        target=timedelta(minutes=15),
        deadline=at + timedelta(minutes=15),
        verdict=verdict,
    )


def incident(number: str, subject: str, closed: datetime | None, evidence: tuple[str, ...] = ()) -> Incident:
    return Incident(
        id=number,
        kind=IncidentKind.SLOW_REPLY,
        subject=subject,
        severity=Severity.WARNING,
        audience=Audience.HEAD,
        guaranteed=False,
        labels=(),
        opened=OLD,
        starts_at=OLD,
        updated=OLD,
        closed=closed,
        evidence=evidence,
        words={"ru": Words(summary="с", description="о", recommendation="р")},
    )


def flip(at: datetime) -> Flip:
    diagnosis = Diagnosis(state=State.CONNECTED, certainty=Certainty.CERTAIN, cause="x")
    return Flip(line=1, connector="wz", at=at, before=None, after=State.CONNECTED, diagnosis=diagnosis)


def event(message: int, at: datetime, chat: int = 1777) -> TurnEvent:
    return TurnEvent(chat=chat, message=message, at=at, what="turn_open", messages=(message,))


class Frozen(Clock):
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


async def test_what_is_over_for_long_goes_and_what_waits_or_is_the_last_word_stays(url: str) -> None:
    store = await Store.open(url)
    old, new, waiting = turn(1, OLD), turn(2, NOW), turn(3, OLD, Verdict.OPEN, chat=1888)
    state = replace(EMPTY, memory=PortalMemory(last_success=NOW), turns={one.key: one for one in (old, new, waiting)})
    judgement = Judgement(
        state=state,
        flips=(flip(OLD - timedelta(days=1)), flip(OLD)),
        turn_events=(event(1, OLD), event(2, NOW), event(3, OLD, chat=1888)),
        opened=(incident("open", "1/wz", None), incident("old", "2/wz", OLD), incident("new", "3/wz", NOW)),
    )
    await store.commit("acme", EMPTY, judgement)
    pruning = Pruning(store=store, clock=Frozen())
    pruning.adopt(Retention())
    assert await pruning.prune() == {"turns": 1, "turn_events": 1, "flips": 1, "incidents": 1}
    assert await store.turns("acme") == (waiting, new)
    assert len(await store.turn_events("acme", 1777)) == len(await store.turn_events("acme", 1888)) == 1
    assert [one.at for one in await store.flips("acme")] == [OLD]
    assert {one.id for _, one in await store.incidents("acme")} == {"open", "new"}
    assert await pruning.prune() == {}
    await store.close()


async def test_much_that_is_old_goes_in_steps_between_which_a_poll_is_kept(url: str) -> None:
    store = await Store.open(url)
    rows = tuple(event(number, OLD) for number in range(1, 2101))
    await store.commit("acme", EMPTY, Judgement(state=replace(EMPTY, memory=PortalMemory(good=1)), turn_events=rows))
    pruning = Pruning(store=store, clock=Frozen())
    assert await pruning.prune() == {"turn_events": 2100}
    await store.close()


async def filled(url: str) -> None:
    """Two customers: 844 in chat 1777, 855 in chat 17770."""
    store = await Store.open(url)
    sessions = {
        number: SessionMemory(
            session=Session(id=number, chat=chat, line=1, connector="wz", customer=customer, created=NOW, updated=NOW)
        )
        for number, chat, customer in ((777, 1777, 844), (16770, 17770, 855))
    }
    turns = {one.key: one for one in (turn(1, NOW, Verdict.OPEN), turn(2, NOW, Verdict.OPEN, chat=17770))}
    both = (
        "https://acme.bitrix24.ru/online/?IM_DIALOG=chat1777",
        "https://acme.bitrix24.ru/online/?IM_DIALOG=chat17770",
    )
    state = replace(EMPTY, memory=PortalMemory(last_success=NOW), sessions=sessions, turns=turns)
    opened = (incident("one", "1777/1", None), incident("two", "17770/2", None), incident("many", "7", None, both))
    events = (event(1, NOW), event(2, NOW, chat=17770))
    notices = tuple(notice(number, "\n".join(both)) for number in ("one", "two", "many"))
    await store.commit("acme", EMPTY, Judgement(state=state, opened=opened, turn_events=events, notices=notices))
    alert = {"labels": [["portal", "acme"]], "annotations": [["evidence", both[1]]]}
    told = {"labels": [["portal", "acme"]], "annotations": [["evidence", "\n".join(both)]]}
    await store.mark_posted({"f1": json.dumps(told), "f2": json.dumps(alert)})
    await store.close()


def notice(number: str, text: str) -> Notice:
    """The first is about the one customer, the second about the other one; all name both."""
    return Notice(receiver="head", key=f"{number}/opened", due=NOW, urgent=True, subject="acme", text=text)


def config_of(folder: Path, sandbox: Sandbox) -> str:
    return str(config_file(folder, portal_of(folder, sandbox)))


@pytest.mark.parametrize("whose", [("--dialog", "1777"), ("--customer", "844"), ("--phone", "+79990000001")])
async def test_an_erased_customer_leaves_no_trace_and_the_other_one_stays(
    url: str, tmp_path: Path, whose: tuple[str, str]
) -> None:
    await filled(url)
    async with Sandbox() as sandbox:
        table = sandbox.methods.table
        more = {
            "crm.duplicate.findbycomm": lambda _: {"CONTACT": [5]},
            "imopenlines.crm.chat.get": lambda _: [{"CHAT_ID": "1777", "CONNECTOR_ID": "wz"}],
        }
        sandbox.methods.table = lambda: table() | more  # type: ignore[method-assign]  # what this portal knows
        code, out, err = await command("erase-customer", "-c", config_of(tmp_path, sandbox), "--portal", "acme", *whose)
    assert (code, err) == (0, "")
    assert "proof: no table and no file of the store names them any more" in out
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert not re.search(rb'chat1777\D|"chat": ?1777\D', everything)
    store = await Store.open(url)
    kept = await store.load_portal("acme")
    assert kept is not None
    assert [one.session.customer for one in kept.sessions.values()] == [855]
    assert set(kept.incidents) == {"two", "many"}
    assert kept.incidents["many"].evidence == (
        "erased at the customer's request",
        "https://acme.bitrix24.ru/online/?IM_DIALOG=chat17770",
    )
    assert list(await store.posted()) == ["f2"]
    told = {row.notice.key: row.notice.text.splitlines() for row in await Outbox(store).untold(NOW)}
    assert told == {key: list(kept.incidents["many"].evidence) for key in ("two/opened", "many/opened")}
    await store.close()


async def test_a_daemon_that_holds_the_store_cannot_write_the_erased_back(url: str, tmp_path: Path) -> None:
    await filled(url)
    store = await Store.open(url)
    state = await store.load_portal("acme")
    assert state is not None
    async with Sandbox() as sandbox:
        code, _, _ = await command(
            "erase-customer", "-c", config_of(tmp_path, sandbox), "--portal", "acme", "--dialog", "1777"
        )
    assert code == 0
    with pytest.raises(StoreError, match="start anew"):
        await store.commit("acme", state, Judgement(state=replace(state, managers={})))
    await store.close()
    with sqlite3.connect(tmp_path / "state.db") as database:
        assert database.execute("SELECT count(*) FROM turns WHERE chat = 1777").fetchone() == (0,)


async def test_nobody_of_that_number_and_no_choice_at_all_are_told_apart(url: str, tmp_path: Path) -> None:
    await filled(url)
    async with Sandbox() as sandbox:
        path = config_of(tmp_path, sandbox)
        assert (await command("erase-customer", "-c", path, "--portal", "acme"))[0] == 64
        code, _, err = await command("erase-customer", "-c", path, "--portal", "acme", "--customer", "1")
    assert code == 1
    assert err == "no dialog of this customer is known: nothing is kept, or give --dialog\n"


async def test_a_running_daemon_ends_after_an_erasure_and_has_nothing_of_it_when_it_is_back(tmp_path: Path) -> None:
    world = furnished(SandboxClock(), hours=False)
    connector, line = next(iter(world.rows))
    customer = world.add_customer("Canary")
    async with Sandbox(world) as sandbox:
        world.customer_writes(connector, line, customer)
        chat = next(iter(world.dialogs.values())).chat
        path = config_file(tmp_path, portal_of(tmp_path, sandbox, poll="1s"))

        def rows() -> int:
            try:
                with sqlite3.connect(f"file:{tmp_path / 'state.db'}?mode=ro", uri=True) as database:
                    return int(database.execute("SELECT count(*) FROM turns WHERE chat = ?", (chat,)).fetchone()[0])
            except sqlite3.OperationalError:
                return 0

        async with running_daemon(path, tmp_path / "log") as process:
            await eventually(rows, 20)
            code, _, err = await command("erase-customer", "-c", str(path), "--portal", "acme", "--dialog", str(chat))
            assert (code, err) == (0, "")
            world.disconnect(connector, line)
            await eventually(lambda: process.returncode is not None, 20)
        assert rows() == 0
