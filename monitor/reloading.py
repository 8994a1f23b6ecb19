"""The configuration read again for a daemon that runs: taken as a whole or not at all, and what waits is named."""

from __future__ import annotations

from pathlib import Path

import structlog

from monitor.config import Config, ConfigProblems, load
from monitor.config_restart import in_force
from monitor.shell.board import Reloaded

log = structlog.get_logger()


def read_again(path: Path | None, present: Config) -> tuple[Config, Reloaded]:
    """What to adopt. On any problem that is the present configuration."""
    try:
        config = load(path) if path else present
    except ConfigProblems as error:
        for problem in error.problems:
            log.error("config.problem", problem=problem)
        return present, Reloaded(problems=error.problems)
    for warning in config.warnings:
        if warning not in present.warnings:
            log.warning("config.warning", problem=warning)
    config, needs_restart = in_force(config, present)
    if needs_restart:
        log.warning("config.needs_restart", keys=list(needs_restart))
    return config, Reloaded(needs_restart=needs_restart)


def in_words(reloaded: Reloaded) -> str:
    """For the status line of systemd."""
    if reloaded.problems:
        return f"not reloaded: {len(reloaded.problems)} problems in the configuration"
    needs = ", ".join(reloaded.needs_restart)
    return f"reloaded; a restart is needed for {needs}" if needs else "reloaded"
