"""A flag that cannot be read any more, while the portal answers: for two polls what was seen last, then unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from judgement_parts import BOT, ERROR, MINUTE, OFF, OK, START, WAZZUP, channel, flag, make_policy, word

from monitor.core.desk import Context, judge
from monitor.core.fold import UNREAD_AFTER, fold_channel
from monitor.core.incident import IncidentKind
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import ChannelKey, Failure, Reason, State
from monitor.core.policy import ChannelPolicy
from monitor.core.reading import ActivitiesSeen, ClockSeen, FlagSeen, Reading
from monitor.core.samples import samples_of
from monitor.core.silence import Patience

DENIED = Failure(reason=Reason.DENIED, code="insufficient_scope")
TIMEOUT = Failure(reason=Reason.TIMEOUT)
HOUR = 60 * MINUTE
Bits = tuple[bool, bool, bool] | None


class Portal:
    """A portal with two channels; a poll is a minute."""

    def __init__(self, policy=None) -> None:
        self.policy = policy or make_policy(settle=MINUTE)
        self.state, self.now = PortalState(portal="acme"), START
        self.judged: list[Judgement] = []

    def poll(self, wazzup: Bits, bot: Bits = OK, *, rows: bool = True, failure: Failure | None = None) -> None:
        self.now += MINUTE
        clock = ClockSeen(portal=self.now, asked=self.now, answered=self.now)
        seen = ActivitiesSeen(sessions=(), watermark=self.now if rows else None, complete=rows)
        told = [flag(key, bits) for key, bits in ((WAZZUP, wazzup), (BOT, bot)) if bits is not None]
        self._judge(
            self._reading("portal_health", clock, failure=failure),
            self._flags(told, failure),
            self._reading("dialogs", seen, failure=failure, failures=() if rows else (DENIED,)),
        )

    def _flags(self, told: list[FlagSeen], failure: Failure | None) -> Reading:
        if not told:
            return self._reading("connector_status", failure=failure or DENIED)
        failures = (DENIED,) * (2 - len(told))
        return self._reading("connector_status", *told, failure=failure, failures=failures)

    def _reading(self, probe: str, *findings: object, failure=None, failures=()) -> Reading:
        told = () if failure else findings
        return Reading(probe=probe, source="bitrix24", at=self.now, findings=told, failure=failure, failures=failures)  # type: ignore[arg-type]  # the tests say which

    def hear(self, state: State) -> None:
        """The provider's own poll: the portal is not asked."""
        self._judge(Reading(probe="wazzup", source="wazzup", at=self.now, findings=(word(state),)))

    def _judge(self, *readings: Reading) -> None:
        judged = judge(self.state, readings, self.policy, Context(), now=self.now, real_now=self.now)
        self.state = judged.state
        self.judged.append(judged)

    def shows(self, key: ChannelKey = WAZZUP) -> tuple[State, float | None]:
        up = [
            one.value
            for one in samples_of(self.state, self.policy, {}, self.now)
            if one.name == "messenger_channel_up" and one.labels[2] == key.connector
        ]
        return self.state.channels[key].diagnosis.state, (up[0] if up else None)

    def kinds(self) -> list[IncidentKind]:
        return sorted(one.kind for one in self.state.incidents.values())


def test_after_one_and_two_failed_readings_everything_stays_as_last_seen() -> None:
    portal = Portal()
    portal.poll(OK)
    for _ in range(UNREAD_AFTER - 1):
        portal.poll(None)
        assert portal.shows() == (State.CONNECTED, 1)


def test_after_the_third_in_a_row_it_is_unknown_and_the_others_are_not() -> None:
    portal = Portal()
    portal.poll(OK)
    for _ in range(UNREAD_AFTER):
        portal.poll(None)
    assert portal.shows() == (State.UNKNOWN, None)
    assert portal.shows(BOT) == (State.CONNECTED, 1)
    assert portal.state.channels[WAZZUP].diagnosis.cause == "flag_unread"
    for _ in range(5):
        portal.poll(None)
    assert portal.shows() == (State.UNKNOWN, None)
    assert sum(len(one.flips) for one in portal.judged) == 3  # two channels found, one lost from sight


def test_one_reading_in_between_starts_the_row_anew() -> None:
    portal = Portal()
    portal.poll(OK)
    for _ in range(4):
        portal.poll(None)
        portal.poll(None)
        portal.poll(OK)
    assert portal.shows() == (State.CONNECTED, 1)


def test_what_was_judged_comes_back_with_its_times_at_the_next_reading() -> None:
    portal = Portal()
    portal.poll(OK)
    since = portal.state.channels[WAZZUP].since
    for _ in range(6):
        portal.poll(None)
    portal.poll(OK)
    assert portal.shows() == (State.CONNECTED, 1)
    assert (portal.state.channels[WAZZUP].since, portal.state.channels[WAZZUP].hidden) == (since, None)


def test_an_open_incident_stays_open_unread_and_what_was_seen_once_opens_nothing() -> None:
    portal = Portal()
    for bits in (OK, ERROR, ERROR):
        portal.poll(bits)
    assert portal.kinds() == [IncidentKind.QR_RESCAN_REQUIRED]
    opened = next(iter(portal.state.incidents))
    for _ in range(30):
        portal.poll(None)
    assert portal.shows() == (State.UNKNOWN, None)
    assert list(portal.state.incidents) == [opened]
    portal = Portal()
    portal.poll(OK)
    portal.poll(ERROR)  # one reading opens nothing
    for _ in range(30):
        portal.poll(None)
    assert portal.kinds() == [IncidentKind.CHANNEL_DEGRADED]


def test_that_nobody_can_tell_is_told_from_the_third_reading_in_vain_until_it_is_well_and_settled() -> None:
    portal = Portal(make_policy())
    for _ in range(30):
        portal.poll(OK)
    lost = portal.now + MINUTE
    for polls in range(1, 9):
        portal.poll(None)
        assert portal.kinds() == [IncidentKind.CHANNEL_DEGRADED][: polls // UNREAD_AFTER]
    (incident,) = portal.state.incidents.values()
    assert (incident.since, incident.opened) == (lost, lost + 2 * MINUTE)
    assert dict(incident.labels) == {
        "connector": WAZZUP.connector, "line": "1", "messenger": "whatsapp", "source": "bitrix24", "state": "unknown",
    }  # fmt: skip
    for _ in range(3):
        portal.poll(OK)
        assert portal.kinds() == [IncidentKind.CHANNEL_DEGRADED]
    portal.poll(OK)
    assert portal.kinds() == []


def test_it_says_what_cannot_be_seen_since_when_and_who_acts() -> None:
    portal = Portal()
    portal.poll(OK)
    for _ in range(UNREAD_AFTER):
        portal.poll(None)
    (incident,) = portal.state.incidents.values()
    ru, en = incident.words["ru"], incident.words["en"]
    assert ru.summary == "WhatsApp на линии «1»: состояние канала не видно"
    assert ru.description == (
        "Битрикс24 не отдаёт его с 02.03.2026 09:02 (уже 2 минуты). Если канал отключится, монитор этого не увидит."
    )
    assert ru.recommendation == (
        "Интегратор: узнать, почему портал не отдаёт состояние этого коннектора: права приложения, ответ "
        "imconnector.status. Тревога закроется сама, когда канал снова будет на связи."
    )
    assert en.summary == 'WhatsApp on line "1": the channel\'s state cannot be seen'
    assert en.description == (
        "Bitrix24 has not told it since 2026-03-02 09:02 (for 2 minutes). If the channel is cut off, the monitor will "
        "not see it."
    )
    assert incident.evidence


def test_one_who_wants_more_confirmations_hears_of_it_later() -> None:
    portal = Portal(make_policy(confirm_open=5))
    portal.poll(OK)
    for polls in range(1, 8):
        portal.poll(None)
        assert portal.kinds() == [IncidentKind.CHANNEL_DEGRADED][: polls // 5]


@pytest.mark.parametrize(("bits", "kind"), [(ERROR, IncidentKind.QR_RESCAN_REQUIRED), (OFF, IncidentKind.CHANNEL_DOWN)])
def test_what_was_cut_off_meanwhile_takes_its_place(bits: Bits, kind: IncidentKind) -> None:
    portal = Portal()
    portal.poll(OK)
    for _ in range(5):
        portal.poll(None)
    portal.poll(bits)
    assert portal.kinds() == [IncidentKind.CHANNEL_DEGRADED]
    portal.poll(bits)
    assert portal.kinds() == [kind]
    assert [one.close_reason for one in portal.judged[-1].closed] == ["escalated"]


def test_it_stays_open_while_the_portal_is_out_of_sight_and_is_not_opened_then() -> None:
    portal = Portal()
    portal.poll(OK)
    for _ in range(5):
        portal.poll(None)
    for _ in range(5):
        portal.poll(None, None, failure=TIMEOUT)
    for _ in range(3):
        portal.poll(None)
    assert portal.kinds() == [IncidentKind.CHANNEL_DEGRADED]
    portal = Portal()
    portal.poll(OK)
    for _ in range(30):
        portal.poll(None, None, failure=TIMEOUT)
    assert portal.kinds() == [IncidentKind.PORTAL_UNREACHABLE]


def test_a_state_kept_by_an_earlier_version_tells_since_when_the_flag_was_last_read() -> None:
    portal = Portal()
    portal.poll(OK)
    read = portal.now
    for _ in range(5):
        portal.poll(None)
    old = {key: replace(memory, unread_since=None) for key, memory in portal.state.channels.items()}
    portal.state = replace(portal.state, channels=old, incidents={})
    portal.poll(None)
    assert [one.since for one in portal.state.incidents.values()] == [read]


def test_a_silence_that_a_customer_breaks_while_the_flag_is_not_read_is_over_and_the_rest_is_told() -> None:
    portal = Portal()
    portal.poll(OK)
    memory, patient = portal.state.channels[WAZZUP], Patience(since=START - HOUR, after=START + 5 * MINUTE)
    waiting = {**portal.state.channels, WAZZUP: replace(memory, patience=patient, last_inbound=START - HOUR)}
    portal.state = replace(portal.state, channels=waiting)
    for _ in range(5):
        portal.poll(OK)
    assert portal.kinds() == [IncidentKind.CHANNEL_SILENT]
    for _ in range(5):
        portal.poll(None)
    assert portal.kinds() == [IncidentKind.CHANNEL_SILENT]
    spoke = replace(portal.state.channels[WAZZUP], patience=replace(patient, after=portal.now + HOUR))
    portal.state = replace(portal.state, channels={**portal.state.channels, WAZZUP: spoke})
    portal.poll(None)
    assert [(one.kind, one.close_reason) for one in portal.judged[-1].closed] == [
        (IncidentKind.CHANNEL_SILENT, "recovered")
    ]
    portal.poll(None)
    assert portal.kinds() == [IncidentKind.CHANNEL_DEGRADED]


def test_where_only_a_webhook_is_there_no_flag_is_missed() -> None:
    portal = Portal(make_policy(webhook_only=True))
    for _ in range(9):
        portal.poll(None, None)
    seen = fold_channel(None, channel(), None, None, False, portal.policy, portal.now)[0]
    portal.state = replace(portal.state, channels={WAZZUP: seen})
    for _ in range(9):
        portal.poll(None, None)
    assert (portal.shows()[0], portal.kinds()) == (State.UNKNOWN, [])


def test_what_a_provider_tells_needs_no_flag() -> None:
    bound = make_policy(channels={WAZZUP: ChannelPolicy(provider="wazzup-main", account="a1")})
    portal = Portal(bound)
    portal.poll(OK)
    portal.hear(State.CONNECTED)
    for _ in range(5):
        portal.poll(None)
    assert portal.shows() == (State.CONNECTED, 1)


def test_polls_that_failed_as_a_whole_are_the_portals_own_matter() -> None:
    portal = Portal()
    portal.poll(OK)
    portal.poll(None)
    portal.poll(None)
    portal.poll(None, failure=TIMEOUT)
    assert portal.shows() == (State.CONNECTED, 1)
    portal.poll(None)
    assert portal.shows() == (State.UNKNOWN, None)


def test_a_poll_that_does_not_ask_for_flags_says_nothing_of_them() -> None:
    portal = Portal()
    portal.poll(OK)
    for _ in range(5):
        clock = ClockSeen(portal=portal.now, asked=portal.now, answered=portal.now)
        portal._judge(Reading(probe="portal_health", source="bitrix24", at=portal.now, findings=(clock,)))
    assert portal.shows() == (State.CONNECTED, 1)


def test_with_all_but_the_clock_denied_the_portal_does_not_let_us_in_and_nothing_stays_fresh() -> None:
    portal = Portal()
    portal.poll(OK)
    last = portal.state.memory.last_success
    portal.poll(None, None, rows=False)
    assert portal.kinds() == []
    for _ in range(80):
        portal.poll(None, None, rows=False)
    assert portal.kinds() == [IncidentKind.PORTAL_AUTH_FAILED]
    assert portal.shows() == portal.shows(BOT) == (State.UNKNOWN, None)
    memory = portal.state.memory
    assert (memory.up, memory.auth_ok, memory.last_success) == (True, False, last)
    portal.poll(ERROR)
    portal.poll(ERROR)
    assert portal.kinds() == [IncidentKind.QR_RESCAN_REQUIRED]


@pytest.mark.parametrize("unread", [1, 2, 3])
def test_a_portal_with_an_unread_flag_is_not_calm(unread: int) -> None:
    portal = Portal()
    for _ in range(20):
        portal.poll(OK)
    for _ in range(unread):
        portal.poll(None)
    assert portal.state.calm_until is None
    assert replace(portal.state.channels[WAZZUP], unread=0) != portal.state.channels[WAZZUP]
