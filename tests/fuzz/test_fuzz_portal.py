"""Whatever a portal answers, a probe reads it or says what failed: no exception, no endless questions."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from fuzz_parts import JSON, spoiled
from hypothesis import given
from hypothesis import strategies as st

from monitor.building import portal_probes
from monitor.core.desk import Context, judge
from monitor.core.history import moment
from monitor.core.memory import PortalState
from monitor.core.model import CallFailed, Failure
from monitor.core.plugin import PortalProbe, View
from monitor.core.policy import Policy
from monitor.core.reading import Reading
from monitor.sandbox.methods import Listed, Methods
from monitor.sandbox.presets import furnished
from monitor.sandbox.refusal import Refusal
from monitor.shell import batch, failures
from monitor.shell.oauth import tokens_of
from monitor.shell.wire import Answer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")


class Still:
    def now(self) -> datetime:
        return NOW


@cache
def table() -> Any:
    """The answers of a portal where somebody has written and somebody has answered."""
    world = furnished(Still(), hours=False)
    connector, line = next(iter(world.rows))
    world.customer_writes(connector, line, world.add_customer("Иван"))
    return Methods(world).table()


def answered(method: str, params: Any) -> Any:
    """As JSON has it; a refusal as a failure."""
    nested: dict[str, Any] = dict(params or {})
    try:
        result = table()[method.lower()](nested)
    except Refusal as no:
        raise CallFailed(failures.by_error(no.code, "", no.status)) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return json.loads(json.dumps(result.rows if isinstance(result, Listed) else result, default=str))


def probed(probe: PortalProbe, data: st.DataObject, state: PortalState) -> Reading:
    asked = 0

    async def call(method: str, params: Any = None) -> Any:
        nonlocal asked
        asked += 1
        assert asked < 500, "questions without end"
        if data.draw(st.integers(0, 9)) == 0:
            code = data.draw(st.sampled_from(["QUERY_LIMIT_EXCEEDED", "ACCESS_DENIED", "", "unheard"]))
            raise CallFailed(failures.by_error(code, data.draw(st.text(max_size=20)), 400))
        return data.draw(spoiled(answered(method, params)))

    view = View(policy=POLICY, state=state, now=NOW, clock=lambda: NOW)
    answers = asyncio.run(_asked(probe, call, view))
    return probe.read(answers, view, NOW)


async def _asked(probe: PortalProbe, call: Any, view: View) -> Any:
    return await probe.ask(call, view)


@pytest.mark.parametrize("probe", portal_probes(), ids=lambda probe: probe.name)
@given(data=st.data())
def test_a_probe_reads_any_answer_and_the_desk_judges_what_it_read(probe: PortalProbe, data: st.DataObject) -> None:
    state = PortalState(portal="acme")
    for step in range(2):
        try:
            reading = probed(probe, data, state)
        except CallFailed:
            return
        now = NOW + timedelta(minutes=step)
        assert reading.probe == probe.name
        judged = judge(state, [replace(reading, at=now)], POLICY, Context(), now=now, real_now=now)
        assert set(judged.state.incidents) >= {one.id for one in judged.opened}
        state = judged.state
    assert state.cursor.first_sight == NOW


@given(answer=JSON, count=st.integers(0, 60))
def test_any_answer_of_a_batch_gives_an_outcome_for_each_command(answer: Any, count: int) -> None:
    envelope = batch.enveloped(answer)
    found = batch.outcomes(envelope, count)
    assert len(found) == count
    assert batch.expired_within(envelope) in {True, False}
    if isinstance(answer, dict):
        batch.operating_of(answer.get("time"))
        batch.reset_at(answer.get("time"))


@given(parts=st.fixed_dictionaries({}, optional={
    name: JSON | st.dictionaries(st.just("c0"), JSON)
    for name in ("result", "result_error", "result_total", "result_next", "result_time")
}))  # fmt: skip
def test_any_parts_of_a_batch_are_told_apart(parts: dict[str, Any]) -> None:
    assert len(batch.outcomes(batch.enveloped({"result": parts}), 1)) == 1


@given(body=JSON, status=st.integers(100, 599))
def test_any_error_envelope_is_a_failure_with_a_short_detail(body: Any, status: int) -> None:
    told = failures.error_of(body)
    if told is not None:
        failure = failures.by_error(told[0], told[1], status)
        assert isinstance(failure, Failure)
        assert len(failure.detail) <= 200


@given(body=JSON)
def test_a_pair_of_tokens_is_two_texts_or_a_failure(body: Any) -> None:
    try:
        pair = tokens_of(body, NOW)
    except CallFailed:
        return
    assert pair.access.reveal()
    assert pair.refresh.reveal()


BYTES = st.binary(max_size=200) | JSON.map(lambda one: json.dumps(one, default=str).encode())


@given(body=BYTES, status=st.integers(200, 599))
def test_any_bytes_are_json_or_a_failure(body: bytes, status: int) -> None:
    answer = Answer(status=status, headers={}, body=body)
    try:
        answer.json()
    except CallFailed as error:
        assert len(str(error)) < 200


@given(value=st.text(max_size=40))
def test_any_retry_after_is_a_span_of_at_most_an_hour_or_none(value: str) -> None:
    wait = Answer(status=429, headers={"Retry-After": value}, body=b"").retry_after(NOW)
    assert wait is None or timedelta() <= wait <= timedelta(hours=1)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_date_beyond_the_calendar_is_no_date(text: str) -> None:
    assert moment(text) is None
