"""The order of the tests: what takes a minute begins before what takes a moment, lest a worker ends alone with it.

No example of hypothesis has to be quick: how quick it is, is the machine's."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("whatever the machine does", deadline=None)
settings.load_profile("whatever the machine does")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
