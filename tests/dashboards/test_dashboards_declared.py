"""Dashboards and rules ask only for what the code declares, and are what the table of panels says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.boards import BOARDS
from grafana.build import built
from monitor.core.signals import METRICS

ROOT = Path(__file__).parents[2]
DASHBOARDS = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
RULES = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
DECLARED = {metric.name: set(metric.labels) for metric in METRICS}
SUFFIXES = ("_bucket", "_sum", "_count")
# What Prometheus itself adds, and what a query names of its own.
OWN = {"le", "instance", "job", "name"}


def queries() -> list[tuple[str, str]]:
    found = []
    for path in DASHBOARDS:
        for panel in panels_of(json.loads(path.read_text())):
            found += [(f"{path.stem}: {panel['title']}", target["expr"]) for target in panel.get("targets", [])]
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            found += [(rule.get("alert") or rule["record"], rule["expr"]) for rule in group["rules"]]
    return found


def panels_of(board: dict[str, Any]) -> list[dict[str, Any]]:
    told = []
    for panel in board["panels"]:
        told += panel.get("panels", []) if panel["type"] == "row" else [panel]
    return told


def base_of(name: str) -> str:
    return next((name.removesuffix(end) for end in SUFFIXES if name.removesuffix(end) in DECLARED), name)


@pytest.mark.parametrize("name", BOARDS)
def test_the_checked_in_dashboard_is_what_the_table_says(name: str) -> None:
    assert (ROOT / "grafana" / "dashboards" / f"{name}.json").read_text() == built(BOARDS[name])


@pytest.mark.parametrize(("where", "query"), queries(), ids=lambda value: str(value)[:50])
def test_every_metric_and_label_that_is_asked_for_is_declared(where: str, query: str) -> None:
    for name, labels in re.findall(r"(?<!:)\b(messenger_\w+)\b(?!:)(?:\{([^}]*)\})?", query):
        assert base_of(name) in DECLARED, f"{where}: {name}"
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))
        assert asked <= DECLARED[base_of(name)] | OWN, f"{where}: {name}: {asked}"
    grouped = {
        word for part in re.findall(r"(?:by|on|group_left)\s*\(([^)]*)\)", query) for word in re.findall(r"\w+", part)
    }
    known = set().union(*DECLARED.values()) | OWN
    assert grouped <= known, f"{where}: {grouped - known}"


def test_every_recorded_series_that_a_panel_asks_for_is_recorded_and_no_other() -> None:
    rules = [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    asked = {name for path in DASHBOARDS for name in re.findall(r"\w+:messenger_\w+:\w+", path.read_text())}
    assert asked == recorded
    assert recorded


def test_every_panel_says_what_it_shows_and_why_it_may_be_empty() -> None:
    for path in DASHBOARDS:
        for panel in panels_of(json.loads(path.read_text())):
            assert panel["description"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_the_four_dashboards_have_their_own_ids_and_know_each_other() -> None:
    boards = [json.loads(path.read_text()) for path in DASHBOARDS]
    uids = {board["uid"] for board in boards}
    assert len(boards) == len(uids) == 4
    for board in boards:
        assert {link["url"].removeprefix("/d/") for link in board["links"]} == uids - {board["uid"]}
