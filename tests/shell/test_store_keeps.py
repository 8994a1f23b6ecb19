"""The store: what a poll changed is kept whole or not at all, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from store_parts import free_port

from monitor.core.history import LARGEST
from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.memory import (
    ChannelMemory,
    Cursor,
    Diagnosis,
    Flip,
    Judgement,
    PortalMemory,
    PortalState,
    Proof,
    SessionMemory,
)
from monitor.core.model import Certainty, Channel, ChannelKey, Line, Manager, Messenger, Session, State, WorkTime
from monitor.core.turn import Held, Turn, TurnEvent, Verdict
from monitor.secret import Secret
from monitor.shell import store_tables as tables
from monitor.shell.metrics import Registry
from monitor.shell.retention import Retention
from monitor.shell.store import Store, StoreError
from monitor.shell.store_look import damaged_rows
from monitor.shell.store_outbox import Fate, settle
from monitor.shell.store_prune import steps
from monitor.shell.store_totals import EVERY, NOTED
from monitor.shell.store_web import Note
from monitor.shell.vault import Tokens

NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHANNEL = Channel(line=1, connector="wz|odd/one", messenger=Messenger.WHATSAPP, title="Канал")


def turn(message: int = 1, verdict: Verdict = Verdict.OPEN, session: int = 7) -> Turn:
    return Turn(
        chat=1777,
        message=message,
        session=session,
        line=1,
        connector=CHANNEL.connector,
        kind="first",
        opened=NOW,
        working_from=NOW,
        target=timedelta(minutes=15),
        deadline=NOW + timedelta(minutes=15),
        held=(Held(user=12, since=NOW, working=timedelta(minutes=3)),),
        verdict=verdict,
        counted=verdict is not Verdict.OPEN,
    )


def incident(number: str = "abc", closed: datetime | None = None) -> Incident:
    return Incident(
        id=number,
        kind=IncidentKind.QR_RESCAN_REQUIRED,
        subject="1/wz",
        severity=Severity.CRITICAL,
        audience=Audience.INTEGRATOR,
        guaranteed=True,
        labels=(("line", "1"),),
        opened=NOW,
        starts_at=NOW,
        updated=NOW,
        closed=closed,
        evidence=("https://acme.bitrix24.ru/online/", "flag"),
        words={"ru": Words(summary="с", description="о", recommendation="р")},
    )


def rich() -> PortalState:
    session = Session(id=7, chat=1777, line=1, connector=CHANNEL.connector, customer=844, created=NOW, updated=NOW)
    diagnosis = Diagnosis(
        state=State.QR_REQUIRED, certainty=Certainty.LIKELY, cause="x", proof=(Proof(source="s", word="w", at=NOW),)
    )
    return PortalState(
        portal="acme",
        memory=PortalMemory(up=True, last_success=NOW, good=1),
        cursor=Cursor(watermark=NOW, highest_session=7, holes=((5, NOW),)),
        lines={1: Line(id=1, name="Продажи", worktime=WorkTime(opens=540, closes=1080, timezone="Europe/Moscow"))},
        managers={12: Manager(id=12, name="Анна", departments=(7,))},
        connectors={"max": "MAX"},
        channels={CHANNEL.key: ChannelMemory(channel=CHANNEL, diagnosis=diagnosis, since=NOW, flips=(NOW,))},
        sessions={7: SessionMemory(session=session, read_at=NOW, counted=5, unconfirmed=(3,))},
        turns={turn().key: turn()},
        incidents={"abc": incident()},
    )


EMPTY = PortalState(portal="acme")


async def test_a_state_comes_back_as_it_was_left(store: Store) -> None:
    assert await store.load_portal("acme") is None
    state = rich()
    await store.commit("acme", EMPTY, Judgement(state=state, opened=(incident(),)))
    assert await store.load_portal("acme") == state
    assert await store.known_portals() == ("acme",)


async def test_what_a_later_poll_changed_or_forgot_replaces_what_was(store: Store) -> None:
    before = rich()
    await store.commit("acme", EMPTY, Judgement(state=before, opened=(incident(),)))
    ended = turn(verdict=Verdict.MET)
    after = replace(before, sessions={}, turns={}, incidents={}, managers={})
    gone = incident(closed=NOW)
    await store.commit("acme", before, Judgement(state=after, ended=(ended,), closed=(gone,)))
    assert await store.load_portal("acme") == after
    assert await store.turns("acme") == (ended,)  # what ended is kept though its session is forgotten
    assert await store.incidents("acme") == (("acme", gone),)
    assert await store.incident("abc") == ("acme", gone)


async def test_the_ledgers_rows_are_only_ever_added(store: Store) -> None:
    state = rich()
    verdict = state.channels[CHANNEL.key].diagnosis
    flip = Flip(line=1, connector=CHANNEL.connector, at=NOW, before=None, after=State.QR_REQUIRED, diagnosis=verdict)
    row = TurnEvent(chat=1777, message=1, at=NOW, what="turn_open", messages=(1,), turn=turn())
    await store.commit("acme", EMPTY, Judgement(state=state, flips=(flip,), turn_events=(row,)))
    later = replace(state, cursor=replace(state.cursor, highest_session=8), lines={})
    await store.commit("acme", state, Judgement(state=later, flips=(flip,), turn_events=(row,)))
    assert await store.flips("acme") == (flip, flip)
    assert await store.turn_events("acme", 1777) == (row, row)
    assert await store.turn_events("acme", 1) == ()


async def test_turns_belong_to_the_period_of_their_deadline(store: Store) -> None:
    await store.commit("acme", EMPTY, Judgement(state=rich()))
    due = NOW + timedelta(minutes=15)
    assert await store.turns("acme", since=due, until=due + timedelta(seconds=1)) == (turn(),)
    assert await store.turns("acme", until=due) == ()


async def test_a_commit_that_breaks_leaves_nothing_of_itself(store: Store) -> None:
    broken = replace(incident(), labels=object())  # type: ignore[arg-type]  # cannot be written
    with pytest.raises(TypeError):
        await store.commit("acme", EMPTY, Judgement(state=rich(), opened=(broken,)))
    assert await store.load_portal("acme") is None


async def test_tokens_and_posted_alerts_survive_a_restart(url: str) -> None:
    first = await Store.open(url)
    pair = Tokens(access=Secret("a"), refresh=Secret("r"), endpoint="https://x/rest/", saved=NOW, seed="s")
    await first.save("acme", replace(pair, refresh=Secret("older")))
    await first.save("acme", pair)
    await first.mark_posted({"f1": "one", "f2": "two"})
    await first.mark_posted({"f1": "one again"})
    await first.close()
    second = await Store.open(url)
    assert await second.load("acme") == pair
    assert await second.load("other") is None
    assert await second.posted() == {"f1": "one again", "f2": "two"}
    await second.forget(["f1"])
    assert await second.posted() == {"f2": "two"}
    await second.close()


async def test_a_second_daemon_on_the_same_file_is_refused_and_a_command_is_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    first = await Store.open(url)
    with pytest.raises(StoreError, match="another messenger-monitor uses it: stop that one first"):
        await Store.open(url)
    beside = await Store.open(url, shared=True)
    await beside.close()
    await first.close()
    await (await Store.open(url)).close()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"this is no database, it is a letter" * 50, "the file is no store: move it away")],
)
async def test_a_file_that_is_no_store_is_named_with_the_remedy(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=words) as caught:
        await Store.open(f"sqlite:///{path}")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("update portals set memory = '{\"up\": tr'", "PortalMemory"),
        ("update portals set cursor = '[]'", "Cursor"),
        ("update remembered set body = '{}' where kind = 'channel'", "ChannelMemory"),
        ("update remembered set key = 'x' where kind = 'line'", "Line"),
        ("update turns set body = ''", "Turn"),
        ("update incidents set body = '{\"id\": 7}'", "Incident"),
    ],
)
async def test_a_damaged_row_is_named_with_its_store_and_the_remedy(tmp_path: Path, damage: str, kind: str) -> None:
    path = tmp_path / "state.db"
    store = await Store.open(f"sqlite:///{path}")
    await store.commit("acme", EMPTY, Judgement(state=rich(), opened=(incident(),)))
    with sqlite3.connect(path) as connection:
        connection.execute(damage)
    with pytest.raises(StoreError, match=rf"a row of portal acme \({kind}\) is damaged: .+: restore it from a backup"):
        await store.load_portal("acme")
    with pytest.raises(StoreError, match=f"^store {path}: "):
        await store.load_portal("acme")
    await store.close()


async def test_a_look_at_the_rows_names_each_portal_at_which_a_start_would_end(url: str) -> None:
    store = await Store.open(url)
    for portal in ("acme", "other", "third"):
        await store.commit(portal, EMPTY, Judgement(state=rich()))
    assert damaged_rows(url) == ()
    damage = "update portals set cursor = '[]' where portal <> 'other'"
    await store.transaction(lambda connection: connection.exec_driver_sql(damage))
    told = damaged_rows(url)
    assert [one.partition(" is damaged: ")[0] for one in told] == [
        "a row of portal acme (Cursor)",
        "a row of portal third (Cursor)",
    ]
    await store.close()


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"does not exist: create it or change store\.url"):
        await Store.open(f"sqlite:///{tmp_path / 'nowhere' / 'state.db'}")


async def test_a_newer_schema_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    await (await Store.open(f"sqlite:///{path}")).close()
    with sqlite3.connect(path) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(StoreError, match=r"made by a newer messenger-monitor \(schema 9999\): upgrade this one"):
        await Store.open(f"sqlite:///{path}")


async def test_a_database_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StoreError, match=r"start PostgreSQL or correct store\.url") as caught:
        await Store.open(f"postgresql://monitor:canary-password@127.0.0.1:{free_port()}/monitor")
    assert "canary" not in str(caught.value)


async def test_the_file_with_the_tokens_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    await store.save("acme", Tokens(access=Secret("a"), refresh=Secret("r")))
    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    await store.close()
    assert set(modes.values()) == {0}, modes


def answered(message: int, seconds: int = 90) -> Turn:
    span = timedelta(seconds=seconds)
    return replace(
        turn(message, Verdict.MET), responder=12, ended=NOW + span, calendar=span, working=span, manager_working=span
    )


async def test_the_counters_of_replies_are_kept_with_the_turns_that_made_them(store: Store) -> None:
    judged, counted = rich(), Registry()
    for message in (1, 2, 3):
        ended = (answered(message, 50 * message),)
        counted.count_turns("acme", ended)
        await store.commit("acme", judged, Judgement(state=judged, ended=ended))
    restored = Registry()
    restored.restore(await store.totals("acme"))
    assert restored.counters == counted.counters
    assert restored.histograms == counted.histograms


async def test_the_counters_are_exact_after_any_number_of_polls_and_starts(url: str) -> None:
    counted, judged = Registry(), rich()
    store = await Store.open(url)
    for message in range(1, 2 * EVERY + 7):
        ended = (answered(message, message), replace(answered(message), chat=1, verdict=Verdict.EXCUSED))
        counted.count_turns("acme", ended)
        await store.commit("acme", judged, Judgement(state=judged, ended=ended))
        if message in {2, EVERY, EVERY + 3}:
            await store.close()
            store = await Store.open(url)
        if message % 50 < 4:
            restored = Registry()
            restored.restore(await store.totals("acme"))
            assert restored.counters == counted.counters
            assert restored.histograms == counted.histograms
    notes = select(tables.remembered).where(tables.remembered.c.kind == NOTED)
    assert len(await store.transaction(lambda connection: connection.execute(notes).all())) < EVERY
    await store.close()


async def test_counters_that_no_version_kept_are_made_once_of_the_turns(store: Store) -> None:
    await store.commit("acme", rich(), Judgement(state=rich(), ended=(answered(1), answered(2))))
    kept = await store.totals("acme")
    await store._run(lambda connection: connection.execute(delete(tables.totals)))
    assert sorted(await store.totals("acme")) == sorted(kept)
    assert sorted(await store.totals("acme")) == sorted(kept)


async def test_a_poll_that_told_nothing_new_is_written_only_now_and_then(store: Store) -> None:
    state = rich()
    steady = replace(state, channels={key: replace(one, streak=20) for key, one in state.channels.items()})
    await store.commit("acme", PortalState(portal="acme"), Judgement(state=steady, opened=(incident(),)))
    after = NOW + timedelta(minutes=1)
    heard = {key: replace(one, streak=21, flag_at=after) for key, one in steady.channels.items()}
    quiet = replace(steady, channels=heard, memory=replace(steady.memory, last_success=after))
    await store.commit("acme", steady, Judgement(state=quiet))
    assert await store.load_portal("acme") == steady
    loud = replace(quiet, channels={key: replace(one, received=9) for key, one in heard.items()})
    await store.commit("acme", quiet, Judgement(state=loud))
    assert await store.load_portal("acme") == loud


async def test_a_link_is_found_by_its_hash_until_the_portals_links_are_revoked(store: Store) -> None:
    for digest, portal in (("a" * 64, "acme"), ("b" * 64, "acme"), ("c" * 64, "beta")):
        await store.keep_link(portal, digest, NOW)
    assert await store.portal_of_link("a" * 64) == "acme"
    assert await store.revoke_links("acme") == 2
    assert [await store.portal_of_link(one * 64) for one in "abc"] == [None, None, "beta"]


async def test_notes_stand_at_their_incident_in_order_and_go_with_it(store: Store) -> None:
    await store.commit("acme", EMPTY, Judgement(state=rich(), opened=(incident(),)))
    here, gone = incident().id, "f" * 12
    for number, text in ((here, "first"), (gone, "elsewhere"), (here, "второе")):
        await store.add_note(number, Note(at=NOW, author="olga", text=text))
    for _, step in steps(Retention(), NOW):
        await store.transaction(step)
    assert [(note.at, note.author, note.text) for note in await store.notes(here)] == [
        (NOW, "olga", "first"),
        (NOW, "olga", "второе"),
    ]
    assert await store.notes(gone) == ()


async def test_what_strangers_write_is_kept_whatever_it_holds(store: Store) -> None:
    await store.add_note("a", Note(at=NOW, author="olga", text="a\0b"))
    assert [note.text for note in await store.notes("a")] == ["a\N{REPLACEMENT CHARACTER}b"]
    assert await store.incident("a\0b") is None
    settled = partial(settle, rows=[1], fate=Fate(state="given_up", at=NOW, problem="a\0b"))
    await store.transaction(settled)


async def test_the_largest_numbers_there_are_come_back(store: Store) -> None:
    state = rich()
    (known,) = state.sessions.values()
    large = replace(known, session=replace(known.session, id=LARGEST, chat=LARGEST, customer=LARGEST))
    waiting = replace(turn(LARGEST), chat=LARGEST, session=LARGEST, line=LARGEST)
    state = replace(state, sessions={LARGEST: large}, turns={waiting.key: waiting}, incidents={})
    await store.commit("acme", PortalState(portal="acme"), Judgement(state=state))
    assert await store.load_portal("acme") == state


async def test_a_channels_changes_are_its_own_and_in_order(store: Store) -> None:
    told = tuple(
        Flip(line=line, connector="max", at=NOW + index * MINUTE, before=None, after=state, diagnosis=diagnosis)
        for index, (line, state) in enumerate(((1, State.CONNECTED), (2, State.BANNED), (1, State.SILENT)))
        for diagnosis in (Diagnosis(state=state, certainty=Certainty.CERTAIN, cause="flag"),)
    )
    await store.commit("acme", EMPTY, Judgement(state=rich(), flips=told))
    mine = await store.channel_flips("acme", ChannelKey(1, "max"), since=NOW)
    assert [flip.after for flip in mine] == [State.CONNECTED, State.SILENT]
    assert await store.channel_flips("acme", ChannelKey(1, "max"), since=NOW + 3 * MINUTE) == ()
    assert (await store.sizes())["flips"] == 3
