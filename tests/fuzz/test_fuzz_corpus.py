"""Hostile inputs by name, what found something among them: every run tries each against every parser it may meet."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from test_fuzz_input import is_taken_or_refused_in_words
from test_fuzz_portal import NOW, POLICY, Still
from test_fuzz_providers import PROBES, account_of

from monitor.building import portal_probes
from monitor.core.desk import Context, judge
from monitor.core.memory import PortalState
from monitor.core.model import CallFailed
from monitor.core.plugin import PortalProbe, ProviderProbe, View
from monitor.shell import batch, failures
from monitor.shell.oauth import tokens_of
from monitor.shell.wire import Answer

CORPUS = Path(__file__).parent / "corpus"
BODIES = sorted((CORPUS / "bodies").iterdir())
CONFIGURATIONS = sorted((CORPUS / "configurations").iterdir())


def understood(body: bytes) -> list[Any]:
    """The body as JSON, and what lies in it as a portal's result; nothing where it is refused as malformed."""
    try:
        told = Answer(status=200, headers={}, body=body).json()
    except CallFailed as error:
        assert len(str(error)) < 200
        return []
    return [told, told["result"]] if isinstance(told, dict) and "result" in told else [told]


@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_a_body_is_understood_or_refused_by_whoever_may_meet_it(file: Path) -> None:
    for told in understood(file.read_bytes()):
        assert len(batch.outcomes(batch.enveloped(told), 3)) == 3
        error = failures.error_of(told)
        assert error is None or len(failures.by_error(*error, 400).detail) <= 200
        try:
            assert tokens_of(told, NOW).access.reveal()
        except CallFailed as refused:
            assert len(str(refused)) < 200
        for probe in portal_probes():
            asyncio.run(_polled(probe, told))
        for provider in PROBES:
            asyncio.run(_asked(provider, told))


async def _polled(probe: PortalProbe, told: Any) -> None:
    state, asked = PortalState(portal="acme"), 0

    async def call(method: str, params: Any = None) -> Any:
        nonlocal asked
        asked += 1
        assert asked < 500, "questions without end"
        return told

    view = View(policy=POLICY, state=state, now=NOW, clock=Still().now)
    try:
        reading = probe.read(await probe.ask(call, view), view, NOW)
    except CallFailed:
        return
    judge(state, [reading], POLICY, Context(), now=NOW, real_now=NOW)


async def _asked(probe: ProviderProbe, told: Any) -> None:
    asked = 0

    async def get(path: str, **_: Any) -> tuple[int, Any]:
        nonlocal asked
        asked += 1
        assert asked < 200, "questions without end"
        return 200, told

    account = account_of(probe, {})
    try:
        reading = probe.read(await probe.ask(get, account), account, NOW)
    except CallFailed:
        return
    assert "canary" not in repr(reading.failure)


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: file.stem)
def test_a_configuration_is_taken_or_refused_in_words(file: Path) -> None:
    assert is_taken_or_refused_in_words(file.read_bytes())
