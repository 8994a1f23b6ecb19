"""Open incidents as alerts: labels, grouping, annotations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgement_parts import ERROR, MINUTE, OK, START, World, make_policy, make_turn, word

from monitor.core.alerts import Alert, alerts, labels_of
from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.model import State
from monitor.core.policy import Guarantee
from monitor.shell.store_records import decode, encode

# signals.md: every key an alert may have
KEYS = {
    *("alertname", "severity", "portal", "audience", "guaranteed", "line", "connector", "messenger", "state"),
    *("manager", "subject", "check", "source"),
}


def waiting(*messages: int) -> World:
    world = World()
    for index, message in enumerate(messages):
        world.dialog(make_turn(START + index * MINUTE, message=message))
        world.now = START + (19 + index) * MINUTE
        world.poll()
    return world


def test_a_rescan_is_an_alert_with_all_that_its_reader_needs() -> None:
    world = World(guarantee=Guarantee(option="messengers", start=START, end=START + timedelta(days=365)))
    world.poll(OK, ERROR, ERROR)
    ((labels, alert),) = alerts(world.state.incidents.values(), world.policy).items()
    assert dict(labels) == {
        "alertname": "QrRescanRequired",
        "severity": "critical",
        "portal": "acme",
        "audience": "integrator",
        "guaranteed": "yes",
        "line": "1",
        "connector": "wz_whatsapp_0a1b",
        "messenger": "whatsapp",
        "source": "bitrix24",
        "state": "qr_required",
    }
    assert alert.labels == labels
    incident = world.incident()
    assert dict(alert.annotations) == {
        "summary": "WhatsApp на линии «Продажи»: похоже, нужно заново отсканировать QR-код",
        "description": incident.words["ru"].description,
        "evidence": "\n".join(incident.evidence),
        "recommendation": incident.words["ru"].recommendation,
        "covered_why": "Входит в гарантию.",
        "runbook": "http://127.0.0.1:9460/runbooks/qr_rescan_required",
    }
    assert alert.starts_at == incident.starts_at
    assert alert.generator_url == f"http://127.0.0.1:9460/incidents/{incident.id}"


def test_the_words_are_in_the_policys_language() -> None:
    world = World(language="en")
    world.poll(OK, ERROR, ERROR)
    (alert,) = alerts(world.state.incidents.values(), world.policy).values()
    assert dict(alert.annotations)["summary"] == (
        'WhatsApp on line "Продажи": the QR code probably has to be scanned again'
    )


def test_several_dialogs_of_one_manager_on_one_channel_are_one_alert_told_by_the_oldest() -> None:
    world = waiting(90101, 90102, 90103)
    ((labels, alert),) = alerts(world.state.incidents.values(), world.policy).items()
    assert (dict(labels)["alertname"], dict(labels)["manager"]) == ("SlowReply", "12")
    assert dict(alert.annotations)["summary"] == (
        "Клиент ждёт ответа 20 минут: WhatsApp на линии «Продажи» (и ещё 2 таких же случая)"
    )
    assert dict(alert.annotations)["evidence"].count("IM_HISTORY") == 3
    assert alert.starts_at == START + 20 * MINUTE
    assert alert.generator_url.endswith(world.opened[0].id)


def test_the_dialogs_of_two_managers_are_two_alerts() -> None:
    world = World()
    for message, holder in ((90101, 12), (90102, 13)):
        world.dialog(make_turn(message=message, holder=holder))
    world.now = START + 19 * MINUTE
    world.poll()
    assert len(alerts(world.state.incidents.values(), world.policy)) == 2


@pytest.mark.parametrize(
    ("ends", "label", "why"),
    [(60, "yes", "Входит в гарантию."), (0, "no", "Не входит в гарантию: сейчас она не действует.")],
)
def test_an_alert_says_of_the_guarantee_what_held_at_its_opening(ends: int, label: str, why: str) -> None:
    """Also when the guarantee ends, early or not, while it is open; the incident itself tells of now."""
    year = Guarantee(option="messengers", start=START - timedelta(days=365), end=START + ends * MINUTE)
    world = World(guarantee=year)
    world.poll(*[ERROR] * 5)
    world.now = START + 90 * MINUTE
    world.poll(ERROR)
    (incident,) = world.state.incidents.values()
    assert (incident.guaranteed, incident.cover) == (False, "not_in_force")
    alert = only_alert(world)
    assert (dict(alert.labels)["guaranteed"], dict(alert.annotations)["covered_why"]) == (label, why)


def only_alert(world: World) -> Alert:
    (alert,) = alerts(world.state.incidents.values(), world.policy).values()
    return alert


@pytest.mark.parametrize("holder", [13, 0])
def test_a_dialog_that_is_handed_over_is_the_same_alert_whose_words_tell_who_has_it(holder: int) -> None:
    world = waiting(90101)
    before = only_alert(world)
    world.dialog(replace(make_turn(), holder=holder))
    world.poll()
    after = only_alert(world)
    assert (after.labels, after.starts_at) == (before.labels, before.starts_at)
    assert dict(after.labels)["manager"] == "12"
    whose = "Диалог у сотрудника: сотрудник 13." if holder else "Диалог никто не взял, он в очереди."
    assert whose in dict(after.annotations)["description"]
    assert dict(world.incident().labels)["manager"] == (str(holder) if holder else "queue")


def test_a_channel_that_is_down_for_another_cause_is_another_alert_that_tells_state_and_guarantee() -> None:
    year = Guarantee(option="messengers", start=START, end=START + timedelta(days=365))
    world = World(guarantee=year)
    world.poll(OK, said=word(State.CONNECTED))
    for state in (State.MISCONFIGURED, State.BANNED):
        for _ in range(2):
            world.poll(OK, said=word(state))
        if state is State.MISCONFIGURED:
            before = only_alert(world)
    after = only_alert(world)
    told = [(dict(one.labels)["state"], dict(one.labels)["guaranteed"]) for one in (before, after)]
    assert told == [("misconfigured", "yes"), ("banned", "no")]
    assert [dict(one.annotations)["covered_why"].partition(":")[0] for one in (before, after)] == [
        "Входит в гарантию.",
        "Не входит в гарантию",
    ]
    assert [one.close_reason for one in world.closed] == ["changed"]


def test_an_incident_of_an_earlier_version_keeps_the_labels_that_were_posted_last() -> None:
    world = waiting(90101)
    posted = only_alert(world).labels
    (incident,) = world.state.incidents.values()
    body = msgspec.json.decode(encode(incident))
    del body["alert"]
    kept = decode(msgspec.json.encode(body).decode(), Incident)
    assert labels_of(kept, "acme") == posted
    world.state = replace(world.state, incidents={kept.id: kept})
    world.dialog(replace(make_turn(), holder=13))
    world.poll()
    assert only_alert(world).labels == posted
    restarted = decode(encode(world.incident()), Incident)
    assert labels_of(restarted, "acme") == posted


def test_the_evidence_of_many_dialogs_is_capped_and_the_rest_counted() -> None:
    world = waiting(*range(90101, 90109))
    (alert,) = alerts(world.state.incidents.values(), make_policy(language="en")).values()
    evidence = dict(alert.annotations)["evidence"]
    assert evidence.count("IM_HISTORY") == 5
    assert evidence.endswith("\n\nand 3 more such cases")


def test_five_dialogs_are_told_without_counting_a_rest() -> None:
    (alert,) = alerts(waiting(*range(90101, 90106)).state.incidents.values(), make_policy()).values()
    assert "ещё" not in dict(alert.annotations)["evidence"]
    (alert,) = alerts(waiting(*range(90101, 90107)).state.incidents.values(), make_policy()).values()
    assert dict(alert.annotations)["evidence"].endswith("и ещё 1 такой же случай")


def test_without_pages_there_is_no_link() -> None:
    world = waiting(90101)
    (alert,) = alerts(world.state.incidents.values(), make_policy(pages="")).values()
    assert alert.generator_url == ""


def test_nothing_open_is_no_alert() -> None:
    assert alerts([], make_policy()) == {}


def test_an_incidents_own_labels_cannot_replace_the_common_ones_and_empty_ones_vanish() -> None:
    world = waiting(90101)
    odd = replace(world.incident(), alert=(("portal", "other"), ("state", "")))
    assert dict(labels_of(odd, "acme"))["portal"] == "acme"
    assert "state" not in dict(labels_of(odd, "acme"))


INCIDENTS = st.builds(
    Incident,
    id=st.text("0123456789abcdef", min_size=12, max_size=12),
    kind=st.sampled_from(IncidentKind),
    subject=st.just("1/c"),
    severity=st.sampled_from(Severity),
    audience=st.sampled_from(Audience),
    guaranteed=st.booleans(),
    labels=st.sampled_from([(), (("line", "1"),), (("line", "1"), ("manager", "queue"))]),
    opened=st.just(START),
    starts_at=st.integers(min_value=0, max_value=99).map(lambda minutes: START + minutes * MINUTE),
    updated=st.just(START),
    evidence=st.just(("proof",)),
    words=st.just({"en": Words(summary="s", description="d", recommendation="r")}),
)


@given(st.lists(INCIDENTS, max_size=12))
def test_every_incident_is_in_exactly_one_alert_which_began_with_its_oldest(incidents: list[Incident]) -> None:
    told = alerts(incidents, make_policy())
    assert set(told) == {labels_of(one, "acme") for one in incidents}
    for labels, alert in told.items():
        members = [one for one in incidents if labels_of(one, "acme") == labels]
        assert alert.starts_at == min(one.starts_at for one in members)
        assert {name for name, _ in labels} <= KEYS
        assert dict(alert.annotations)["evidence"]


@given(st.permutations(range(4)))
def test_the_order_of_incidents_makes_no_difference(order: list[int]) -> None:
    incidents = list(waiting(90101, 90102, 90103, 90104).state.incidents.values())
    assert alerts([incidents[index] for index in order], make_policy()) == alerts(incidents, make_policy())
