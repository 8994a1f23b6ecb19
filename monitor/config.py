"""The configuration file: read, checked whole, and only then turned into a value that the daemon trusts."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.config_build import build
from monitor.config_checks import across, same_portal_twice, without_own_keys, without_probe
from monitor.config_polls import slowed
from monitor.config_providers import provider_probes
from monitor.config_secrets import reveal
from monitor.config_shape import Root
from monitor.config_unsaid import without_unsaid
from monitor.config_values import Cluster, Config, ConfigProblems, PortalConfig, ProviderConfig
from monitor.config_wording import in_words
from monitor.config_yaml import read_yaml

__all__ = ["Cluster", "Config", "ConfigProblems", "PortalConfig", "ProviderConfig", "load", "provider_probes"]

_PLACE = re.compile(r"^(\w+)(?:\[(\d+)\])?")


def load(path: Path, env: Mapping[str, str] | None = None) -> Config:
    """The file's configuration, or ConfigProblems with everything that is wrong with it.

    Secrets are read from their files and from `env`, by default the process's own. Relative paths begin at the
    configuration's folder, only the store's SQLite path begins where the daemon runs.
    """
    told = without_unsaid(read_yaml(path), Root)
    tree, found = reveal(told, os.environ if env is None else env, path.parent)
    root, problems = _shaped(without_own_keys(tree))
    everything = [*found.problems, *problems, *across(tree, path.parent)]
    if root is None or everything:
        raise ConfigProblems(tuple(_in_order(everything, tree)))
    warnings = (*found.warnings, *same_portal_twice(tree), *without_probe(tree), *slowed(root))
    return replace(build(root, tree, path), warnings=warnings, secrets=tuple(found.secrets))


def _shaped(tree: Mapping[str, Any]) -> tuple[Root | None, list[str]]:
    try:
        return Root.model_validate(tree), []
    except ValidationError as error:
        rows = error.errors(include_url=False)
        return None, [line for row in rows for line in in_words(row, Root)]


def _in_order(problems: list[str], tree: Mapping[str, Any]) -> list[str]:
    """As the file is read: by section, then by entry; each problem once."""
    sections = {str(key): index for index, key in enumerate(tree)}

    def place(problem: str) -> tuple[int, int]:
        match = _PLACE.match(problem)
        return (sections.get(match[1], len(sections)), int(match[2] or 0)) if match else (-1, 0)

    return sorted(dict.fromkeys(problems), key=place)
