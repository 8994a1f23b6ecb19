"""bandit's findings are those that docs/security.md justifies, and no others."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def justified() -> set[tuple[str, str]]:
    """(test, module without its ending) of the table of the page."""
    rows = re.findall(r"^\| (B\d+)(?:, (B\d+))? [^|]*\| ([^|]+)\|", (ROOT / "docs" / "security.md").read_text(), re.M)
    return {
        (test, place) for first, second, places in rows for test in (first, second) if test
        for place in re.findall(r"`([^`]+)`", places)
    }  # fmt: skip


def test_no_finding_of_weight_is_without_its_reason() -> None:
    command = [sys.executable, "-m", "bandit", "-q", "-r", "monitor", "probes", "-ll", "-f", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    found = json.loads(done.stdout)["results"]
    assert found, "bandit looked at nothing"
    names = {(row["test_id"], row["filename"].removeprefix("monitor/").removesuffix(".py")) for row in found}
    assert names <= justified()
