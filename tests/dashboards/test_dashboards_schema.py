"""The dashboards are what Grafana's published schema allows, and the check of it sees what is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from grafana_schema import problems

DASHBOARDS = sorted((Path(__file__).parents[2] / "grafana" / "dashboards").glob("*.json"))


def fleet() -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(next(path for path in DASHBOARDS if path.stem == "fleet").read_text())
    return copy.deepcopy(tree)


def panel(board: dict[str, Any], title: str) -> Any:
    rows = [one for row in board["panels"] for one in [row, *row.get("panels", [])]]
    return next(one for one in rows if one.get("title") == title)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_what_grafanas_schema_allows(path: Path) -> None:
    assert problems(json.loads(path.read_text())) == []


def test_a_field_that_grafana_does_not_have_is_found() -> None:
    board = fleet()
    panel(board, "Channels down")["legend"] = True
    panel(board, "Channels down")["targets"][0]["exprr"] = "up"
    board["refreshh"] = "30s"
    found = " ".join(problems(board))
    assert all(f"there is no {name!r}" in found for name in ("legend", "exprr", "refreshh"))


def test_a_value_of_another_type_is_found() -> None:
    board = fleet()
    panel(board, "Channels down")["gridPos"]["w"] = "4"
    panel(board, "Channels down")["fieldConfig"]["defaults"]["thresholds"]["mode"] = "relative"
    panel(board, "Channels down")["targets"][0]["instant"] = "no"
    panel(board, "Channels down")["options"]["colorMode"] = "rainbow"
    board["editable"] = "yes"
    found = " ".join(problems(board))
    assert all(word in found for word in ("'4'", "'relative'", "'no'", "'rainbow'", "'yes'"))
