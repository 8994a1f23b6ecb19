"""A portal judged poll by poll: readings in, incidents out, by the same functions the daemon's desk uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.fold import fold_channel, fold_portal
from monitor.core.incident import Incident, IncidentKind
from monitor.core.incidents import Step, step
from monitor.core.memory import ChannelMemory, Flip, PortalState, Proof, SessionMemory
from monitor.core.model import Channel, ChannelKey, Failure, Line, Manager, Messenger, Reason, Session, State
from monitor.core.policy import Policy
from monitor.core.reading import ClockSeen, FlagSeen, ProviderSeen, Reading
from monitor.core.rules import assess, is_blind
from monitor.core.shared_cause import Outage
from monitor.core.turn import Turn, Verdict

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # a Monday, 09:00 in Moscow
MINUTE = timedelta(minutes=1)
WAZZUP = ChannelKey(1, "wz_whatsapp_0a1b")
BOT = ChannelKey(1, "telegrambot")

TIMEOUT = Failure(reason=Reason.TIMEOUT)
DENIED = Failure(reason=Reason.DENIED, code="INVALID_CREDENTIALS")
REFUSED = Failure(reason=Reason.DENIED, code="refresh_refused: invalid_grant")

OK = (False, True, True)  # ERROR, CONFIGURED, STATUS
ERROR = (True, True, False)
OFF = (False, False, False)


def make_policy(**wishes: object) -> Policy:
    base = Policy(
        portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", pages="http://127.0.0.1:9460"
    )
    return replace(base, **wishes)  # type: ignore[arg-type]  # the wishes are named by the tests


def flag(key: ChannelKey, bits: tuple[bool, bool, bool]) -> FlagSeen:
    error, configured, status = bits
    return FlagSeen(key=key, error=error, configured=configured, status=status)


def word(state: State, raw: str = "", **more: str) -> ProviderSeen:
    return ProviderSeen(provider="wazzup-main", account="a1", state=state, raw=raw or state.value, **more)


def channel(key: ChannelKey = WAZZUP, *, bound: bool = False) -> Channel:
    messenger = Messenger.WHATSAPP if key == WAZZUP else Messenger.TELEGRAM
    return Channel(
        line=key.line, connector=key.connector, messenger=messenger, provider="wazzup-main" if bound else None
    )


class World:
    """One portal with line "Продажи" and the manager Иван Петров; a poll is a minute."""

    def __init__(self, **wishes: object) -> None:
        self.policy = make_policy(**wishes)
        self.now = START
        self.state = PortalState(
            portal="acme",
            lines={1: Line(id=1, name="Продажи")},
            managers={12: Manager(id=12, name="Иван Петров")},
        )
        self.flips: list[Flip] = []
        self.last = Step(open={})
        self.is_open: Callable[[int, datetime], bool] = lambda _line, _at: True  # whether a line works at a moment
        self.outages: dict[str, Outage] = {}
        self.opened: list[Incident] = []
        self.closed: list[Incident] = []

    def poll(self, *bits: tuple[bool, bool, bool], key: ChannelKey = WAZZUP, said: ProviderSeen | None = None) -> Step:
        """One good poll per flag; without flags one in which the portal told its time only."""
        for one in bits or (None,):
            self._reading(None)
            self._fold(key, flag(key, one) if one else None, said)
            self._judge()
        return self.last

    def fail(self, failure: Failure = TIMEOUT, times: int = 1) -> Step:
        for _ in range(times):
            self._reading(failure)
            self._fold(None, None, None)
            self._judge()
        return self.last

    def hear(self, said: ProviderSeen, key: ChannelKey = WAZZUP, silence: Proof | None = None) -> Step:
        """A provider's own poll: the portal was not asked."""
        self._fold(key, None, said, silence)
        self._judge()
        return self.last

    def wait(self, span: timedelta) -> None:
        self.now += span - MINUTE

    def kinds(self) -> list[IncidentKind]:
        return sorted(incident.kind for incident in self.state.incidents.values())

    def memory(self, key: ChannelKey = WAZZUP) -> ChannelMemory:
        return self.state.channels[key]

    def incident(self) -> Incident:
        """The only one of the gravest."""
        gravest = min(one.severity for one in self.state.incidents.values())  # critical, info, warning
        (only,) = (one for one in self.state.incidents.values() if one.severity == gravest)
        return only

    def dialog(self, turn: Turn, *, read_at: datetime | None = None, due: bool = False) -> None:
        session = Session(
            id=turn.session, chat=turn.chat, line=turn.line, connector=turn.connector, customer=900, created=turn.opened
        )
        memory = SessionMemory(session=session, read_at=read_at, due=due)
        sessions = {**self.state.sessions, turn.session: memory}
        self.state = replace(self.state, turns={**self.state.turns, turn.key: turn}, sessions=sessions)

    def _reading(self, failure: Failure | None) -> None:
        self.now += MINUTE
        seen = () if failure else (ClockSeen(portal=self.now, asked=self.now, answered=self.now),)
        reading = Reading(probe="portal_health", source="bitrix24", at=self.now, findings=seen, failure=failure)
        self.state = replace(self.state, memory=fold_portal(self.state.memory, [reading], self.now))

    def _fold(
        self, key: ChannelKey | None, seen: FlagSeen | None, said: ProviderSeen | None, silence: Proof | None = None
    ) -> None:
        blind = is_blind(self.state, self.policy, self.now)
        named = {key} if key is not None and (seen or said) else set()
        channels = dict(self.state.channels)
        for one in set(channels) | named:
            mine = one == key
            bound = said is not None or (one in channels and channels[one].channel.provider is not None)
            channels[one], flip = fold_channel(
                channels.get(one),
                channel(one, bound=bound),
                seen if mine else None,
                said if mine else None,
                blind,
                self.policy,
                self.now,
                silence if mine else None,
            )
            self.flips += [flip] if flip else []
        self.state = replace(self.state, channels=channels)

    def _judge(self) -> None:
        said = assess(self.state, self.policy, self.now, is_open=self.is_open, outages=self.outages)
        self.last = step(self.state.incidents, said, self.policy, self.now, self.now)
        self.opened += self.last.opened
        self.closed += self.last.closed
        self.state = replace(self.state, incidents=self.last.open)


def make_turn(opened: datetime = START, *, message: int = 90101, **more: object) -> Turn:
    base = Turn(
        chat=1777,
        message=message,
        session=7345,
        line=1,
        connector=WAZZUP.connector,
        messenger=Messenger.WHATSAPP,
        kind="first",
        opened=opened,
        working_from=opened,
        target=15 * MINUTE,
        deadline=opened + 15 * MINUTE,
        no_reply_at=opened + 45 * MINUTE,
        holder=12,
    )
    return replace(base, **more)  # type: ignore[arg-type]  # the facts are named by the tests


def ended(turn: Turn, verdict: Verdict, at: datetime) -> Turn:
    return replace(turn, verdict=verdict, ended=at)
