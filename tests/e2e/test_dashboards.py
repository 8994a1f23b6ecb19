"""Every panel's query against a real Prometheus that scraped the daemon on an emulated portal with troubles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from e2e_parts import eventually, get_json, post_json, prometheus
from e2e_stage import Stage

pytestmark = pytest.mark.real

DASHBOARDS = Path(__file__).parents[2] / "grafana" / "dashboards"
# What a portal without document audits, reminders and failures has nothing to show in.
MAY_BE_EMPTY = {"Broken promises", "Reminders sent", "Failures by reason"}


def panels() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            found += [(path.stem, one) for one in panel.get("panels", [panel] if panel["type"] != "row" else [])]
    return found


def asked(query: str) -> str:
    values = {"$__range": "5m", "$__rate_interval": "1m", "$portal": "acme", "$manager": "12"}
    query = re.sub(r"\[(?:1h|6h|15m|7d)\]", "[5m]", query)
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def ask(url: str, query: str) -> list[dict[str, Any]]:
    body = get_json(f"{url}/api/v1/query?{urlencode({'query': asked(query)})}")
    assert body["status"] == "success", query
    rows: list[dict[str, Any]] = body["data"]["result"]
    return rows


@pytest.mark.xdist_group("fast-clock")
def test_every_panel_shows_something_of_the_expected_shape(stage: Stage) -> None:
    stage.sandbox("--port", "0", "--seed", "5", "--clock-rate", "300", "--clock-start", "2026-03-02T10:00:00+03:00",
                  "--per-day", "60", "--past", "20", "--per-second", "100", "--burst", "1000")  # fmt: skip
    server = stage.portal["url"]
    alertmanager = stage.alertmanager()
    config = stage.config(
        portal={
            "rate": {"per_second": 100, "burst": 1000},
            "history": "30d",
            "guarantee": {"option": "messengers", "start": "2026-03-01", "service_price": 60000},
            "expiries": [{"subject": "wazzup-licence", "date": "2026-04-30"}],
        },
        alertmanager={"url": alertmanager.url},
    )
    daemon = stage.daemon(
        config, "--clock-rate", "300", "--clock-start", get_json(f"{server}/_control/counters")["now"]
    )
    with prometheus(stage.folder, daemon.url.removeprefix("http://")) as source:
        post_json(f"{server}/_control/set_error", {"connector": "telegrambot", "line": 1})
        eventually(lambda: ask(source.url, 'messenger_incidents{severity="critical"}'), within=60)
        eventually(
            lambda: ask(source.url, 'increase(messenger_turns_total{manager="12", verdict="met"}[5m]) > 0'), within=90
        )
        eventually(lambda: ask(source.url, 'messenger_open_turns{portal="acme"}'), within=60)
        seen = set(MAY_BE_EMPTY)
        eventually(lambda: not _unseen(source.url, seen), within=60, why=f"not seen; seen: {sorted(seen)}")
        assert _crowded(source.url) == []


def _unseen(url: str, seen: set[str]) -> list[str]:
    """Panels that have shown nothing yet: who waits now comes and goes, so each counts once it was seen."""
    seen |= {panel["title"] for _, panel in panels() if panel["title"] not in seen and _rows(url, panel)}
    return [f"{board}: {panel['title']}" for board, panel in panels() if panel["title"] not in seen]


def _crowded(url: str) -> list[str]:
    """Numbers that would be several."""
    stats = [(board, panel) for board, panel in panels() if panel["type"] == "stat"]
    return [f"{board}: {one['title']}" for board, one in stats if len(_rows(url, one)) > len(one["targets"])]


def _rows(url: str, panel: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for target in panel["targets"] for row in ask(url, target["expr"])]
