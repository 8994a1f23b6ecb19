"""Parts of the whole product, stopped at the end of each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e_parts import eventually
from e2e_stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    built = Stage(tmp_path)
    with built.parts:
        yield built


@pytest.fixture
def eventually_() -> Callable[..., Any]:
    return eventually
