"""Five portals of one provider within ten minutes are one outage: who counts, since when, until when, what it hides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from judgement_parts import ERROR, MINUTE, OK, START, WAZZUP, World, word

from monitor.core.alerts import alerts, together
from monitor.core.incident import IncidentKind
from monitor.core.model import State
from monitor.core.shared_cause import Outage, failing, is_news, joined, outages, told_by, untold

QR, OUT = IncidentKind.QR_RESCAN_REQUIRED, IncidentKind.PROVIDER_OUTAGE
LATER = START + timedelta(hours=1)


def fallen(*minutes: float, type_: str = "wazzup") -> dict[str, dict[str, object]]:
    return {f"p{place}": {type_: START + at * MINUTE} for place, at in enumerate(minutes)}


def outage(**facts: object) -> Outage:
    return Outage(**{"provider": "wazzup", "since": START, "portals": 5, "crowded": LATER, **facts})  # type: ignore[arg-type]


def test_four_portals_are_no_crowd_and_five_are() -> None:
    assert outages(fallen(0, 1, 2, 3), {}, LATER) == {}
    assert outages(fallen(0, 1, 2, 3, 4), {}, LATER) == {"wazzup": outage()}


def test_five_within_ten_minutes_to_the_second_and_not_one_later() -> None:
    assert outages(fallen(0, 1, 2, 3, 10), {}, LATER) != {}
    assert outages(fallen(0, 1, 2, 3, 10.02), {}, LATER) == {}


def test_old_troubles_of_others_do_not_hide_the_crowd_that_came_after_them() -> None:
    found = outages(fallen(-900, -500, -100, 0, 1, 2, 3, 4), {}, LATER)["wazzup"]
    assert (found.since, found.portals) == (START, 5)


def test_portals_of_different_providers_are_no_crowd() -> None:
    mixed = fallen(0, 1, 2) | {f"q{place}": {"umnico": START} for place in range(3)}
    assert outages(mixed, {}, LATER) == {}


def test_who_joins_late_joins_an_outage_that_goes_on() -> None:
    before = {"wazzup": outage()}
    found = outages(fallen(0, 1, 2, 3, 4, 55), before, LATER + MINUTE)["wazzup"]
    assert (found.since, found.portals, found.crowded) == (START, 6, LATER + MINUTE)


def test_the_last_ones_to_recover_belong_to_it_for_ten_minutes() -> None:
    before = {"wazzup": outage()}
    assert outages(fallen(0), before, LATER + timedelta(minutes=9)) == before
    assert outages(fallen(0), before, LATER + timedelta(minutes=10)) == {}


def test_an_outage_without_anybody_is_over() -> None:
    assert outages({}, {"wazzup": outage()}, LATER) == {}


def test_a_channel_counts_by_its_binding_or_by_the_connectors_id() -> None:
    world = World()
    world.poll(ERROR)
    assert failing(world.state, world.policy) == {"wazzup": START + MINUTE}


@pytest.mark.parametrize(
    "state", [State.BANNED, State.UNPAID, State.TOKEN_REVOKED, State.OPENED_ELSEWHERE, State.SILENT]
)
def test_a_trouble_of_the_customers_own_does_not_count(state: State) -> None:
    world = World()
    world.poll(ERROR)
    memory = world.memory()
    own = replace(memory, diagnosis=replace(memory.diagnosis, state=state))
    assert failing(replace(world.state, channels={WAZZUP: own}), world.policy) == {}


def test_software_on_the_customers_own_servers_has_no_provider_to_be_out() -> None:
    world = World()
    world.poll(OK, said=word(State.QR_REQUIRED))
    bound = str(world.memory().channel.provider)
    assert failing(world.state, replace(world.policy, provider_types={bound: "wazzup"})) != {}
    assert failing(world.state, replace(world.policy, provider_types={bound: "waha"})) == {}


def test_a_channel_out_of_sight_tells_nothing() -> None:
    world = World()
    world.poll(ERROR)
    world.fail(times=5)
    assert world.memory().hidden is not None
    assert failing(world.state, world.policy) == {}


def test_one_incident_of_the_provider_stands_in_the_place_of_the_channels() -> None:
    world = World()
    world.poll(OK)
    world.outages = {"wazzup": outage()}
    world.poll(ERROR)
    assert world.kinds() == []  # a single reading opens nothing here either
    world.poll(ERROR)
    incident = world.incident()
    assert (world.kinds(), incident.subject, incident.since) == ([OUT], "wazzup", START)
    assert incident.words["ru"].summary == "Сбой у провайдера Wazzup"
    assert incident.words["en"].summary == "An outage of Wazzup"
    assert "не пересканировать" in incident.words["ru"].recommendation
    assert incident.evidence[0].startswith("acme, линия 1, wz_whatsapp_0a1b: ")


def test_what_was_open_before_the_crowd_ends_with_a_word_of_the_outage() -> None:
    world = World()
    world.poll(ERROR, ERROR)
    assert world.kinds() == [QR]
    world.outages = {"wazzup": outage()}
    world.poll(ERROR)
    (closed,) = world.closed
    assert (world.kinds(), closed.kind, closed.close_reason) == ([OUT], QR, "shared")
    assert closed.words["ru"].summary.startswith("Это часть сбоя провайдера, о нём отдельная тревога")


def test_it_ends_on_a_portal_when_its_channels_are_settled() -> None:
    world = World()
    world.outages = {"wazzup": outage()}
    world.poll(ERROR, ERROR, OK, OK, OK)
    assert world.kinds() == [OUT]
    world.poll(OK)
    (closed,) = world.closed
    assert (world.kinds(), closed.kind, closed.close_reason) == ([], OUT, "recovered")
    assert closed.until == world.now - timedelta(minutes=3)  # the settle time is no part of the outage


def test_who_is_still_ill_when_it_is_over_elsewhere_gets_an_incident_of_his_own() -> None:
    world = World()
    world.outages = {"wazzup": outage()}
    world.poll(ERROR, ERROR)
    world.outages = {}
    world.poll(ERROR)
    assert world.kinds() == [QR]
    assert [one.close_reason for one in world.closed] == ["changed"]


def test_what_was_ill_long_before_is_no_part_of_it_and_keeps_its_own_incident() -> None:
    world = World()
    world.poll(ERROR, ERROR)
    world.outages = {"wazzup": outage(since=START + timedelta(hours=1))}
    world.wait(timedelta(hours=1))
    world.poll(ERROR, ERROR)
    assert (world.kinds(), world.closed) == ([QR], [])


def test_a_portal_with_an_old_trouble_counts_by_its_new_one() -> None:
    world = World()
    world.poll(ERROR)
    other = replace(world.memory(), since=START + 5 * MINUTE)
    state = replace(world.state, channels={**world.state.channels, WAZZUP._replace(line=2): other})
    assert failing(state, world.policy) == {"wazzup": START + 5 * MINUTE}


def test_a_portal_out_of_sight_keeps_the_incident_as_it_is() -> None:
    world = World()
    world.outages = {"wazzup": outage()}
    world.poll(ERROR, ERROR)
    world.fail(times=5)
    world.outages = {}
    world.fail(times=5)
    assert OUT in world.kinds()
    assert QR not in world.kinds()


def test_a_maintenance_opens_nothing_and_the_outage_of_another_provider_hides_nothing() -> None:
    world = World()
    world.outages = {"umnico": outage(provider="umnico")}
    world.poll(ERROR, ERROR)
    assert world.kinds() == [QR]


def test_its_alert_has_no_portal_so_that_all_portals_share_one_with_everybodys_evidence() -> None:
    told = []
    for name in ("acme", "rival"):
        world = World(portal=name)
        world.outages = {"wazzup": outage()}
        world.poll(ERROR, ERROR)
        told += alerts(world.state.incidents.values(), replace(world.policy, portal=name)).values()
    (one,) = together(told)
    assert dict(one.labels) == {
        "alertname": "ProviderOutage",
        "severity": "critical",
        "audience": "integrator",
        "provider": "wazzup",
    }
    evidence = dict(one.annotations)["evidence"]
    assert evidence.count("\n\n") == 1


def test_others_are_told_what_changed_on_our_portals_and_of_no_others() -> None:
    ours = fallen(0, 1) | {"well": {}, "recovered": {}}
    told = {"p0": ours["p0"], "recovered": {"wazzup": START}, "theirs": {"wazzup": START}}
    assert untold(ours, told) == {"p1": ours["p1"], "recovered": {}}
    assert untold(ours, told | {"p1": ours["p1"], "recovered": {}}) == {}


def test_an_outage_over_several_processes_is_the_same_one_for_whoever_counts_next() -> None:
    """Ada has two of the portals, Bela three; she dies, and those who began it recover."""
    ada, bela = fallen(0, 1), {f"b{place}": {"wazzup": START + place * MINUTE} for place in range(3)}
    assert (outages(ada, {}, LATER), outages(bela, {}, LATER)) == ({}, {})
    kept = outages(ada | bela, {}, LATER)
    assert is_news({}, kept)
    late = {f"late{place}": {"wazzup": START + (30 + place) * MINUTE} for place in range(3)}
    after = outages(bela | late, kept, LATER + MINUTE)
    assert after["wazzup"].since == kept["wazzup"].since == START
    assert outages(bela | late, {}, LATER + MINUTE) == {}, "who does not know of it would see none"


def test_the_last_moment_of_a_crowd_is_kept_by_the_minute_and_what_begins_or_ends_at_once() -> None:
    before = {"wazzup": outage()}
    assert not is_news(before, {"wazzup": outage(crowded=LATER + timedelta(seconds=59), portals=6)})
    assert is_news(before, {"wazzup": outage(crowded=LATER + MINUTE)})
    assert is_news(before, {"wazzup": outage(since=START + MINUTE)})
    assert is_news(before, {})


def test_a_portal_tells_of_an_outage_by_its_open_incident_as_of_its_last_good_poll() -> None:
    world = World()
    world.poll(OK)
    assert told_by(world.state) == {}
    world.outages = {"wazzup": outage()}
    world.poll(ERROR, ERROR)
    assert told_by(world.state) == {"wazzup": outage(portals=1, crowded=world.now)}
    seen = world.now
    world.fail(times=2)
    assert told_by(world.state)["wazzup"].crowded == seen


def test_what_several_portals_tell_began_with_the_first_of_them_and_was_seen_by_the_last() -> None:
    first, last = outage(portals=1), outage(portals=1, since=START + MINUTE, crowded=LATER + MINUTE)
    both = {"wazzup": outage(portals=1, crowded=LATER + MINUTE)}
    assert joined({"wazzup": first}, {"wazzup": last}) == joined({"wazzup": last}, {"wazzup": first}) == both
    assert joined({"wazzup": first}, {}) == {"wazzup": first}
