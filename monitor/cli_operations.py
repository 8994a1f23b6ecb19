"""The commands of the one who runs the daemon: doctor and what else keeps it alive over the years."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click

from monitor.config_values import Config

Load = Callable[[Path], Config]
Work = Callable[[Coroutine[Any, Any, int]], int]

_config = click.option(
    "-c",
    "--config",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    help="The configuration file (YAML).",
)


def add_operations(app: click.Group, load: Load, work: Work) -> None:
    """`load` reads a configuration or exits with 64; `work` runs a coroutine to its exit code."""

    @app.command()
    @_config
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
    def doctor(file: Path, as_json: bool) -> int:
        """Look at all that the daemon needs: exit 0 well, 1 something is wrong, 2 could not tell, 64 bad config."""
        from monitor.doctor import doctor as examine

        return work(examine(file, as_json=as_json))
