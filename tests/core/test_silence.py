"""A channel's habit and its patience: learnt, longer for the seldom heard, deaf to nights and holidays."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from judgement_parts import MINUTE, WAZZUP, channel, make_policy

from monitor.core.desk import Context, judge
from monitor.core.habit import EMPTY, KEPT, NO_HABIT, Habit, listen, model_of, pass_days
from monitor.core.incident import IncidentKind
from monitor.core.listening import learnt_days, witness
from monitor.core.memory import ChannelMemory, Cursor, Judgement, PortalState
from monitor.core.model import Author, Failure, Message, Reason, Session, State
from monitor.core.quiet_days import country_of
from monitor.core.reading import ActivitiesSeen, ClockSeen, Finding, FlagSeen, HistorySeen, Reading
from monitor.core.silence import LONGEST, SHORTEST, Patience, patience

ZONE = "Europe/Moscow"
MOSCOW = ZoneInfo(ZONE)
MONDAY = datetime(2026, 3, 2, tzinfo=MOSCOW)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def lived(a_day: int, days: int = 28, until: datetime = MONDAY, seed: int = 1, weekend: float = 0.2) -> Habit:
    """`days` before `until`, with so many conversations from nine to six on working days."""
    chance, heard = random.Random(seed), []
    for back in range(days, 0, -1):
        day = until - back * DAY
        count = round(a_day * (weekend if day.weekday() >= 5 else 1.0))
        heard += [day + timedelta(hours=9) + chance.random() * 9 * HOUR for _ in range(count)]
    habit = listen(NO_HABIT, list(enumerate(heard)), ZONE)
    return pass_days(replace(habit, since=(until - days * DAY).toordinal()), until.date(), frozenset())


def after(habit: Habit, last: datetime, **more: frozenset[int]) -> datetime:
    told = patience(habit, last, ZONE, **more)
    assert told.after is not None
    return told.after


def test_words_of_one_dialog_within_half_an_hour_are_one_conversation() -> None:
    at = MONDAY + 10 * HOUR
    burst = [(1, at), (1, at + 29 * MINUTE), (1, at + 58 * MINUTE), (2, at + MINUTE), (1, at + 90 * MINUTE)]
    habit = listen(NO_HABIT, burst, ZONE)
    assert [(day.ordinal, sum(day.hours or b"")) for day in habit.days] == [(MONDAY.toordinal(), 3)]


def test_told_in_any_order_and_in_pieces_the_days_are_the_same() -> None:
    at = MONDAY + 10 * HOUR
    words = [(number, at + number * HOUR * 7) for number in range(9)]
    once = listen(NO_HABIT, words, ZONE)
    pieces = NO_HABIT
    for word in reversed(words):
        pieces = listen(pieces, [word], ZONE)
    assert pieces.days == once.days
    assert listen(once, [], ZONE) is once


def test_days_without_a_word_are_days_and_unseen_days_teach_nothing() -> None:
    habit = listen(NO_HABIT, [(1, MONDAY + 10 * HOUR)], ZONE)
    later = pass_days(habit, date(2026, 3, 5), frozenset({MONDAY.toordinal() + 1}))
    assert [day.hours for day in later.days[1:]] == [None, EMPTY, EMPTY]
    assert pass_days(later, date(2026, 3, 5), frozenset()) is later
    assert len(pass_days(habit, date(2027, 3, 5), frozenset()).days) == KEPT


@pytest.mark.parametrize(("days", "learnt"), [(13, False), (14, True)])
def test_no_verdict_before_two_weeks(days: int, learnt: bool) -> None:
    told = patience(lived(20, days=days), MONDAY + 10 * HOUR, ZONE)
    assert (told.after is not None) is learnt


def test_a_channel_heard_hardly_ever_is_never_judged() -> None:
    assert patience(lived(0), MONDAY, ZONE).after is None


def test_the_seldom_heard_are_given_more_patience_by_themselves() -> None:
    last = MONDAY + 10 * HOUR
    gaps = [after(lived(a_day), last) - last for a_day in (2, 10, 40, 200)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 2 * DAY
    assert SHORTEST <= gaps[-1] < 4 * HOUR


def test_nights_and_weekends_are_no_silence() -> None:
    friday = MONDAY + 4 * DAY + timedelta(hours=17, minutes=55)
    assert after(lived(60, weekend=0.0), friday) > MONDAY + 7 * DAY + 9 * HOUR
    evening = MONDAY + timedelta(hours=17, minutes=55)
    assert after(lived(60), evening) > MONDAY + DAY + 9 * HOUR


def test_public_holidays_are_hardly_heard() -> None:
    last = MONDAY + 10 * HOUR
    off = frozenset({MONDAY.toordinal(), MONDAY.toordinal() + 1})
    assert after(lived(40), last) < MONDAY + DAY
    assert after(lived(40), last, holidays=off) > MONDAY + 2 * DAY + 9 * HOUR


def test_a_decline_is_followed_and_a_wave_is_not() -> None:
    steady = lived(20)
    fewer, more = [], []
    for day in steady.days:
        late = day.ordinal >= steady.days[-8].ordinal and day.hours is not None
        fewer.append(day._replace(hours=bytes(hour // 3 for hour in day.hours)) if late and day.hours else day)
        more.append(day._replace(hours=bytes(hour * 4 for hour in day.hours)) if late and day.hours else day)
    last = MONDAY + 10 * HOUR
    usual = after(steady, last) - last
    assert after(replace(steady, days=tuple(fewer)), last) - last > 1.5 * usual
    model = model_of(tuple(more), MONDAY.toordinal(), frozenset())
    assert model is not None
    assert model.level <= 1.1


def test_nothing_is_waited_for_longer_than_three_weeks() -> None:
    habit = lived(1, days=50)
    thin = tuple(day if number % 3 == 0 or day.hours is None else day._replace(hours=EMPTY)
                 for number, day in enumerate(habit.days))  # fmt: skip
    last = MONDAY + 10 * HOUR
    assert after(replace(habit, days=thin), last) - last <= LONGEST + HOUR


def test_the_witness_tells_its_numbers_in_both_languages() -> None:
    last = MONDAY + 10 * HOUR
    memory = ChannelMemory(
        channel=channel(), diagnosis=quiet_state().channels[WAZZUP].diagnosis, since=MONDAY,
        patience=patience(lived(40), last, ZONE),
    )  # fmt: skip
    for language, words in (("ru", ("клиенты молчат", "вероятность")), ("en", ("no customer for", "1 in "))):
        told = witness(memory, language)
        assert told is not None
        assert all(word in told.word for word in words)
        assert told.at == last


@pytest.mark.parametrize(
    ("language", "at_first", "later"),
    [
        (
            "ru",
            "клиенты молчат 3 часа; обычно за это время приходит около 21 обращения, вероятность такой тишины на "
            "исправном канале 1 к 10 000",
            "клиенты молчат 2 дня; обычно уже за 3 часа приходит около 21 обращения, вероятность такой тишины на "
            "исправном канале меньше 1 к 10 000",
        ),
        (
            "en",
            "no customer for 3 hours; about 21 conversations usually begin in that time, the chance of such a silence "
            "on a sound channel is 1 in 10 000",
            "no customer for 2 days; about 21 conversations usually begin in 3 hours already, the chance of such a "
            "silence on a sound channel is below 1 in 10 000",
        ),
    ],
)
def test_a_silence_that_goes_on_does_not_pass_its_first_hours_figures_off_as_its_own(
    language: str, at_first: str, later: str
) -> None:
    last = MONDAY + 10 * HOUR
    waited = Patience(since=last, after=last + 3 * HOUR, expected=21.2, chance=1e-4)
    diagnosis = quiet_state().channels[WAZZUP].diagnosis
    memory = ChannelMemory(channel=channel(), diagnosis=diagnosis, since=MONDAY, patience=waited)
    for now, word in ((last + 3 * HOUR, at_first), (last + 2 * DAY, later)):
        told = witness(memory, language, now)
        assert told is not None
        assert told.word == word


@pytest.mark.parametrize(
    ("url", "country"),
    [("https://acme.bitrix24.ru", "RU"), ("https://acme.bitrix24.by/x", "BY"), ("https://acme.bitrix24.com", "")],
)
def test_the_portals_address_tells_whose_holidays_count(url: str, country: str) -> None:
    assert country_of(make_policy(url=url)) == country


# --- through the desk: readings in, incidents out ------------------------------------------------------------------

POLICY = make_policy()
FLAG = FlagSeen(key=WAZZUP, error=False, configured=True, status=True)


def poll(state: PortalState, now: datetime, *findings: Finding, failure: Failure | None = None) -> Judgement:
    seen: tuple[Finding, ...] = (ClockSeen(portal=now, asked=now, answered=now), FLAG)
    seen += (ActivitiesSeen(sessions=(), watermark=now), *findings)
    reading = Reading(probe="x", source="bitrix24", at=now, findings=() if failure else seen, failure=failure)
    return judge(state, [reading], POLICY, Context(), now=now, real_now=now)


def quiet_state() -> PortalState:
    """A portal whose only channel was heard for four weeks, last on Monday at ten."""
    now = (MONDAY + 10 * HOUR).astimezone(UTC)
    state = PortalState(portal="acme", cursor=Cursor(settled=True, discovered=now, first_sight=now))
    state = poll(state, now).state
    habit = lived(40)
    memory = replace(
        state.channels[WAZZUP], habit=habit, last_inbound=now, patience=patience(habit, now, ZONE), since=now
    )
    return replace(state, channels={WAZZUP: memory})


def word_at(now: datetime) -> HistorySeen:
    session = Session(id=9, chat=9, line=1, connector=WAZZUP.connector, customer=900, created=now)
    message = Message(id=1, session=9, chat=9, at=now, author=Author.CUSTOMER, user=900)
    return HistorySeen(session=session, messages=(message,))


def silent_at(state: PortalState) -> datetime:
    told = state.channels[WAZZUP].patience
    assert told is not None
    assert told.after is not None
    return told.after


def test_a_connected_channel_that_is_silent_too_long_is_an_incident_until_somebody_writes() -> None:
    state = quiet_state()
    late = silent_at(state)
    assert poll(state, late - MINUTE).opened == ()
    judged = poll(state, late)
    (incident,) = judged.opened
    assert (incident.kind, incident.guaranteed) == (IncidentKind.CHANNEL_SILENT, False)
    assert judged.state.channels[WAZZUP].diagnosis.state is State.SILENT
    assert any("клиенты молчат" in line for line in incident.evidence)
    again = poll(judged.state, late + MINUTE)
    assert (again.opened, again.closed) == ((), ())
    spoke = poll(again.state, late + 2 * MINUTE, word_at(late + MINUTE))
    assert [one.close_reason for one in spoke.closed] == ["recovered"]
    assert spoke.state.channels[WAZZUP].diagnosis.state is State.CONNECTED


def test_a_word_that_comes_with_the_last_poll_is_in_time() -> None:
    state = quiet_state()
    late = silent_at(state)
    assert poll(state, late, word_at(late - MINUTE)).opened == ()


def test_nobody_is_silent_while_the_dialogs_are_not_read() -> None:
    state = quiet_state()
    late = silent_at(state)
    assert poll(state, late, failure=Failure(reason=Reason.TIMEOUT)).opened == ()
    stale = replace(state, cursor=replace(state.cursor, watermark=late - HOUR))
    reading = Reading(
        probe="x", source="bitrix24", at=late, findings=(ClockSeen(portal=late, asked=late, answered=late), FLAG)
    )
    assert judge(stale, [reading], POLICY, Context(), now=late, real_now=late).opened == ()


def test_after_an_outage_of_the_channel_patience_starts_anew() -> None:
    state = quiet_state()
    late = silent_at(state)
    memory = replace(state.channels[WAZZUP], outages=((late - HOUR, late - MINUTE),))
    told = poll(replace(state, channels={WAZZUP: memory}), late)
    assert told.opened == ()
    assert silent_at(told.state) > late + SHORTEST - 2 * MINUTE


def test_an_outage_of_the_portal_is_added_to_patience_once_and_costs_nothing_of_what_was_waited() -> None:
    state = quiet_state()
    late = silent_at(state)
    before = (late - 30 * MINUTE, late - 20 * MINUTE)
    state = poll(replace(state, memory=replace(state.memory, outages=(before,))), late - 15 * MINUTE).state
    assert silent_at(state) == late + 10 * MINUTE
    state = poll(state, late + MINUTE).state
    assert silent_at(state) == late + 10 * MINUTE
    again = (late + 2 * MINUTE, late + 8 * MINUTE)
    state = poll(replace(state, memory=replace(state.memory, outages=(before, again))), late + 9 * MINUTE).state
    assert silent_at(state) == late + 16 * MINUTE
    assert poll(state, late + 15 * MINUTE).opened == ()
    assert [one.kind for one in poll(state, late + 16 * MINUTE).opened] == [IncidentKind.CHANNEL_SILENT]


def test_of_an_outage_only_what_is_younger_than_the_last_word_counts() -> None:
    state = quiet_state()
    late = silent_at(state)
    around = (MONDAY + 10 * HOUR - 5 * MINUTE, MONDAY + 10 * HOUR + 5 * MINUTE)
    told = poll(replace(state, memory=replace(state.memory, outages=(around,))), late - MINUTE)
    assert silent_at(told.state) == late + 5 * MINUTE


@pytest.mark.parametrize("failures", [1, 3, 30])
def test_a_silence_outlives_an_outage_of_the_portal_with_its_times_and_without_a_change(failures: int) -> None:
    now = silent_at(quiet_state())
    state = poll(quiet_state(), now).state
    (incident,), silent = state.incidents, state.channels[WAZZUP]
    judged = []
    for number in range(failures + 5):
        now += MINUTE
        failure = Failure(reason=Reason.UNREACHABLE) if number < failures else None
        judged.append(poll(state, now, failure=failure))
        state = judged[-1].state
    assert incident in state.incidents
    assert [one.kind for told in judged for one in told.closed] == [IncidentKind.PORTAL_UNREACHABLE][: failures // 3]
    memory = state.channels[WAZZUP]
    assert (memory.diagnosis.state, memory.since, memory.flips) == (State.SILENT, silent.since, silent.flips)
    spoke = poll(state, now + MINUTE, word_at(now))
    assert [one.id for one in spoke.closed] == [incident]


def test_what_the_present_gap_does_not_tell_does_not_make_it_look_usual() -> None:
    state = quiet_state()
    tomorrow = poll(state, MONDAY + DAY + HOUR).state
    assert silent_at(tomorrow) == silent_at(state)
    assert tomorrow.channels[WAZZUP].habit.days[-1].ordinal == MONDAY.toordinal() + 1


def test_a_channel_that_is_broken_anyway_is_not_called_silent() -> None:
    state = quiet_state()
    late = silent_at(state)
    broken = FlagSeen(key=WAZZUP, error=True, configured=True, status=False)
    kinds = {one.kind for one in poll(poll(state, late, broken).state, late + MINUTE, broken).opened}
    assert kinds == {IncidentKind.QR_RESCAN_REQUIRED}


def test_while_it_is_learning_the_days_are_told() -> None:
    memory = replace(quiet_state().channels[WAZZUP], patience=None, habit=Habit(since=MONDAY.toordinal()))
    assert learnt_days(memory, MONDAY + 5 * DAY, ZONE) == 5
    assert learnt_days(quiet_state().channels[WAZZUP], MONDAY + 5 * DAY, ZONE) is None
