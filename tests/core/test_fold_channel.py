"""What one reading changes in what is remembered of a channel."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from judgement_parts import BOT, ERROR, MINUTE, OFF, OK, START, TIMEOUT, WAZZUP, World, channel, flag, make_policy, word

from monitor.core.fold import fold_channel
from monitor.core.memory import ChannelMemory, Proof
from monitor.core.model import Author, Certainty, Message, State
from monitor.core.traffic import fold_traffic

POLICY = make_policy()


def seen(*polls: tuple[bool, bool, bool]) -> World:
    world = World()
    world.poll(*polls)
    return world


def test_the_first_sight_of_a_channel_is_a_flip_from_nothing() -> None:
    world = seen(OK)
    (flip,) = world.flips
    assert (flip.before, flip.after, flip.at) == (None, State.CONNECTED, START + MINUTE)
    assert world.memory().flips == ()


def test_a_state_keeps_its_beginning_and_counts_its_readings() -> None:
    memory = seen(OK, ERROR, ERROR, ERROR).memory()
    assert (memory.diagnosis.state, memory.since, memory.streak) == (State.QR_REQUIRED, START + 2 * MINUTE, 3)


def test_a_reading_that_was_not_made_leaves_the_memory_as_it_was() -> None:
    memory = seen(OK, ERROR).memory()
    after, flip = fold_channel(memory, memory.channel, None, None, False, POLICY, START + 9 * MINUTE)
    assert after is memory
    assert flip is None


def test_the_time_of_recovery_is_that_of_the_first_connected_reading() -> None:
    memory = seen(ERROR, OK, OK).memory()
    assert (memory.well, memory.well_since) == (2, START + 2 * MINUTE)
    assert seen(ERROR, OK, ERROR).memory().well_since is None


def test_a_configured_flag_is_never_forgotten() -> None:
    memory = seen(OK, OFF).memory()
    assert (memory.was_configured, memory.diagnosis.cause) == (True, "disconnected_by_somebody")


def test_a_providers_word_heard_once_is_not_counted_again_with_every_flag() -> None:
    world = World()
    world.poll(OK, said=word(State.BANNED))
    world.poll(OK, OK, OK)
    assert (world.memory().diagnosis.state, world.memory().streak) == (State.BANNED, 1)
    world.hear(word(State.BANNED))
    assert world.memory().streak == 2


def test_a_providers_word_is_forgotten_with_its_binding() -> None:
    world = World()
    world.poll(OK, said=word(State.BANNED))
    memory, _ = fold_channel(world.memory(), channel(), flag(WAZZUP, OK), None, False, POLICY, START + 5 * MINUTE)
    assert (memory.provider, memory.provider_at, memory.diagnosis.state) == (None, None, State.CONNECTED)


def test_each_witness_has_the_time_of_its_own_last_reading() -> None:
    world = World()
    world.poll(OK, said=word(State.CONNECTED))
    world.poll(OK)
    assert (world.memory().flag_at, world.memory().provider_at) == (START + 2 * MINUTE, START + MINUTE)
    world.poll()
    world.hear(word(State.CONNECTED))
    assert (world.memory().flag_at, world.memory().provider_at) == (START + 2 * MINUTE, START + 3 * MINUTE)


def test_a_witness_keeps_the_time_when_it_first_said_so() -> None:
    (proof,) = seen(OK, ERROR, ERROR, ERROR).memory().diagnosis.proof
    assert proof == Proof(source="bitrix24", word="ERROR=true, CONFIGURED=true, STATUS=false", at=START + 2 * MINUTE)


def test_changes_are_remembered_for_an_hour() -> None:
    world = seen(OK, ERROR, OK)
    assert len(world.memory().flips) == 2
    world.wait(timedelta(hours=1))
    world.poll(OK)
    assert world.memory().flips == ()


def test_a_portal_out_of_sight_makes_its_channels_unknown_and_keeps_their_times() -> None:
    world = seen(OK, OK)
    before = world.memory()
    world.fail(times=3)
    blind = world.memory()
    assert (blind.diagnosis.state, blind.diagnosis.certainty) == (State.UNKNOWN, Certainty.NONE)
    assert (blind.diagnosis.cause, blind.hidden) == ("out_of_sight", before.diagnosis)
    assert (blind.since, blind.flag_at, blind.streak) == (before.since, before.flag_at, before.streak)


def test_what_was_seen_before_comes_back_as_it_was() -> None:
    world = seen(OK, OK, ERROR, ERROR)
    before = world.memory()
    world.fail(times=5)
    world.poll()
    world.poll()
    after = world.memory()
    assert (after.diagnosis, after.since, after.streak) == (before.diagnosis, before.since, before.streak)
    assert (after.hidden, after.flips) == (None, before.flips)
    assert [flip.after for flip in world.flips[-2:]] == [State.UNKNOWN, State.QR_REQUIRED]


def test_losing_sight_of_a_channel_ends_no_outage_and_begins_none() -> None:
    world = seen(OK)
    world.fail(times=3)
    assert world.memory().outages == ()
    broken = seen(OK, ERROR)
    broken.fail(times=3)
    assert broken.memory().outages == ((START + 2 * MINUTE, None),)
    broken.poll(OK, OK)
    assert broken.memory().outages == ((START + 2 * MINUTE, START + 7 * MINUTE),)


def test_flags_read_while_the_portals_incident_is_still_open_show_when_it_closes() -> None:
    world = seen(OK, OK)
    world.fail(times=3)
    world.poll(ERROR)
    assert (world.memory().diagnosis.state, world.memory().streak) == (State.UNKNOWN, 1)
    world.poll(ERROR)
    assert (world.memory().diagnosis.state, world.memory().streak) == (State.QR_REQUIRED, 2)


def test_what_the_provider_says_stays_in_sight_without_the_portal() -> None:
    world = World()
    world.poll(OK, said=word(State.CONNECTED, "active"))
    world.fail(times=3)
    assert (world.memory().diagnosis.state, world.memory().hidden) == (State.CONNECTED, None)


def test_what_the_flag_says_against_the_provider_is_out_of_sight_with_the_portal() -> None:
    world = World()
    world.poll(OK, said=word(State.CONNECTED))
    world.poll(OFF)
    assert world.memory().diagnosis.cause == "refused_by_portal"
    world.fail(times=3)
    assert world.memory().diagnosis.state is State.UNKNOWN


def test_an_absent_phone_stays_absent_over_reconnects() -> None:
    world = World()
    for state in (State.PHONE_OFFLINE, State.CONNECTING, State.PHONE_OFFLINE):
        world.poll(OK, said=word(state))
    assert world.memory().phone_gone == START + MINUTE
    world.poll(OK, said=word(State.CONNECTED))
    assert world.memory().phone_gone is None


def test_silence_shows_while_it_is_witnessed() -> None:
    world = seen(OK)
    quiet = Proof(source="traffic", word="6 h without a message", at=START)
    memory, flip = fold_channel(
        world.memory(), channel(), flag(WAZZUP, OK), None, False, POLICY, START + 2 * MINUTE, silence=quiet
    )
    assert (memory.diagnosis.state, memory.diagnosis.certainty) == (State.SILENT, Certainty.LIKELY)
    assert flip is not None
    memory, _ = fold_channel(memory, channel(), None, None, False, POLICY, START + 3 * MINUTE)
    assert memory.diagnosis.state is State.CONNECTED


def test_with_a_webhook_a_channel_is_unknown_until_its_provider_speaks() -> None:
    policy = make_policy(webhook_only=True)
    memory, _ = fold_channel(None, channel(BOT), None, None, False, policy, START)
    assert (memory.diagnosis.state, memory.diagnosis.cause) == (State.UNKNOWN, "webhook_only")
    memory, _ = fold_channel(memory, channel(BOT, bound=True), None, word(State.CONNECTED), False, policy, START)
    assert memory.diagnosis.state is State.CONNECTED


def message(number: int, author: Author, minute: int) -> Message:
    return Message(id=number, session=1, chat=1, at=START + minute * MINUTE, author=author)


def test_traffic_counts_people_and_what_was_sent_to_them_but_no_notes() -> None:
    memory = seen(OK).memory()
    after = fold_traffic(
        memory,
        [
            message(1, Author.CUSTOMER, 1),
            message(2, Author.AUTOMATIC, 2),
            message(3, Author.NOTICE, 3),
            message(4, Author.WHISPER, 4),
            message(5, Author.MANAGER, 5),
            message(6, Author.BOT, 6),
        ],
    )
    assert (after.received, after.sent) == (1, 3)
    assert (after.last_inbound, after.last_outbound) == (START + MINUTE, START + 6 * MINUTE)


def test_older_messages_read_later_do_not_move_the_last_moments_back() -> None:
    memory = fold_traffic(seen(OK).memory(), [message(9, Author.CUSTOMER, 9)])
    after = fold_traffic(memory, iter([message(1, Author.CUSTOMER, 1)]))
    assert (after.last_inbound, after.received) == (START + 9 * MINUTE, 2)


BITS = st.sampled_from([OK, ERROR, OFF])
SAID = st.none() | st.sampled_from(list(State)).map(word)


@given(st.lists(st.tuples(BITS, SAID), min_size=1, max_size=15))
def test_since_never_runs_ahead_and_streaks_are_never_longer_than_the_story(story: list) -> None:
    world = World()
    for bits, said in story:
        world.poll(bits, said=said)
        memory: ChannelMemory = world.memory()
        assert memory.since <= world.now
        assert 1 <= memory.streak <= len(story)
        assert (memory.well > 0) == (memory.diagnosis.state is State.CONNECTED)
        assert (memory.well_since is not None) == (memory.well > 0)


@given(st.lists(st.tuples(BITS, SAID), min_size=1, max_size=8), st.integers(min_value=1, max_value=6))
def test_failed_polls_change_nothing_that_is_known_of_a_channel(story: list, fails: int) -> None:
    world = World()
    for bits, said in story:
        world.poll(bits, said=said)
    before = world.memory()
    world.fail(TIMEOUT, times=fails)
    world.poll()
    world.poll()
    after = world.memory()
    assert (after.diagnosis, after.since, after.flips) == (before.diagnosis, before.since, before.flips)
