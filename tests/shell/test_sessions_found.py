"""Sessions that no activity tells of: each is found, read once, and looked at again in its turn, at a bounded cost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from found_parts import HISTORY, MINUTE, Polls

from monitor.core.gaps import HOLES_FOR
from monitor.core.model import Failure, Reason
from probes._numbers import CHASED, FAR, FEW, LEAPS, MOST, NEAR, ROTATING, share

BLOCKED = Failure(reason=Reason.THROTTLED, code="OPERATION_TIME_LIMIT")


async def settled(*, first: int = 0) -> Polls:
    """A portal without CRM whose dialogs are all known and answered."""
    polls = Polls()
    polls.world.sessions_go_on_after(first)
    for dialog in polls.write(8):
        polls.world.operator_writes(dialog, 12)
    assert await polls.until(*polls.world.dialogs.values(), within=20) <= 20
    await polls.poll(15)
    assert polls.state.cursor.settled
    assert not polls.state.cursor.holes
    return polls


# --- open dialogs, looked at in turn --------------------------------------------------------------------------------


@pytest.mark.parametrize("skipped", [1, 2, 3, 4, 5, 10])
@pytest.mark.parametrize("many", [1, 10, 11, 20, 25, 30, 50, 137])
def test_each_gets_his_turn_alike_often_also_where_polls_keep_being_left_out(many: int, skipped: int) -> None:
    rounds = -(-many // 10)
    told = [share(range(many), 10, 29_000_000 + number * skipped) for number in range(40 * rounds)]
    assert {len(one) for one in told} == {min(many, 10)}
    times = Counter(one for some in told for one in some)
    assert max(times.values()) <= 1.5 * min(times[one] for one in range(many))
    for start in range(30 * rounds) if skipped == 1 else ():
        assert set().union(*told[start : start + 2 * rounds]) == set(range(many))


async def test_of_many_open_dialogs_each_is_looked_at_in_turn_by_ten_at_a_poll() -> None:
    polls = await settled()
    polls.write(27)
    await polls.poll(20)
    seen = Counter[int]()
    for _ in range(8):
        await polls.poll()
        assert len(polls.chats()) == 10
        seen.update(polls.chats())
    assert len(seen) == 35


async def test_an_answer_in_a_dialog_behind_ten_silent_ones_is_seen() -> None:
    polls = await settled()
    *_, last = polls.write(15)
    await polls.poll(20)
    polls.world.operator_writes(last, 12)
    await polls.poll(6)
    assert polls.state.sessions[last.id].last_message == last.messages[-1].id


# --- new ones ahead -------------------------------------------------------------------------------------------------


async def test_where_nothing_is_new_one_request_asks_for_a_few_ids() -> None:
    polls = await settled()
    highest = polls.state.cursor.highest_session
    ahead = set[int]()
    for _ in range(2 * FAR):
        await polls.poll()
        assert polls.call.requests == 1
        assert len(polls.histories()) <= len(LEAPS)
        ahead.update(polls.histories())
    assert ahead >= set(range(highest + 1, highest + FAR + 1))


@pytest.mark.parametrize("gap", [1, 4, 5, 6, 12, FAR])
async def test_a_session_beyond_a_gap_is_found(gap: int) -> None:
    polls = await settled()
    two_rounds = 2 * (FAR - NEAR) // ROTATING
    assert await polls.until(*polls.write(step=gap), within=two_rounds) <= two_rounds


async def test_a_gap_wider_than_what_is_looked_at_ends_nothing_for_good() -> None:
    polls = await settled()
    assert await polls.until(*polls.write(step=50), *polls.write(30), within=75) <= 75


async def test_a_session_in_a_gap_that_can_be_read_later_is_found() -> None:
    polls = await settled()
    late, beyond = *polls.write(), *polls.write(step=11)
    del polls.world.dialogs[late.id]
    assert await polls.until(beyond, within=20) <= 20
    await polls.poll(3)
    polls.world.dialogs[late.id] = late
    assert await polls.until(late, within=5) <= 5


@pytest.mark.parametrize("many", [1, 4, 8, 12])
async def test_a_burst_is_found_at_once(many: int) -> None:
    polls = await settled()
    assert await polls.until(*polls.write(many), within=2) <= (1 if many <= NEAR + CHASED else 2)
    assert polls.call.requests <= 3


async def test_a_great_burst_is_found_in_a_few_polls() -> None:
    polls = await settled()
    assert await polls.until(*polls.write(60), within=8) <= 8


# --- a portal without CRM that does not begin near one ----------------------------------------------------------------


@pytest.mark.parametrize("first", [0, 40, 7300, 60_000])
async def test_dialogs_that_begin_anywhere_are_found(first: int) -> None:
    polls = Polls()
    polls.world.sessions_go_on_after(first)
    assert await polls.until(*polls.write(45 if first < 10_000 else 500), within=180) <= 180


async def test_one_that_is_told_elsewhere_shows_where_they_are_at_once() -> None:
    polls = Polls()
    polls.world.sessions_go_on_after(730_000)
    polls.call.methods.is_member = True
    assert await polls.until(*polls.write(3), within=10) <= 6


async def test_an_old_activity_shows_where_they_are_at_once() -> None:
    polls = Polls()
    polls.world.sessions_go_on_after(730_000)
    old = polls.write(line=2)
    polls.world.close(old[0])
    polls.pass_(timedelta(days=40))
    assert await polls.until(*polls.write(3), within=10) <= 6
    assert old[0].id not in polls.state.sessions


async def test_a_portal_without_dialogs_pays_little_for_it_after_a_while() -> None:
    polls = Polls()
    await polls.poll(3)
    assert len(polls.histories()) <= MOST
    await polls.poll(125)
    for _ in range(70):
        await polls.poll()
        assert polls.call.requests == 1
        assert len(polls.histories()) <= NEAR + FEW


async def test_the_first_dialog_of_a_portal_is_read_at_the_next_poll() -> None:
    polls = Polls()
    polls.world.sessions_go_on_after(0)
    await polls.poll(200)
    assert await polls.until(*polls.write(), within=1) == 1


async def test_an_unlucky_poll_at_first_sight_does_not_tell_where_the_ids_end() -> None:
    for failure in (BLOCKED, Failure(reason=Reason.TIMEOUT), Failure(reason=Reason.UNREACHABLE)):
        polls = Polls()
        polls.world.sessions_go_on_after(0)
        written = polls.write(60)
        polls.call.fails[HISTORY] = failure
        await polls.poll(10)
        assert not polls.state.cursor.settled
        polls.call.fails.clear()
        assert await polls.until(*written, within=15) <= 15


async def test_it_is_not_waited_for_ever_for_a_lucky_one() -> None:
    polls = Polls()
    polls.call.fails[HISTORY] = Failure(reason=Reason.TIMEOUT)
    await polls.poll(70)
    assert polls.state.cursor.settled


# --- after a pause, and at first sight ------------------------------------------------------------------------------


async def most_of(polls: Polls, many: int) -> int:
    """The most unknown ids that one of so many polls asked for."""
    return max([len(polls.strangers) for _ in range(many) if await polls.poll()])


async def test_after_a_pause_all_that_began_in_it_is_read_the_newest_soon() -> None:
    polls = await settled()
    polls.pass_(timedelta(hours=3))
    written = polls.write(300)
    assert await polls.until(written[-1], within=12) <= 12
    assert await polls.until(*written, within=20) <= 20


async def test_after_a_pause_a_poll_asks_for_no_more_than_four_batches_of_unknown_ids() -> None:
    polls = await settled()
    polls.pass_(timedelta(hours=3))
    polls.write(300)
    assert await most_of(polls, 40) <= MOST + CHASED


async def test_after_a_pause_those_without_crm_between_others_are_read() -> None:
    polls = await settled()
    polls.pass_(timedelta(hours=1))
    written = [one for n in range(80) for one in polls.write(line=1 + n % 2)]
    assert await polls.until(*written, within=10) <= 10


async def test_after_a_pause_a_gap_wider_than_what_is_looked_at_is_leapt_over() -> None:
    polls = await settled()
    polls.pass_(timedelta(hours=1))
    polls.world.sessions_go_on_after(polls.state.cursor.highest_session + 40)
    assert await polls.until(*polls.write(40), within=8) <= 8


TIMEOUT, UNREACHABLE = Failure(reason=Reason.TIMEOUT), Failure(reason=Reason.UNREACHABLE)
UNREADABLE = Failure(reason=Reason.MALFORMED)


@pytest.mark.parametrize("failure", [BLOCKED, TIMEOUT, UNREACHABLE, UNREADABLE], ids=lambda one: one.reason.value)
async def test_a_failure_that_passes_costs_no_id_its_turn(failure: Failure) -> None:
    polls = await settled()
    polls.pass_(timedelta(hours=1))
    written = polls.write(100)
    polls.write(line=2)
    await polls.poll()
    polls.call.fails[HISTORY] = failure
    await polls.poll(15)
    polls.call.fails.clear()
    assert await polls.until(*written, within=10) <= 10


async def test_at_first_sight_all_of_the_history_is_read_and_nothing_older() -> None:
    polls = Polls()
    ancient = polls.write(30)
    polls.pass_(timedelta(days=20))
    gone = polls.write(200)
    for dialog in gone:
        polls.world.operator_writes(dialog, 12)
        polls.world.close(dialog)
    polls.pass_(timedelta(days=5))
    written = polls.write(100)
    await polls.poll(100)
    assert {one.id for one in written} <= set(polls.state.sessions)
    assert not {one.id for one in ancient} & set(polls.state.sessions)
    assert Counter(turn.session for turn in polls.ended) == Counter(one.id for one in gone)
    await polls.poll(30)
    assert Counter(turn.session for turn in polls.ended) == Counter(one.id for one in gone)
    assert (polls.state.cursor.descent, polls.state.cursor.holes) == (0, ())


async def test_at_first_sight_dialogs_that_are_listed_are_not_read_twice() -> None:
    polls = Polls()
    polls.pass_(timedelta(days=-5))
    closed = [one for n in range(120) for one in polls.write(line=1 + n % 2)]
    for dialog in closed:
        polls.world.operator_writes(dialog, 12)
        polls.world.close(dialog)
    polls.pass_(timedelta(days=5))
    await polls.poll(40)
    assert Counter(turn.session for turn in polls.ended) == Counter(one.id for one in closed)


async def test_at_first_sight_a_poll_asks_for_no_more_than_three_batches_of_them() -> None:
    polls = Polls()
    polls.write(150)
    assert await most_of(polls, 40) <= MOST
    await polls.poll(int(HOLES_FOR / MINUTE) + 1)
    await polls.poll()
    assert polls.call.requests == 1
