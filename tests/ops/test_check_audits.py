"""`check` audits what is guaranteed, also where the store knows nothing of the portal yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ops_parts import config_file, portal_of

from monitor.check import EXIT_UNKNOWN, EXIT_WELL, EXIT_WRONG, Report, check
from monitor.check_rows import Row
from monitor.check_table import show
from monitor.config import load
from monitor.core.policy import CHECKS
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.faults import Fault
from monitor.sandbox.presets import furnished
from monitor.sandbox.server import Sandbox

TODAY = datetime.now(UTC).date()
IN_FORCE = {"start": (TODAY - timedelta(days=30)).isoformat(), "service_price": 60_000, "department": 7}
Prepare = Callable[[Sandbox], object]


async def looked(folder: Path, *prepares: Prepare, **guarantee: object) -> tuple[Report, Sandbox]:
    """What each look tells, one after another on the same store: the last one."""
    clock = SandboxClock()
    async with Sandbox(world=furnished(clock, connectors=2, hours=False), clock=clock) as sandbox:
        for prepare in prepares:
            prepare(sandbox)
            path = config_file(folder, portal_of(folder, sandbox, guarantee={**IN_FORCE, **guarantee}))
            report = await check(load(path))
        return report, sandbox


def nothing(_: Sandbox) -> None:
    """All is well."""


def queue_of(*users: str) -> Prepare:
    return lambda sandbox: sandbox.world.lines[1].update({"QUEUE": list(users)})


def audits(report: Report) -> dict[str, Row]:
    return {row.subject: row for row in report.rows if row.subject.partition(" ")[0] in CHECKS}


async def test_what_is_guaranteed_has_a_row_each_and_is_well(tmp_path: Path) -> None:
    report, _ = await looked(tmp_path, nothing)
    assert {(name, row.verdict, row.state) for name, row in audits(report).items()} == {
        ("department_can_write line 1", "ok", "holds"),
        ("queue_staffed line 1", "ok", "holds"),
        ("config_drift line 1", "ok", "holds"),
        ("routed_to_responsible line 1", "ok", "holds"),
        ("crm_notified line 1", "ok", "holds"),
    }
    assert report.exit_code == EXIT_WELL


@pytest.mark.parametrize("users", [("12",), ()])
async def test_a_department_that_cannot_write_is_wrong_at_the_first_look(
    tmp_path: Path, users: tuple[str, ...]
) -> None:
    report, _ = await looked(tmp_path, queue_of(*users))
    row = audits(report)["department_can_write line 1"]
    assert (row.verdict, row.state) == ("wrong", "broken")
    assert row.detail.startswith("не в очереди: ")
    assert row.action == "Интегратор: добавить людей в очередь линии или включить в неё весь отдел."
    assert report.exit_code == EXIT_WRONG


async def test_an_empty_queue_is_wrong_without_a_department_too(tmp_path: Path) -> None:
    report, _ = await looked(tmp_path, queue_of(), department=None)
    assert audits(report)["queue_staffed line 1"].state == "broken"
    assert report.exit_code == EXIT_WRONG


async def test_a_guarantee_that_is_over_is_not_audited(tmp_path: Path) -> None:
    report, _ = await looked(tmp_path, queue_of(), start=(TODAY - timedelta(days=400)).isoformat())
    assert audits(report) == {}


async def test_only_the_checks_that_are_wished_have_rows(tmp_path: Path) -> None:
    report, _ = await looked(tmp_path, queue_of(), checks=["crm_notified"])
    assert set(audits(report)) == {"crm_notified line 1"}


async def test_no_documents_are_nothing_to_judge_and_not_wrong(tmp_path: Path) -> None:
    report, _ = await looked(tmp_path, nothing, option="documents")
    row = audits(report)["document_numbers"]
    assert (row.verdict, row.state) == ("ok", "nothing to judge")
    assert report.exit_code == EXIT_WELL


async def test_an_audit_that_was_refused_could_not_be_told(tmp_path: Path) -> None:
    report, _ = await looked(tmp_path, lambda sandbox: sandbox.inject(Fault("ACCESS_DENIED", method="department.get")))
    row = audits(report)["department_can_write line 1"]
    assert (row.verdict, row.state) == ("unknown", "not read")
    assert report.exit_code == EXIT_UNKNOWN


async def test_documents_that_could_not_be_read_are_named(tmp_path: Path) -> None:
    fault = Fault("INTERNAL_SERVER_ERROR", method="crm.documentgenerator.document.list")
    report, _ = await looked(tmp_path, lambda sandbox: sandbox.inject(fault), option="documents")
    assert {row.subject for row in report.rows if row.verdict == "unknown"} == {"document_numbers"}
    assert next(row.state for row in report.rows if row.subject == "portal") == "reached"
    assert report.exit_code == EXIT_UNKNOWN


async def test_a_first_look_asks_every_audit_once_and_no_other_probe_twice(tmp_path: Path) -> None:
    _, sandbox = await looked(tmp_path, nothing, option="documents")
    assert sandbox.counts["crm.documentgenerator.document.list"] == 1
    assert sandbox.counts["imconnector.list"] == 1
    assert sandbox.counts["http"] <= 10


async def test_a_look_leaves_nothing_behind_so_the_second_one_says_the_same(tmp_path: Path) -> None:
    report, _ = await looked(tmp_path, queue_of("12"), queue_of("12"))
    assert audits(report)["department_can_write line 1"].state == "broken"


async def test_json_holds_the_audits(tmp_path: Path, capsys: Any) -> None:
    report, _ = await looked(tmp_path, queue_of("12"))
    show(report, as_json=True)
    told = json.loads(capsys.readouterr().out)
    broken = [row for row in told["rows"] if row["state"] == "broken"]
    assert (told["exit_code"], [row["subject"] for row in broken]) == (1, ["department_can_write line 1"])
