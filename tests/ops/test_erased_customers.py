"""An erasure finds what the daemon itself has written of a dialog, and nothing of another portal."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
from ops_parts import command, config_file, secret

from monitor.core.alerts import alerts
from monitor.core.deliveries import Deliveries, Stuck
from monitor.core.desk import Context
from monitor.core.habit import Habit, Talk
from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.memory import ChannelMemory, Cursor, Diagnosis, Judgement, PortalMemory, PortalState, SessionMemory
from monitor.core.model import Certainty, Channel, ChannelKey, Messenger, Session, State
from monitor.core.policy import Guarantee, Policy
from monitor.core.receivers import Notice, Receiver
from monitor.core.routed import Routed, routed_notices
from monitor.core.turn import Turn, TurnEvent, Verdict
from monitor.review_making import Subject, make
from monitor.shell.outbox import Outbox
from monitor.shell.posted import Posted, fingerprint
from monitor.shell.store import Store
from monitor.shell.store_reviews import Paper, paper
from monitor.shell.store_traces import Traces
from monitor.shell.store_web import Note

NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)
SINCE = NOW - timedelta(days=14)
LATE = NOW - timedelta(days=1)
PORTALS = ("acme", "beta")
CHANNEL = ChannelKey(1, "wz")
GONE = "erased at the customer's request"
DIALOGS = ((1777, 7121, 90101), (17770, 71210, 90201))  # chat, session, message: of the one customer and of another


def link(portal: str, session: int) -> str:
    return f"https://{portal}.bitrix24.ru/online/?IM_HISTORY=imol|{session}"


def turn(chat: int, session: int, message: int) -> Turn:
    return Turn(
        chat=chat,
        message=message,
        session=session,
        line=1,
        connector="wz",
        kind="first",
        opened=LATE,
        working_from=LATE,
        target=timedelta(minutes=15),
        deadline=LATE + timedelta(minutes=15),
        ended=LATE + timedelta(hours=3),
        verdict=Verdict.LATE,
    )


def incident(portal: str, subject: str, connector: str, *evidence: str) -> Incident:
    return Incident(
        id=f"{portal}{subject}".replace("/", "x"),
        kind=IncidentKind.SLOW_REPLY if "/" in subject else IncidentKind.CHANNEL_SILENT,
        subject=subject,
        severity=Severity.WARNING,
        audience=Audience.HEAD,
        guaranteed=False,
        labels=(("connector", connector), ("line", "1")),
        opened=LATE,
        starts_at=LATE,
        updated=LATE,
        evidence=evidence,
        words={"ru": Words(summary="Клиент ждёт", description="", recommendation="")},
    )


def incidents(portal: str) -> tuple[Incident, ...]:
    """One about each dialog, and one about the channel that names both."""
    about = (
        incident(
            portal,
            f"{chat}/{message}",
            f"wz{chat}",
            f"Диалог: {link(portal, session)}",
            f"Сообщение клиента {message} от 15.03 12:00.",
        )
        for chat, session, message in DIALOGS
    )
    return (*about, incident(portal, "1", "wz", *(link(portal, session) for _, session, _ in DIALOGS)))


def state_of(portal: str) -> PortalState:
    sessions = {
        session: SessionMemory(
            session=Session(id=session, chat=chat, line=1, connector="wz", customer=chat, created=LATE, updated=LATE)
        )
        for chat, session, _ in DIALOGS
    }
    channel = ChannelMemory(
        channel=Channel(line=1, connector="wz", messenger=Messenger.OTHER),
        diagnosis=Diagnosis(state=State.CONNECTED, certainty=Certainty.CERTAIN, cause="x"),
        since=SINCE,
        habit=Habit(talks=tuple(Talk(session, LATE) for _, session, _ in DIALOGS)),
        deliveries=Deliveries(
            stuck=tuple(
                Stuck(message=message + 1, session=session, at=LATE, failed=True) for _, session, message in DIALOGS
            )
        ),
    )
    memory = PortalMemory(
        last_success=NOW,
        server_address=f"https://{portal}.bitrix24.ru",
        echoed=(90101, 90201),
        gone=((7121, LATE),),  # a former employee of that number is no trace
    )
    cursor = Cursor(first_sight=SINCE, holes=((7121, LATE),))
    return PortalState(
        portal=portal, memory=memory, cursor=cursor, sessions=sessions, channels={CHANNEL: channel}, turns={}
    )


def policy(portal: str) -> Policy:
    guarantee = Guarantee(option="messengers", start=SINCE, end=SINCE + timedelta(days=365), service_price=60_000)
    url = f"https://{portal}.bitrix24.ru"
    return Policy(portal=portal, url=url, timezone="Europe/Moscow", guarantee=guarantee)


async def fill(store: Store, portal: str) -> None:
    """As a daemon does that watched it for a fortnight."""
    state = state_of(portal)
    ended = tuple(turn(*one) for one in DIALOGS)
    events = tuple(
        TurnEvent(chat=one.chat, message=one.message, at=LATE, what="breach", messages=(one.message,), turn=one)
        for one in ended
    )
    opened = incidents(portal)
    notices = tuple(
        Notice(
            receiver="head",
            key=f"{one.id}/opened",
            due=NOW,
            urgent=True,
            subject=portal,
            text="\n".join(one.evidence),
            about=one.id,
        )
        for one in opened
    )
    notices += routed_notices(
        [
            Routed(
                fingerprint=one.id,
                status="firing",
                starts_at="2026-03-15T09:00:00Z",
                alertname="SlowReply",
                portal=portal,
                audience="head",
                manager="",
                summary="Клиент ждёт",
                description="Ждёт с 15.03 12:00.",
                recommendation="",
                link=f"http://127.0.0.1:9460/incidents/{one.id}",
            )
            for one in opened
        ],
        [Receiver(name="head", type="bitrix24", routed=True)],
        NOW,
    )
    judgement = Judgement(state=state, opened=opened, ended=ended, turn_events=events, notices=notices)
    await store.commit(portal, PortalState(portal=portal), judgement)
    await store.add_note(
        opened[-1].id, Note(at=NOW, author="anna", text=f"Спросила клиента\n{link(portal, 7121)}\nЖдём")
    )
    posted = [
        Posted(labels=labels, annotations=one.annotations, starts_at=LATE, generator_url=one.generator_url)
        for labels, one in alerts(opened, policy(portal)).items()
    ]
    await store.mark_posted({fingerprint(one.labels): msgspec.json.encode(one).decode() for one in posted})
    subject = Subject(state=state, policy=policy(portal), context=Context())
    assert await make(store, subject, SINCE, NOW, NOW) is not None


@pytest.fixture
async def url(tmp_path: Path) -> str:
    place = f"sqlite:///{tmp_path / 'state.db'}"
    store = await Store.open(place)
    for portal in PORTALS:
        await fill(store, portal)
    await store.close()
    return place


def config(folder: Path) -> str:
    entries = [
        {
            "name": portal,
            "url": f"https://{portal}.bitrix24.ru",
            "auth": {"webhook_url_file": secret(folder, portal, f"https://{portal}.bitrix24.ru/rest/1/a1b2c3d4e5/")},
        }
        for portal in PORTALS
    ]
    return str(config_file(folder, entries[0], portals=entries))


async def erased(folder: Path, *portals: str) -> str:
    """What the command says; every one of them ends well."""
    said = ""
    for portal in portals:
        code, out, err = await command(
            "erase-customer", "-c", config(folder), "--portal", portal, "--dialog", str(DIALOGS[0][0])
        )
        assert (code, err) == (0, "")
        assert "proof: no table and no file of the store names them any more" in out
        said += out
    return said


async def all_of(url: str, portal: str) -> list[object]:
    """All that a store tells of a portal."""
    store = await Store.open(url)
    try:
        return [
            await store.load_portal(portal),
            await store.turns(portal),
            await store.turn_events(portal, 1777),
            await store.incidents(portal),
            [body for body in (await store.posted()).values() if f'["portal","{portal}"]' in body],
            [row.notice for row in await Outbox(store).untold(NOW + timedelta(days=9)) if row.portal == portal],
            await store.transaction(partial(paper, portal=portal, number=1)),
            await store.notes(f"{portal}1"),
        ]
    finally:
        await store.close()


async def test_what_the_daemon_wrote_of_a_dialog_goes_from_its_portal_alone(url: str, tmp_path: Path) -> None:
    before = await all_of(url, "beta")
    said = await erased(tmp_path, "acme")
    assert await all_of(url, "beta") == before
    assert (
        "deleted 1 turns, 1 turn_events, 1 sessions, 2 posted_alerts, 2 notices, 1 incidents, 0 incident_notes" in said
    )
    assert "struck from 1 kept reviews, whose figures and checksums stay" in said
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert not re.search(rb"acme\.bitrix24\.ru/online/\?IM_HISTORY=imol(\||%7C)7121\D", everything)
    assert everything.count(b"acme.bitrix24.ru/online/?IM_HISTORY=imol|71210") >= 4


async def test_the_other_dialogs_of_the_portal_stay_as_they_were(url: str, tmp_path: Path) -> None:
    await erased(tmp_path, "acme")
    state, turns, events, kept, posted, notices, review, notes = await all_of(url, "acme")
    assert isinstance(state, PortalState)
    assert list(state.sessions) == [71210]
    assert [talk.session for talk in state.channels[CHANNEL].habit.talks] == [71210]
    assert [one.session for one in state.channels[CHANNEL].deliveries.stuck] == [71210]
    assert (state.memory.echoed, state.memory.gone, state.cursor.holes) == ((90201,), ((7121, LATE),), ())
    assert turns == (turn(*DIALOGS[1]),)
    assert events == ()
    _, other, channel = incidents("acme")
    channel = replace(channel, evidence=(GONE, link("acme", 71210)))
    assert {one.id: one for _, one in kept} == {one.id: one for one in (other, channel)}  # type: ignore[attr-defined]  # what `incidents` gave
    assert len(posted) == 1  # type: ignore[arg-type]  # as above
    routed = [one.about for one in notices if one.key.startswith("alert/")]  # type: ignore[attr-defined]  # as above
    assert routed == [f"alert/{other.id}", f"alert/{channel.id}"]
    texts = [one.text for one in notices if one.key.endswith("/opened")]  # type: ignore[attr-defined]  # as above
    assert texts == ["\n".join(one.evidence) for one in (other, channel)]
    assert [note.text for note in notes] == [f"Спросила клиента\n{GONE}\nЖдём"]  # type: ignore[attr-defined]  # as above
    assert isinstance(review, Paper)
    for text in (review.page, review.plain):
        assert text.count(GONE) == 1
        assert "71210" in text
        assert review.kept.sum in text
    assert review.page.count('<div class="dialog">') == 2


async def test_both_portals_can_be_asked_to_forget_the_dialog_of_the_same_number(url: str, tmp_path: Path) -> None:
    await erased(tmp_path, "acme", "beta", "acme")
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert not re.search(
        rb'imol(\||%7C)7121\D|"chat": ?1777\D|\[7121,"2026-03-15T09:00:00Z"\],\[|"session":7121\D', everything
    )


async def test_a_new_dialog_that_a_restored_portal_gave_the_old_sessions_number_stays(url: str, tmp_path: Path) -> None:
    store = await Store.open(url)
    state = await store.load_portal("acme")
    assert state is not None
    await store.commit("acme", state, Judgement(state=state, ended=(turn(1801, 7121, 80001),)))
    await store.close()
    await erased(tmp_path, "acme")
    store = await Store.open(url)
    assert [one.chat for one in await store.turns("acme")] == [1801, 17770]
    await store.close()


def test_every_link_that_is_written_is_a_trace_and_a_longer_number_is_none() -> None:
    none = frozenset[int]()
    traces = Traces(
        portal="acme",
        chats=frozenset({1777}),
        sessions=frozenset({7121}),
        messages=none,
        incidents=frozenset(),
        addresses=("https://acme.bitrix24.ru",),
        talks=frozenset(),
    )
    for text in (link("acme", 7121), "https://acme.bitrix24.ru/online/?IM_DIALOG=chat1777"):
        assert traces.own().search(text)
        assert traces.abroad().search(text)
        assert not traces.own().search(text + "0")
        assert not traces.abroad().search(text + "0")
        assert not traces.abroad().search(text.replace("acme", "beta"))
    nothing = replace(traces, chats=none, sessions=none, addresses=())
    assert not nothing.own().search(link("acme", 7121))
    assert not nothing.written().search('"chat":,"session":')
