"""A board with portals in every condition over a real store, served on loopback by a loop in its own thread."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.memory import (
    Audit,
    ChannelMemory,
    Diagnosis,
    Flip,
    Judgement,
    PortalMemory,
    PortalState,
    Proof,
)
from monitor.core.model import Certainty, Channel, ChannelKey, Failure, Line, Manager, Messenger, Reason, State
from monitor.core.past_reviews import KeptReview
from monitor.core.policy import Expiry, Guarantee, Policy
from monitor.core.reading import AuditFact, AuditSeen
from monitor.core.routed import Routed
from monitor.core.turn import Turn, TurnEvent, TurnKey, Verdict
from monitor.secret import Secret
from monitor.shell import store_expiry_links
from monitor.shell.board import Neighbour, PollFacts, Reloaded, SelfFacts
from monitor.shell.news import News
from monitor.shell.store import Store
from monitor.shell.store_expiry_links import ExpiryLink
from monitor.shell.store_reviews import Paper, kept_reviews, paper, put_review
from monitor.shell.store_web import Note
from monitor.shell.visitors import Access, Role, User
from monitor.shell.web import make_app

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday, 12:30 in Moscow
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WAZZUP, BOT, MAX = ChannelKey(1, "wz_whatsapp_0a1b"), ChannelKey(1, "telegrambot"), ChannelKey(1, "max")
TOKEN = "a-token-of-some-length-0123456789"
EVIL = "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\"'`${1}{{7*7}}"


def policy_of(name: str, **wishes: Any) -> Policy:
    base = Policy(portal=name, url=f"https://{name}.bitrix24.ru", timezone="Europe/Moscow")
    return replace(base, **wishes)


def diagnosis(state: State, **more: Any) -> Diagnosis:
    well = state is State.CONNECTED
    base = Diagnosis(
        state=state,
        certainty=Certainty.CERTAIN,
        cause="provider_says",
        proof=(
            Proof(source="wazzup", word=state.value, at=NOW - 2 * MINUTE),
            Proof(source="bitrix24", word="ERROR: false, STATUS: true", at=NOW - MINUTE),
        ),
        actor="nobody" if well else "integrator",
        action_ru="" if well else "Отсканируйте QR-код телефоном номера: Wazzup, раздел «Каналы».",
        action_en="" if well else "Scan the QR code with the number's phone: Wazzup, section Channels.",
    )
    return replace(base, **more)


def channel(key: ChannelKey, state: State, since: datetime, messenger: Messenger, title: str = "") -> ChannelMemory:
    return ChannelMemory(
        channel=Channel(line=key.line, connector=key.connector, messenger=messenger, title=title, provider="wazzup"),
        diagnosis=diagnosis(state),
        since=since,
        last_inbound=NOW - 12 * MINUTE,
        last_outbound=NOW - 5 * MINUTE,
    )


def incident(
    portal: str, kind: IncidentKind, subject: str, opened: datetime, *, title: str, critical: bool = True
) -> Incident:
    words = {
        "ru": Words(
            summary=title,
            description="Клиенты пишут, а сообщения не доходят до менеджеров с 02.03.2026 11:10.",
            recommendation="Откройте кабинет Wazzup и отсканируйте QR-код телефоном этого номера.",
        ),
        "en": Words(summary=f"{title} (en)", description="Messages do not arrive.", recommendation="Scan the QR code."),
    }
    return Incident(
        id=f"{abs(hash((portal, kind, subject, opened))) % 16**12:012x}",
        kind=kind,
        subject=subject,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        audience=Audience.INTEGRATOR if critical else Audience.HEAD,
        guaranteed=critical,
        labels=(("connector", "wz_whatsapp_0a1b"), ("line", "1")),
        opened=opened,
        starts_at=opened,
        updated=opened,
        evidence=("wazzup: qridle (02.03.2026 12:28)", "https://acme.bitrix24.ru/online/?IM_DIALOG=chat1777"),
        words=words,
    )


def turn(message: int, opened: datetime, *, holder: int, waited: timedelta | None, chat: int = 1777) -> Turn:
    """`waited` None = still open."""
    target = 15 * MINUTE
    base = Turn(
        chat=chat,
        message=message,
        session=7345,
        line=1,
        connector=WAZZUP.connector,
        messenger=Messenger.WHATSAPP,
        kind="first",
        opened=opened,
        working_from=opened,
        target=target,
        deadline=opened + target,
        holder=holder,
    )
    if waited is None:
        return base
    return replace(
        base,
        verdict=Verdict.MET if waited <= target else Verdict.LATE,
        ended=opened + waited,
        ended_by=message + 1,
        responder=holder,
        working=waited,
        calendar=waited,
        manager_working=waited,
        counted=True,
    )


def year_of_turns(seed: int = 7, count: int = 900) -> list[Turn]:
    """Four weeks of office life, slow on Friday afternoons."""
    chance, turns = random.Random(seed), []
    for index in range(count):
        at = (NOW - 27 * DAY + chance.random() * 26 * DAY).replace(minute=chance.randrange(60))
        if not 6 <= at.hour < 16 or at.weekday() == 6:
            continue
        slow = 6 if at.weekday() == 4 and at.hour > 11 else 1
        waited = timedelta(seconds=chance.expovariate(1 / 420) * slow)
        turns.append(turn(10_000 + 2 * index, at, holder=chance.choice((12, 15, 18)), waited=waited, chat=1000 + index))
    return turns


MANAGERS = {
    12: Manager(id=12, name="Анна Петрова", position="Старший менеджер"),
    15: Manager(id=15, name="Олег Смирнов"),
    18: Manager(id=18, name="Мария Иванова", active=False),
}


def audited() -> dict[str, Audit]:
    """One promise that holds, one that is broken, one of which nobody can tell."""
    rows = (
        AuditSeen(check="crm_notified", line=1, holds=True, facts=(AuditFact(what="notified", n=41, of=42),)),
        AuditSeen(check="queue_staffed", line=1, holds=False, facts=(AuditFact(what="dismissed", people=("Олег",)),)),
        AuditSeen(
            check="document_numbers", holds=None, facts=(AuditFact(what="cannot_tell", items=("ACCESS_DENIED",)),)
        ),
    )
    return {f"{one.check}/{one.line}": Audit(seen=one, since=NOW - DAY, read_at=NOW - HOUR) for one in rows}


def busy(name: str = "acme", **wishes: Any) -> tuple[PortalState, Policy]:
    """A portal with everything on it: a lost QR code, a slow reply, people who wait."""
    qr = incident(
        name, IncidentKind.QR_RESCAN_REQUIRED, "1/wz_whatsapp_0a1b", NOW - 80 * MINUTE, title="WhatsApp: нужен QR-код"
    )
    slow = incident(
        name, IncidentKind.SLOW_REPLY, "1777/90101", NOW - 9 * MINUTE, title="Клиент ждёт ответа", critical=False
    )
    turns = [
        turn(90101, NOW - 31 * MINUTE, holder=12, waited=None),
        turn(90201, NOW - 4 * MINUTE, holder=0, waited=None, chat=1778),
    ]
    state = PortalState(
        portal=name,
        memory=PortalMemory(up=True, auth_ok=True, good=9, last_success=NOW - MINUTE / 2),
        lines={1: Line(id=1, name="Продажи")},
        managers=MANAGERS,
        connectors={"telegrambot": "Telegram", "max": "MAX"},
        channels={
            WAZZUP: channel(WAZZUP, State.QR_REQUIRED, NOW - 82 * MINUTE, Messenger.WHATSAPP, "WAZZUP: WhatsApp"),
            BOT: channel(BOT, State.CONNECTED, NOW - 40 * DAY, Messenger.TELEGRAM),
            MAX: channel(MAX, State.UNKNOWN, NOW - HOUR, Messenger.MAX),
        },
        turns={one.key: one for one in turns},
        incidents={one.id: one for one in (qr, slow)},
        audits=audited(),
    )
    guarantee = Guarantee(
        option="messengers", start=NOW - 100 * DAY, end=NOW + 265 * DAY, service_price=60000, review=14 * DAY
    )
    expiries = (
        Expiry(subject="wazzup-licence", at=NOW + 12 * DAY, paid_through_us=True),
        Expiry(subject="tls", at=NOW - DAY),
    )
    return state, policy_of(name, guarantee=guarantee, expiries=expiries, **wishes)


def empty(name: str = "fresh") -> tuple[PortalState, Policy]:
    """Just configured: nothing was read of it yet."""
    return PortalState(portal=name), policy_of(name)


def broken(name: str = "broken") -> tuple[PortalState, Policy]:
    """A portal that does not answer, with channels nobody can see, without names, with odd records."""
    lost = incident(
        name, IncidentKind.PORTAL_UNREACHABLE, "", NOW - 3 * HOUR, title="Портал не отвечает: проверьте доступ"
    )
    state = PortalState(
        portal=name,
        memory=PortalMemory(
            up=False,
            auth_ok=False,
            failed=9,
            failing_since=NOW - 3 * HOUR,
            last_failure=Failure(reason=Reason.UNREACHABLE, code="connection refused"),
            last_success=NOW - 3 * HOUR,
            webhook_only=True,
            missing_scopes=("imopenlines", "imconnector"),
        ),
        channels={
            WAZZUP: replace(
                channel(WAZZUP, State.UNREACHABLE, NOW - 3 * HOUR, Messenger.OTHER),
                diagnosis=diagnosis(State.UNREACHABLE, proof=(), certainty=Certainty.NONE),
                last_inbound=None,
                last_outbound=None,
                gone=False,
            )
        },
        turns={TurnKey(5, 6): turn(6, NOW - 90 * DAY, holder=99, waited=None, chat=5)},
        incidents={lost.id: replace(lost, words={}, evidence=(), labels=())},
    )
    return state, policy_of(name, webhook_only=True)


def evil(name: str = "evil") -> tuple[PortalState, Policy]:
    """Every text that a customer, a manager or a portal can choose tries to be a script."""
    state, policy = busy(name)
    words = Words(summary=EVIL, description=EVIL, recommendation=EVIL)
    incidents = {
        key: replace(
            one,
            words={"ru": words, "en": words},
            evidence=(EVIL, f"https://x/{EVIL}", f"javascript:{EVIL}"),
            labels=((EVIL, EVIL),),
        )
        for key, one in state.incidents.items()
    }
    channels = {
        key: replace(
            one,
            channel=replace(one.channel, title=EVIL, provider=EVIL),
            diagnosis=replace(
                one.diagnosis, action_ru=EVIL, action_en=EVIL, proof=(Proof(source=EVIL, word=EVIL, at=NOW),)
            ),
        )
        for key, one in state.channels.items()
    }
    weird = ChannelKey(1, "x/../<b>\"'")
    channels[weird] = channel(weird, State.BANNED, NOW - HOUR, Messenger.OTHER)
    managers = {user: replace(one, name=EVIL, position=EVIL) for user, one in state.managers.items()}
    lines = {1: Line(id=1, name=EVIL)}
    return replace(state, incidents=incidents, channels=channels, managers=managers, lines=lines), policy


def past_of(state: PortalState) -> tuple[Judgement, PortalState]:
    """What a year left in the store: turns, incidents that closed, changes of state."""
    name = state.portal
    closed = [
        replace(
            incident(
                name,
                IncidentKind.CHANNEL_DOWN,
                "1/telegrambot",
                NOW - days * DAY,
                title="Telegram: бот не отвечает",
            ),
            closed=NOW - days * DAY + 3 * HOUR,
            close_reason="recovered",
        )
        for days in (9, 21, 40)
    ]
    flips = []
    for days, hours in ((60, 0.2), (41, 9), (40, 20), (21, 3), (9, 3)):
        start = NOW - days * DAY
        flips.append(_flip(start, State.CONNECTED, State.QR_REQUIRED))
        flips.append(_flip(start + timedelta(hours=hours), State.QR_REQUIRED, State.CONNECTED))
    flips.append(_flip(NOW - 82 * MINUTE, State.CONNECTED, State.QR_REQUIRED))
    events = [
        TurnEvent(chat=1777, message=90101, at=NOW - 31 * MINUTE, what="turn_open", messages=(90101,)),
        TurnEvent(chat=1777, message=90101, at=NOW - 16 * MINUTE, what="deadline", messages=(90101,)),
    ]
    told = Judgement(
        state=state,
        flips=tuple(flips),
        turn_events=tuple(events),
        ended=tuple(year_of_turns()),
        opened=(*state.incidents.values(), *closed),
    )
    return told, PortalState(portal=name)


def _only(state: PortalState) -> Judgement:
    return Judgement(state=state, opened=tuple(state.incidents.values()))


def _flip(at: datetime, before: State, after: State) -> Flip:
    return Flip(line=1, connector=WAZZUP.connector, at=at, before=before, after=after, diagnosis=diagnosis(after))


REVIEW = Paper(
    kept=KeptReview(
        number=1,
        since=NOW - 14 * DAY,
        until=NOW,
        made=NOW,
        met=41,
        n=52,
        share=41 / 52,
        missed=3,
        advice=(),
        sum="0123456789abcdef",
    ),
    page="<!doctype html><title>Отчёт</title><style>p { color: #333; }</style><p>Отчёт № 1</p>",
    plain="# Отчёт",
)


class PageBoard:
    """A board whose portals are given, over a real store."""

    def __init__(self, store: Store, access: Access, language: str = "ru") -> None:
        self.language, self.access, self.news, self.store = language, access, News(), store
        self.shown: dict[str, tuple[PortalState, Policy]] = {}
        self.reloads = 0
        self.heard: list[object] = []
        self.acknowledged: list[tuple[str, str]] = []
        self.well = True
        self.others: tuple[Neighbour, ...] = ()

    async def add(self, *given: tuple[PortalState, Policy], past: bool = True) -> None:
        for state, policy in given:
            told, before = past_of(state) if past else (_only(state), PortalState(portal=state.portal))
            await self.store.commit(state.portal, before, told)
            self.shown[state.portal] = (state, policy)
            if past:
                await self.store.transaction(partial(put_review, portal=state.portal, paper=REVIEW, notices=()))

    def now(self) -> datetime:
        return NOW

    async def hand_over(self, portal: str) -> str:
        return ""

    def unbound(self) -> Mapping[str, tuple[str, ...]]:
        return {"wazzup-of-rival": ("rival-account",)}

    def portals(self) -> Mapping[str, tuple[PortalState, Policy]]:
        return self.shown

    def neighbours(self) -> tuple[Neighbour, ...]:
        return self.others

    def health(self) -> tuple[bool, dict[str, Any]]:
        late = [] if self.well else list(self.shown)
        return self.well, {"status": "ok" if self.well else "late", "late_portals": late, "version": "0.1.0"}

    def is_ready(self) -> bool:
        return True

    async def metrics(self, *, openmetrics: bool) -> str:
        return "".join(f'messenger_portal_up{{portal="{name}"}} 1\n' for name in self.shown)

    async def reload(self) -> Reloaded:
        self.reloads += 1
        return Reloaded()

    async def acknowledge_expiry(self, portal: str, subject: str) -> str:
        if subject != "known":
            return "expected one of known"
        self.acknowledged.append((portal, subject))
        return ""

    async def reviews(self, portal: str) -> tuple[KeptReview, ...]:
        return await self.store.transaction(partial(kept_reviews, portal=portal))

    async def review_page(self, portal: str, number: int) -> str | None:
        found = await self.store.transaction(partial(paper, portal=portal, number=number))
        return found.page if found is not None else None

    async def routed(self, alerts: Sequence[Routed]) -> int:
        return len(alerts)

    def is_hook_key(self, provider: str, key: str) -> bool:
        return (provider, key) == ("pact", "right-key")

    async def hear(self, provider: str, key: str, body: object, *, alone: bool) -> bool:
        self.heard.append(body)
        return self.is_hook_key(provider, key)

    async def past_incidents(self, portal: str | None) -> tuple[tuple[str, Incident], ...]:
        return await self.store.incidents(portal, limit=200)

    async def incident(self, number: str) -> tuple[str, Incident] | None:
        return await self.store.incident(number)

    async def kept_of(self, portal: str, chat: int) -> tuple[tuple[Turn, ...], tuple[TurnEvent, ...]]:
        return await self.store.turns(portal, chat=chat), await self.store.turn_events(portal, chat)

    async def turns(self, portal: str, since: datetime) -> tuple[Turn, ...]:
        return await self.store.turns(portal, since=since)

    async def flips(self, portal: str, since: datetime) -> tuple[Flip, ...]:
        return await self.store.flips(portal, since=since)

    async def channel_flips(self, portal: str, key: ChannelKey, since: datetime) -> tuple[Flip, ...]:
        return await self.store.channel_flips(portal, key, since=since)

    async def notes(self, incident: str) -> tuple[Note, ...]:
        return await self.store.notes(incident)

    async def acknowledge(self, portal: str, incident: str, author: str, text: str) -> None:
        await self.store.add_note(incident, Note(at=NOW, author=author, text=text))

    async def expiry_of_link(self, digest: str) -> ExpiryLink | None:
        return await self.store.transaction(partial(store_expiry_links.found, digest=digest))

    async def portal_of_link(self, digest: str) -> str | None:
        return await self.store.portal_of_link(digest)

    async def facts(self) -> SelfFacts:
        polls = [
            PollFacts(
                portal=name,
                source="bitrix24",
                last_success=state.memory.last_success,
                failures={} if state.memory.up else {"unreachable": 9, "timeout": 2},
                requests=1234,
                commands=5678,
                operating={"imopenlines.session.history.get": 123.4, "crm.activity.list": 8.0} if self.shown else {},
            )
            for name, (state, _) in self.shown.items()
        ]
        return SelfFacts(
            version="0.1.0",
            well=self.well,
            started=NOW - 9 * DAY,
            late=() if self.well else ("broken",),
            polls=tuple(polls),
            lag=0.0004,
            worst_lag=0.0123,
            store="state.db",
            store_seconds=0.0011,
            rows=await self.store.sizes(),
            delivery="http://127.0.0.1:9093",
            delivery_failing_since=None if self.well else NOW - HOUR,
            delivered={"delivered": 812, "retried": 3},
        )


def user(name: str, role: Role, hash_: str, portals: set[str] | None = None) -> User:
    return User(
        name=name, password_hash=Secret(hash_), role=role, portals=frozenset(portals) if portals is not None else None
    )


class Served:
    """The pages on a free port of loopback; `do` runs work in their loop."""

    def __init__(self, board: PageBoard, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.board, self.url, self._loop = board, url, loop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def call(self, act: Any, *given: Any) -> None:
        self._loop.call_soon_threadsafe(act, *given)


@contextmanager
def served(
    folder: Path, *given: tuple[PortalState, Policy], access: Access | None = None, past: bool = True
) -> Iterator[Served]:
    """Pages of these portals, from a loop in a thread of its own."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[Served] = []

    async def serve() -> None:
        store = await Store.open(f"sqlite:///{folder / 'pages.db'}")
        board = PageBoard(store, access or Access())
        await board.add(*given, past=past)
        runner = web.AppRunner(make_app(board))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        found.append(Served(board, f"http://127.0.0.1:{port}", loop))
        ready.set()
        await stop.wait()
        await runner.cleanup()
        await store.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(30), "the pages did not start"
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()
