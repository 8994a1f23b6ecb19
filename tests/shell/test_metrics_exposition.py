"""What Prometheus reads: complete, escaped, the same in meaning as the reference client's, and gone with its portal."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from monitor.core.memory import ChannelMemory, Diagnosis, PortalMemory, PortalState
from monitor.core.model import Certainty, Channel, Line, Manager, Messenger, State
from monitor.core.policy import Policy
from monitor.core.samples import Sample, Shown, samples_of
from monitor.core.signals import BUCKETS, BY_NAME
from monitor.core.turn import Turn, Verdict
from monitor.shell.exposition import Exposition
from monitor.shell.metrics import Registry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")


def channel(state: State) -> ChannelMemory:
    return ChannelMemory(
        channel=Channel(line=1, connector="wz_whatsapp_0a1b", messenger=Messenger.WHATSAPP),
        diagnosis=Diagnosis(state=state, certainty=Certainty.CERTAIN, cause="x"),
        since=NOW - timedelta(minutes=5),
        received=3,
    )


def turn(number: int = 1, **more: object) -> Turn:
    facts = {
        "chat": 1777,
        "message": number,
        "session": 7345,
        "line": 1,
        "connector": "wz_whatsapp_0a1b",
        "messenger": Messenger.WHATSAPP,
        "kind": "first",
        "opened": NOW - timedelta(minutes=20),
        "working_from": NOW - timedelta(minutes=20),
        "target": timedelta(minutes=15),
        "deadline": NOW - timedelta(minutes=5),
    }
    return Turn(**(facts | more))  # type: ignore[arg-type]  # the facts are Turn's fields


def state_of(channel_state: State = State.CONNECTED, **more: object) -> PortalState:
    memory = channel(channel_state)
    return PortalState(
        portal="acme",
        memory=PortalMemory(up=True, auth_ok=True),
        lines={1: Line(id=1, name='Продажи "Юг"\\')},
        managers={12: Manager(id=12, name="Анна")},
        channels={memory.channel.key: memory},
        **more,  # type: ignore[arg-type]  # fields of PortalState
    )


def samples(state: PortalState) -> dict[tuple[str, tuple[str, ...]], float]:
    return {(one.name, one.labels): one.value for one in samples_of(state, POLICY, {}, NOW)}


CHANNEL = ("acme", "1", "wz_whatsapp_0a1b", "whatsapp")


@pytest.mark.parametrize("state", list(State))
def test_a_channels_state_is_a_full_set_and_up_is_absent_where_nobody_knows(state: State) -> None:
    told = samples(state_of(state))
    shown = {one: told["messenger_channel_state", (*CHANNEL, one.value)] for one in State}
    assert [one for one, value in shown.items() if value] == [state]
    expected = {State.CONNECTED: 1, State.RESTRICTED: 1, State.UNKNOWN: None, State.UNREACHABLE: None}
    assert told.get(("messenger_channel_up", CHANNEL)) == expected.get(state, 0)


def test_what_was_never_seen_has_no_timestamp() -> None:
    names = {name for name, _ in samples(state_of())}
    assert "messenger_channel_last_inbound_timestamp_seconds" not in names
    assert "messenger_channel_state_since_timestamp_seconds" in names


def test_waiting_customers_stand_under_the_line_and_the_holder_or_the_queue() -> None:
    held, queued = turn(1, holder=12), turn(2, deadline=NOW + timedelta(minutes=1))
    told = samples(state_of(turns={held.key: held, queued.key: queued}))
    assert told["messenger_open_turns", ("acme", "1", "12")] == 1
    assert told["messenger_overdue_turns", ("acme", "1", "12")] == 1
    assert told["messenger_overdue_turns", ("acme", "1", "queue")] == 0
    assert told["messenger_oldest_open_turn_seconds", ("acme", "1", "queue", "calendar")] == 1200
    assert told["messenger_oldest_open_turn_seconds", ("acme", "1", "queue", "working")] == 1200


def test_every_sample_has_the_labels_that_the_table_declares() -> None:
    waiting = turn()
    for name, labels in samples(state_of(turns={waiting.key: waiting})):
        assert len(labels) == len(BY_NAME[name].labels), name


def answered(verdict: Verdict, **more: object) -> Turn:
    minutes = timedelta(minutes=10)
    facts = {"calendar": minutes, "working": minutes, "manager_working": minutes, "responder": 12, "ended": NOW}
    return turn(verdict=verdict, **(facts | more))


async def rendered(registry: Registry, *, openmetrics: bool = False) -> str:
    return await Exposition(registry).render(openmetrics=openmetrics)


async def test_an_ended_turn_is_counted_once_with_its_verdict_and_both_clocks() -> None:
    registry = Registry()
    registry.count_turns("acme", [answered(Verdict.MET), answered(Verdict.BOT_ONLY), answered(Verdict.WAIVED)])
    text = await rendered(registry)
    assert 'messenger_turns_total{portal="acme",line="1",manager="12",kind="first",verdict="met"} 1.0' in text
    assert "bot_only" not in text
    assert "waived" not in text
    families = {family.name: family for family in parse(text)}
    buckets = [one for one in families["messenger_response_time_seconds"].samples if one.name.endswith("_bucket")]
    working = {one.labels["le"]: one.value for one in buckets if one.labels["clock"] == "working"}
    assert [float(bound) for bound in working] == [*BUCKETS, float("inf")]
    assert (working["300.0"], working["600.0"], working["+Inf"]) == (0.0, 1.0, 1.0)


async def test_a_missed_turn_is_the_holders_and_has_no_response_time() -> None:
    registry = Registry()
    registry.count_turns("acme", [turn(verdict=Verdict.MISSED, holder=15, ended=NOW)])
    registry.count_turns("acme", [turn(verdict=Verdict.MISSED, ended=NOW)])
    text = await rendered(registry)
    assert 'manager="15",kind="first",verdict="missed"} 1.0' in text
    assert 'manager="queue",kind="first",verdict="missed"} 1.0' in text
    assert "messenger_response_time_seconds" not in text


async def test_case_35_an_answer_from_the_phone_is_the_phones_with_both_clocks_and_no_managers() -> None:
    registry = Registry()
    registry.count_turns("acme", [replace(answered(Verdict.LATE), responder=0, manager_working=None, marks=("phone",))])
    text = await rendered(registry)
    assert 'messenger_turns_total{portal="acme",line="1",manager="phone",kind="first",verdict="late"} 1.0' in text
    for clock in ("working", "calendar"):
        assert f'manager="phone",kind="first",clock="{clock}"}} 1.0' in text
    assert "messenger_manager_response_time_seconds" not in text


async def test_the_text_means_what_was_put_in_in_both_formats() -> None:
    registry = Registry()
    registry.show("acme", samples_of(state_of(State.QR_REQUIRED), POLICY, {}, NOW))
    registry.count_turns("acme", [answered(Verdict.LATE)])
    registry.set_gauge("messenger_monitor_build_info", ("0.1.0",), 1)
    plain = {(s.name, tuple(s.labels.values())): s.value for f in parse(await rendered(registry)) for s in f.samples}
    text = await rendered(registry, openmetrics=True)
    opened = {(s.name, tuple(s.labels.values())): s.value for f in parse_openmetrics(text) for s in f.samples}
    assert plain == opened
    for name, labels, value in registry.samples():
        assert plain[name, labels] == value


@given(st.text(max_size=40))
async def test_any_name_survives_the_escaping(name: str) -> None:
    registry = Registry()
    registry.set_gauge("messenger_line_info", ("acme", "1", name), 1)
    if "\r" in name or any(mark in name for mark in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
        return  # the reference parser splits lines there, Prometheus does not
    ((sample,),) = [family.samples for family in parse(await rendered(registry))]
    assert sample.labels["name"] == name


async def test_a_portal_that_is_not_watched_any_more_leaves_nothing_behind() -> None:
    registry = Registry()
    registry.show("acme", samples_of(state_of(), POLICY, {}, NOW))
    registry.count_turns("acme", [answered(Verdict.MET)])
    registry.count("messenger_poll_failures_total", ("acme", "bitrix24", "timeout"))
    registry.set_gauge("messenger_poll_last_success_timestamp_seconds", ("acme", "bitrix24"), 1)
    registry.observe("messenger_poll_duration_seconds", ("bitrix24",), 0.2)
    registry.drop("acme")
    text = await rendered(registry)
    assert "acme" not in text
    assert 'messenger_poll_duration_seconds_count{source="bitrix24"} 1.0' in text


async def test_what_a_portal_shows_no_more_vanishes_at_the_next_scrape() -> None:
    registry = Registry()
    exposition = Exposition(registry)
    registry.show("acme", samples_of(state_of(State.CONNECTED), POLICY, {}, NOW))
    registry.show("other", [Sample("messenger_portal_up", ("other",), 1)])
    assert 'messenger_channel_up{portal="acme"' in await exposition.render()
    registry.show("acme", samples_of(state_of(State.UNKNOWN), POLICY, {}, NOW))
    text = await exposition.render()
    assert "messenger_channel_up" not in text
    assert 'state="unknown"} 1.0' in text
    registry.drop("acme")
    assert "acme" not in await exposition.render()
    assert 'messenger_portal_up{portal="other"} 1.0' in await exposition.render()


@pytest.mark.parametrize("after", [State.CONNECTED, State.UNKNOWN, State.QR_REQUIRED])
async def test_a_set_of_states_that_is_written_once_reads_as_its_samples_one_by_one(after: State) -> None:
    whole, single = Registry(), Registry()
    exposition = Exposition(whole)
    odd = replace(channel(State.CONNECTED), channel=Channel(line=2, connector='wz "odd"\\', messenger=Messenger.MAX))
    for state in (State.CONNECTED, after, after):
        memory = replace(channel(state), received=4)
        channels = {memory.channel.key: memory, odd.channel.key: odd}
        shown = Shown(state=replace(state_of(), channels=channels), policy=POLICY, public_days={}, now=NOW)
        whole.show("acme", shown)
        single.show("acme", list(shown))
        assert await exposition.render() == await rendered(single)
    whole.drop("acme")
    assert await exposition.render() == ""
    assert not any(exposition._sets.values())


async def test_samples_are_made_only_for_a_scrape_and_only_once() -> None:
    made: list[int] = []

    class Source:
        def __iter__(self) -> Iterator[Sample]:
            made.append(1)
            return iter([Sample("messenger_portal_up", ("acme",), 1)])

    registry = Registry()
    exposition = Exposition(registry)
    registry.show("acme", Source())
    assert made == []
    assert await exposition.render() == await exposition.render()
    assert made == [1]


async def test_other_work_goes_on_while_a_hundred_thousand_series_are_written() -> None:
    registry = Registry()
    registry.show("acme", [Sample("messenger_portal_info", ("acme", str(n)), n) for n in range(100_000)])
    for number in range(20_000):
        registry.count("messenger_api_requests_total", (f"p{number}",))
    rendering = asyncio.create_task(rendered(registry))
    turns = 0
    while not rendering.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5
    assert rendering.result().count("\n") == 120_000 + 4


@given(
    st.dictionaries(
        st.tuples(st.text('ab"\\\n%', max_size=3), st.text('ab"\\ п', max_size=5)),
        st.floats() | st.integers(-2000, 2000),
        max_size=6,
    )
)
async def test_the_text_is_the_reference_clients_but_for_how_floats_are_written(
    rows: dict[tuple[str, str], float],
) -> None:
    metric = BY_NAME["messenger_poll_last_success_timestamp_seconds"]  # its labels stand in the reference's order
    registry, reference = Registry(), CollectorRegistry()
    registry.show("acme", [Sample(metric.name, labels, value) for labels, value in rows.items()])
    gauge = Gauge(metric.name, metric.help, metric.labels, registry=reference)
    for labels, value in rows.items():
        gauge.labels(*labels).set(value)
    mine, theirs = (await rendered(registry)).splitlines(), generate_latest(reference).decode().splitlines()
    told = [line.rpartition(" ") for line in mine]
    wanted = [line.rpartition(" ") for line in theirs[: None if rows else 0]]
    assert [label for label, _, _ in told] == [label for label, _, _ in wanted]
    values = [(float(value), float(other)) for (_, _, value), (_, _, other) in zip(told[2:], wanted[2:], strict=True)]
    assert all(value == other or (value != value and other != other) for value, other in values)  # noqa: PLR0124 - NaN


@pytest.mark.real
def test_promtool_complains_of_nothing_but_a_name_that_the_contract_gives() -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: make test installs apt-packages.txt"
    registry = Registry()
    registry.show("acme", samples_of(state_of(), POLICY, {}, NOW))
    registry.count_turns("acme", [answered(Verdict.MET)])
    text = asyncio.run(rendered(registry))
    checked = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    complaints = [line for line in checked.stderr.splitlines() if not line.startswith("messenger_working_hours ")]
    assert complaints == []
    assert checked.returncode in {0, 3}  # 3: a matter of taste, no error
