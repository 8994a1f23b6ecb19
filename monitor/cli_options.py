"""What several commands are told in the same way."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

USUAL = Path("/etc/messenger-monitor/monitor.yaml")
VARIABLE = "MESSENGER_MONITOR_CONFIG"


class ConfigOption(click.Option):
    """`-c FILE`, else the environment's file, else the installed one; where there is none it has to be named."""

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        return USUAL if USUAL.is_file() else super().get_default(ctx, call)


_option = partial(
    click.option,
    "-c",
    "--config",
    cls=ConfigOption,
    type=click.Path(path_type=Path),
    envvar=VARIABLE,
    help=f"The configuration file (YAML); without it {VARIABLE}, then {USUAL}.",
)
config_option = _option("file", required=True)
named_config_option = _option("named")  # where the file may be told without the option, too
config_option_or_none = _option("file")


class Rate(click.ParamType[float]):
    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            rate = float(value)
        except (TypeError, ValueError):
            rate = 0.0
        if not 0.001 <= rate <= 1_000_000:
            self.fail(f"expected a number from 0.001 to 1000000, got {value}", param, ctx)
        return rate


class Moment(click.ParamType[datetime]):
    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"expected a moment such as 2026-03-02T08:00:00+03:00, got {value}", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"expected a moment with its offset, such as {value}+03:00", param, ctx)
        if not 2000 <= moment.year <= 2100:
            self.fail(f"expected a moment from 2000 to 2100, got {value}", param, ctx)
        return moment
