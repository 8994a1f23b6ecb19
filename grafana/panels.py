"""The vocabulary of dashboards: a board is a table of panels, each with question, query and why it may be empty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["stat", "timeseries", "timeline", "table", "heatmap", "bars"]

CHANNEL = "portal, line, connector, messenger"
P = 'portal="$portal"'


@dataclass(frozen=True, kw_only=True)
class Panel:
    """`queries`: legend -> PromQL. `empty`: what it means when nothing is shown. `width` of 24."""

    title: str
    kind: Kind
    queries: dict[str, str]
    about: str
    empty: str
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)
    link: str = ""
    mappings: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_instant: bool = False
    interval: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    uid: str
    title: str
    about: str
    variables: dict[str, str]  # name -> label_values() query
    rows: dict[str, tuple[Panel, ...]]


BAD = ((None, "green"), (1.0, "red"))
SHARE = ((None, "red"), (0.8, "orange"), (0.9, "green"))
DAYS = ((None, "red"), (7 * 86400.0, "orange"), (30 * 86400.0, "green"))
# In a table a label is a column, elsewhere it belongs to the series.
PORTAL_PAGE = "${monitor_url}/portals/${__data.fields.portal}"
INCIDENTS_PAGE = "${monitor_url}/incidents?portal=${__data.fields.portal}"
PORTAL_OF_SERIES = "${monitor_url}/portals/${__field.labels.portal}"
ON_PORTAL = "${monitor_url}/portals/${portal}"
UP = {"0": ("down", "red"), "1": ("up", "green")}

SHARE_WITHIN = (
    'sum by ({by}) (increase(messenger_turns_total{{{where}verdict="met"}}[$__range])) / '
    'sum by ({by}) (increase(messenger_turns_total{{{where}verdict=~"met|late|missed"}}[$__range]))'
)
QUANTILE = (
    "histogram_quantile({q}, sum by (le{by}) (increase(messenger_response_time_seconds_bucket"
    '{{{where}clock="working"}}[$__range])))'
)
