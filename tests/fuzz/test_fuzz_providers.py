"""Whatever a provider answers, its probe reads it or says what failed."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fuzz_parts import JSON, spoiled
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import provider_probes
from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.plugin import Account, ProviderProbe
from monitor.core.reading import Reading

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROBES = sorted(provider_probes().values(), key=lambda probe: probe.type)
ANSWERS = Path(__file__).parent.parent / "answers"


def known(kind: str) -> list[Any]:
    """Answers of the vendor as they are kept for the other tests."""
    files = sorted((ANSWERS / kind).rglob("*.json")) if (ANSWERS / kind).is_dir() else []
    return [json.loads(file.read_text()) for file in files][:40]


def account_of(probe: ProviderProbe, memory: Any) -> Account:
    words = dict.fromkeys((*probe.required, *probe.optional), "canary")
    url = probe.default_url or "https://provider.example"
    return Account(
        name="one", type=probe.type, url=url, settings=words, secrets=words, accounts=("a", "b"), memory=memory
    )


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.type)
@given(data=st.data())
def test_a_provider_probe_reads_any_answer(probe: ProviderProbe, data: st.DataObject) -> None:
    asked, seeds = 0, known(probe.type)
    answers = JSON if not seeds else JSON | st.sampled_from(seeds).flatmap(spoiled)

    async def get(path: str, **_: Any) -> tuple[int, Any]:
        nonlocal asked
        asked += 1
        assert asked < 200, "questions without end"
        if data.draw(st.integers(0, 9)) == 0:
            raise CallFailed(Failure(reason=Reason.UNREACHABLE))
        status = data.draw(st.sampled_from([200, 200, 200, 400, 401, 403, 404, 418]))
        return status, data.draw(answers)

    account = account_of(probe, {})
    try:
        found = asyncio.run(_asked(probe, get, account))
    except CallFailed:
        return
    reading = probe.read(found, account, NOW)
    assert isinstance(reading, Reading)
    assert "canary" not in repr(reading.failure)


async def _asked(probe: ProviderProbe, get: Any, account: Account) -> Any:
    return await probe.ask(get, account)
