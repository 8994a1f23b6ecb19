"""Every recorded answer of a vendor reaches its state, and says in both languages what to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.config_providers import provider_probes
from monitor.core.model import CallFailed, Failure, Reason, State
from monitor.core.plugin import Account
from monitor.core.reading import ProviderSeen, Reading
from probes import pact
from probes._words import untrusted

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
FOLDER = Path(__file__).parent.parent / "answers"
CASES = sorted(FOLDER.glob("*/*.json"))


class Recorded:
    """Answers by a part of the path, in the order of the file."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        self.answers = answers

    async def __call__(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        secret_path: bool = False,
        post: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        assert "canary" not in path or secret_path, "a token in a path that is not marked"
        for answer in self.answers:
            if answer["path"] in path:
                if answer["status"] == "tls_ca":
                    raise CallFailed(Failure(reason=Reason.UNREACHABLE, code="tls_ca"))
                return answer["status"], answer["body"]
        raise CallFailed(Failure(reason=Reason.UNREACHABLE, detail=path))


def account_of(path: Path, case: Mapping[str, Any]) -> Account:
    secrets = {"api_key": "canary-key", "token": "canary-token", **case.get("secrets", {})}
    return Account(
        name="ours",
        type=path.parent.name,
        url="https://vendor.example",
        settings=case.get("settings", {}),
        secrets=secrets,
        accounts=tuple(case.get("accounts", ())),
        memory=case.get("memory", {}),
    )


def replayed(path: Path) -> tuple[dict[str, Any], Reading]:
    case = json.loads(path.read_text(encoding="utf-8"))
    account, probe = account_of(path, case), provider_probes()[path.parent.name]
    for body in case.get("hooks", ()):
        heard = pact.hear(body, account, NOW)
        assert heard is not None
        account = replace(account, memory=heard.remember or {})
    try:
        answers = asyncio.run(probe.ask(Recorded(case["answers"]), account))
    except CallFailed as error:
        failed = Reading(probe=probe.type, source=probe.type, at=NOW, failure=error.failure)
        return case, untrusted(account, NOW, error.failure) or failed
    return case, probe.read(answers, account, NOW)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recorded_answer_means_its_state_and_its_advice(path: Path) -> None:
    case, reading = replayed(path)
    means = case["means"]
    assert reading.failure is None
    (found,) = reading.findings
    assert isinstance(found, ProviderSeen)
    assert (found.state, found.reason) == (State(means["state"]), means["reason"])
    assert means["advice_ru"].lower() in found.action_ru.lower()
    assert means["advice_en"].lower() in found.action_en.lower()
    assert bool(found.action_ru) is bool(found.action_en) is bool(means["advice_ru"])
    assert bool(reading.news) is path.stem.startswith("unknown_word")
    assert "canary" not in repr(reading)
    assert "79990001122" not in repr(reading)


def test_every_probe_has_its_recorded_answers() -> None:
    assert {path.parent.name for path in CASES} == set(provider_probes())
    silent = {"radist"}  # tells no state, so it has no word that could be unknown
    told = {path.parent.name for path in CASES if path.stem.startswith("unknown_word")}
    assert set(provider_probes()) - told - silent == {"telegram_bot", "max_bot"}
