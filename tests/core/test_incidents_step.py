"""What holds for every story: identity, no doubles, nothing from failed readings."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from judgement_parts import (
    DENIED,
    ERROR,
    MINUTE,
    OFF,
    OK,
    REFUSED,
    START,
    TIMEOUT,
    World,
    ended,
    make_policy,
    make_turn,
    word,
)

from monitor.core.assessment import Assessment, Say, Texts
from monitor.core.incident import IncidentKind, Severity, Words
from monitor.core.incidents import identity, step
from monitor.core.model import State
from monitor.core.turn import Verdict

QR = IncidentKind.QR_RESCAN_REQUIRED
WORDS = {"ru": Words(summary="s", description="d", recommendation="r")}


def opening(kind: IncidentKind = QR, subject: str = "1/c", **more: object) -> Assessment:
    texts = Texts(evidence=("e",), words=WORDS)
    return Assessment(kind=kind, subject=subject, say=Say.OPEN, texts=texts, **more)  # type: ignore[arg-type]  # named by the tests


def test_an_incidents_id_is_the_same_wherever_it_is_computed() -> None:
    assert identity("acme", QR, "1/c", START) == identity("acme", QR, "1/c", START) == "f8b5197f960a"
    assert identity("acme", QR, "2/c", START) != identity("acme", QR, "1/c", START)
    assert identity("acme", QR, "1/c", START + MINUTE) != identity("acme", QR, "1/c", START)


def test_the_same_assessments_again_change_nothing_at_all() -> None:
    policy = make_policy()
    first = step({}, [opening()], policy, START, START)
    again = step(first.open, [opening()], policy, START + MINUTE, START + MINUTE)
    assert again.open is first.open
    assert (again.opened, again.updated, again.closed) == ((), (), ())


def test_an_incident_keeps_its_start_while_its_facts_change() -> None:
    policy = make_policy()
    first = step({}, [opening()], policy, START, START + timedelta(days=1))
    changed = opening(severity=Severity.CRITICAL, labels=(("manager", "13"),))
    (after,) = step(first.open, [changed], policy, START + MINUTE, START + timedelta(days=2)).updated
    (before,) = first.opened
    assert (after.id, after.opened, after.starts_at) == (before.id, before.opened, START + timedelta(days=1))
    assert (after.severity, after.labels, after.updated) == (
        Severity.CRITICAL,
        (("manager", "13"),),
        START + MINUTE,
    )


def test_what_no_rule_speaks_of_stays_open() -> None:
    first = step({}, [opening(IncidentKind.EXPIRED, "wazzup")], make_policy(), START, START)
    assert step(first.open, [], make_policy(), START + MINUTE, START).open is first.open


def test_a_rule_that_holds_opens_nothing() -> None:
    held = Assessment(kind=QR, subject="1/c", say=Say.HOLD)
    assert step({}, [held], make_policy(), START, START).open == {}


def test_closing_what_is_not_open_closes_nothing() -> None:
    over = Assessment(kind=QR, subject="1/c", say=Say.CLOSE, close_reason="recovered")
    assert step({}, [over], make_policy(), START, START).closed == ()


def test_a_cause_that_opens_in_the_same_step_hides_its_symptom() -> None:
    symptoms = [opening(IncidentKind.CHANNEL_SILENT), opening(IncidentKind.CHANNEL_DEGRADED, "2/d")]
    after = step({}, [*symptoms, opening()], make_policy(), START, START)
    assert {(one.kind, one.subject) for one in after.opened} == {(QR, "1/c"), (IncidentKind.CHANNEL_DEGRADED, "2/d")}


def test_a_cause_that_closes_in_the_same_step_hides_nothing() -> None:
    policy = make_policy()
    first = step({}, [opening()], policy, START, START)
    over = Assessment(kind=QR, subject="1/c", say=Say.CLOSE, close_reason="changed")
    after = step(first.open, [opening(IncidentKind.CHANNEL_DEGRADED), over], policy, START + MINUTE, START)
    assert [one.kind for one in after.opened] == [IncidentKind.CHANNEL_DEGRADED]


def test_a_portal_out_of_sight_hides_only_what_is_read_through_it() -> None:
    portal = opening(IncidentKind.PORTAL_UNREACHABLE, "portal", through_portal=False)
    expiry = opening(IncidentKind.EXPIRED, "wazzup", through_portal=False)
    after = step({}, [opening(), expiry, portal], make_policy(), START, START)
    assert {one.kind for one in after.opened} == {IncidentKind.PORTAL_UNREACHABLE, IncidentKind.EXPIRED}


@st.composite
def stories(draw: st.DrawFn) -> World:
    """Any mixture of good and failed polls, provider words, pauses and answers."""
    world = World()
    world.dialog(make_turn())
    acts = st.sampled_from(["flag", "word", "both", "fail", "pause", "answer", "open"])
    for act in draw(st.lists(acts, max_size=25)):
        bits = draw(st.sampled_from([OK, ERROR, OFF]))
        said = word(draw(st.sampled_from(list(State))))
        if act == "fail":
            world.fail(draw(st.sampled_from([TIMEOUT, DENIED, REFUSED])))
        elif act == "pause":
            world.wait(draw(st.sampled_from([10 * MINUTE, timedelta(hours=2), timedelta(days=11)])))
        elif act in {"answer", "open"}:
            turn = make_turn()
            world.dialog(turn if act == "open" else ended(turn, Verdict.LATE, world.now))
            world.poll()
        elif act == "word":
            world.now += timedelta(seconds=1)  # no two words come at once
            world.hear(said)
        else:
            world.poll(bits, said=said if act == "both" else None)
    return world


@settings(max_examples=60, deadline=None)
@given(stories())
def test_no_story_has_two_open_incidents_of_one_kind_and_subject(world: World) -> None:
    names = [(one.kind, one.subject) for one in world.state.incidents.values()]
    assert len(names) == len(set(names))
    assert len({one.id for one in world.opened}) == len(world.opened)
    assert set(world.state.incidents) == {one.id for one in world.opened} - {one.id for one in world.closed}


@settings(max_examples=60, deadline=None)
@given(stories(), st.integers(min_value=1, max_value=80))
def test_failed_polls_open_and_close_nothing_but_the_portals_own_incidents(world: World, fails: int) -> None:
    before = {one.id for one in world.state.incidents.values() if not one.kind.startswith("portal")}
    world.fail(TIMEOUT, times=fails)
    assert {one.id for one in world.state.incidents.values() if not one.kind.startswith("portal")} == before


@settings(max_examples=40, deadline=None)
@given(stories())
def test_every_incident_has_evidence_and_words_in_both_languages_and_no_hole_in_them(world: World) -> None:
    for one in [*world.opened, *world.closed, *world.state.incidents.values()]:
        assert one.evidence
        assert set(one.words) == {"ru", "en"}
        for words in one.words.values():
            for text in (words.summary, words.description, words.recommendation):
                assert text
                assert "{" not in text


@settings(max_examples=40, deadline=None)
@given(stories())
def test_every_story_ends_in_peace_when_all_is_well_again(world: World) -> None:
    turn = make_turn()
    world.dialog(ended(turn, Verdict.LATE, world.now))
    world.wait(timedelta(hours=2))
    for _ in range(8):
        world.poll(OK, said=word(State.CONNECTED))
    world.wait(timedelta(hours=2))
    world.poll(OK, said=word(State.CONNECTED))
    assert world.kinds() == []
