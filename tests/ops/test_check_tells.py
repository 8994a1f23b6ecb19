"""`check` says what it could not see, by a row and by its exit code, and never takes it for well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ops_parts import config_file, portal_of

from monitor.check import EXIT_UNKNOWN, EXIT_WELL, EXIT_WRONG, Report, check
from monitor.config import load
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.faults import Fault
from monitor.sandbox.presets import furnished
from monitor.sandbox.server import Sandbox


async def looked(folder: Path, prepare: Callable[[Sandbox], object], **more: object) -> Report:
    clock = SandboxClock()
    world = furnished(clock, connectors=2)
    dialog = world.customer_writes("telegrambot", 1, world.add_customer())
    world.operator_accepts(dialog, 12)
    world.operator_writes(dialog, 12)
    async with Sandbox(world=world, clock=clock) as sandbox:
        prepare(sandbox)
        return await check(load(config_file(folder, portal_of(folder, sandbox, **more))))


async def test_a_portal_that_is_well_is_said_to_be(tmp_path: Path) -> None:
    report = await looked(tmp_path, lambda _: None)
    assert {row.verdict for row in report.rows} == {"ok"}
    assert report.exit_code == EXIT_WELL


@pytest.mark.parametrize(
    ("method", "probe"),
    [
        ("imconnector.status", "discovery"),
        ("imconnector.list", "discovery"),
        ("crm.activity.list", "dialogs"),
        ("imopenlines.session.history.get", "dialogs"),
    ],
)
async def test_what_was_refused_is_named_and_is_not_well(tmp_path: Path, method: str, probe: str) -> None:
    report = await looked(tmp_path, lambda sandbox: sandbox.inject(Fault("ACCESS_DENIED", method=method)))
    failed = [row for row in report.rows if row.state == "not read"]
    assert probe in {row.subject for row in failed}
    assert report.exit_code == EXIT_UNKNOWN
    assert any("ACCESS_DENIED" in row.detail for row in failed)


async def test_a_licence_that_has_run_out_is_wrong(tmp_path: Path) -> None:
    report = await looked(tmp_path, lambda _: None, expiries=[{"subject": "licence", "date": "2020-11-01"}])
    (row,) = [row for row in report.rows if row.state == "expired"]
    assert (row.subject, row.verdict) == ("licence", "wrong")
    assert report.exit_code == EXIT_WRONG


async def test_a_portal_out_of_reach_is_not_known(tmp_path: Path) -> None:
    report = await looked(tmp_path, lambda sandbox: sandbox.inject(Fault(kind="INTERNAL_SERVER_ERROR")))
    assert report.exit_code == EXIT_UNKNOWN
    assert [row.subject for row in report.rows] == ["portal"]
