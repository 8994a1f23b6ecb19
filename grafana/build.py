"""Writes grafana/dashboards/*.json from the tables of panels: `python -m grafana.build`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.boards import BOARDS
from grafana.panels import Board, Panel

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
LAST = common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)
LEGEND = (
    common.VizLegendOptions()
    .display_mode(common_model.LegendDisplayMode.LIST)
    .placement(common_model.LegendPlacement.BOTTOM)
    .show_legend(True)
    .calcs([])
)
NO_TIME = model.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True, "Value": False}})
# Each with an option of its own: a panel without any is written with `options: null`, which the schema does not allow.
KINDS: dict[str, Callable[[], Any]] = {
    "stat": lambda: stat.Panel().reduce_options(LAST).graph_mode(common_model.BigValueGraphMode.NONE),
    "timeseries": lambda: timeseries.Panel().legend(LEGEND),
    "timeline": lambda: statetimeline.Panel().show_value(common_model.VisibilityMode.AUTO).legend(LEGEND),
    "table": lambda: table.Panel().show_header(True).with_transformation(NO_TIME),
    "heatmap": lambda: heatmap.Panel().calculate(False),
    "bars": lambda: bargauge.Panel().reduce_options(LAST).orientation(common_model.VizOrientation.HORIZONTAL),
}


def built(board: Board) -> str:
    """The dashboard as Grafana reads it."""
    told = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags(["messenger-monitor"])
        .refresh("1m")
        .time("now-24h", "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus").label("Prometheus"))
        .with_variable(dashboard.TextBoxVariable("monitor_url").label("Monitor").default_value("http://127.0.0.1:9460"))
        .annotation(_incidents(board))
    )
    for name, query in board.variables.items():
        told = told.with_variable(
            dashboard.QueryVariable(name)
            .label(name)
            .query({"query": query, "refId": name})
            .datasource(SOURCE)
            .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(model.VariableSort.ALPHABETICAL_ASC)
        )
    for name, uid in ((other.title, other.uid) for other in BOARDS.values() if other is not board):
        told = told.link(dashboard.DashboardLink(name).type(model.DashboardLinkType.LINK).url(f"/d/{uid}"))
    for title, panels in board.rows.items():
        told = told.with_row(dashboard.Row(title))
        for panel in panels:
            told = told.with_panel(_panel(panel))
    return json.dumps(told.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _incidents(board: Board) -> Any:
    """A line in every panel where an incident opened."""
    where = 'portal="$portal"' if "portal" in board.variables else ""
    query = f"sum by (portal, kind) (messenger_incidents{{{where}}}) unless sum by (portal, kind) "
    query += f"(messenger_incidents{{{where}}} offset 1m)"
    return dashboard.AnnotationQuery().name("Incidents").datasource(SOURCE).enable(True).icon_color("red").expr(query)


def _panel(panel: Panel) -> Any:
    told = (
        KINDS[panel.kind]()
        .title(panel.title)
        .description(panel.about)
        .datasource(SOURCE)
        .unit(panel.unit)
        .no_value(panel.empty)
        .span(panel.width)
        .height(panel.height)
        .thresholds(
            dashboard.ThresholdsConfig()
            .mode(model.ThresholdsMode.ABSOLUTE)
            .steps([model.Threshold(value=value, color=colour) for value, colour in panel.steps])
        )
    )
    if panel.interval:
        told = told.interval(panel.interval)
    if panel.mappings:
        told = told.mappings([_mapping(panel)])
    if panel.link:
        told = told.data_links([dashboard.DashboardLink("Monitor").url(panel.link).target_blank(True)])
    for target in _targets(panel):
        told = told.with_target(target)
    return told


def _mapping(panel: Panel) -> Any:
    options = {
        value: model.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, (text, colour)) in enumerate(panel.mappings.items())
    }
    return model.ValueMap(options=options)


def _targets(panel: Panel) -> Iterator[Any]:
    for index, (legend, query) in enumerate(panel.queries.items()):
        told = prometheus.Dataquery().ref_id(chr(65 + index)).expr(query).datasource(SOURCE)
        told = told.instant() if panel.is_instant else told.range()
        if panel.kind == "table":
            told = told.format(PromQueryFormat.TABLE)
        if panel.kind == "heatmap":
            told = told.format(PromQueryFormat.HEATMAP)
        yield told.legend_format(legend) if legend else told


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, board in BOARDS.items():
        (FOLDER / f"{name}.json").write_text(built(board))


if __name__ == "__main__":
    main()
