"""A file that cannot be taken: the daemon goes on as it was, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from reload_parts import changed, daemon_of, whole, works_with, written

from monitor.config import ConfigProblems, load

GAUGE = "messenger_monitor_config_last_reload_successful"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("portals[0].guarantee.start", "9999-12-31"),
        ("portals[0].guarantee.start", "0001-01-01"),
        ("portals[0].expiries[0].date", "0001-01-01"),
        ("portals[0].maintenance[0].from", "0001-01-01T00:00"),
        ("portals[0].maintenance[0].to", "9999-12-31T23:59"),
    ],
)
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Omsk"])
async def test_a_date_at_an_end_of_the_calendar_is_a_problem_with_its_path(
    path: str, value: str, zone: str, tmp_path: Path
) -> None:
    tree = whole(tmp_path)
    async with daemon_of(tmp_path, written(tmp_path, tree)) as daemon:
        before = works_with(daemon)
        changed(tree, path, value)
        changed(tree, "portals[0].timezone", zone)
        written(tmp_path, tree)
        done = await daemon.reload()
        assert [problem.partition(":")[0] for problem in done.problems] == [path]
        assert "from 2000 to 2100" in done.problems[0]
        assert works_with(daemon) == before
        assert daemon.registry.own[GAUGE][()] == 0.0


def test_the_first_and_the_last_year_are_reckoned_with_everywhere(tmp_path: Path) -> None:
    tree = whole(tmp_path)
    changed(tree, "portals[0].timezone", "Pacific/Kiritimati")
    changed(tree, "portals[0].maintenance[0].from", "2000-01-01T00:00")
    changed(tree, "portals[0].maintenance[0].to", "2100-12-31T23:59")
    changed(tree, "portals[0].expiries[0].date", "2100-12-31")
    policy = load(written(tmp_path, tree)).portals[0].policy
    assert (policy.maintenance[0].start.year, policy.expiries[0].at.year) == (1999, 2100)
    changed(tree, "portals[0].expiries[0].date", "2101-01-01")
    with pytest.raises(ConfigProblems):
        load(written(tmp_path, tree))
