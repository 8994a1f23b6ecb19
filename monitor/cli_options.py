"""What several commands are told in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

USUAL = Path("/etc/messenger-monitor/monitor.yaml")
VARIABLE = "MESSENGER_MONITOR_CONFIG"


class _Config(click.Option):
    """`-c FILE`, else the environment's file, else the installed one; where there is none it has to be named."""

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        return USUAL if USUAL.is_file() else super().get_default(ctx, call)


config_option = click.option(
    "-c",
    "--config",
    "file",
    cls=_Config,
    type=click.Path(path_type=Path),
    required=True,
    envvar=VARIABLE,
    help=f"The configuration file (YAML); without it {VARIABLE}, then {USUAL}.",
)
