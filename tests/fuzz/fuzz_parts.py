"""Hostile answers: any JSON, and the sandbox's own answers with something in them exchanged."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["", "0", "-1", "Y", "N", "2026-02-30T25:61:00+99:00", "9" * 400, "\x00", "0000-00-00", "NaN"])
    | st.sampled_from(["2026-03-02T09:00:00+03:00", "2026-03-02T09:00:00", "1970-01-01T00:00:00Z"])
)
KEYS = st.text(max_size=10) | st.just("ID")
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all nodes of a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, part in inner for one in places(part, (*path, key)))]


def exchanged(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """A copy with the node at `path` exchanged."""
    if not path:
        return junk
    whole = copy.deepcopy(value)
    node = whole
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = junk
    return whole


@st.composite
def spoiled(draw: st.DrawFn, value: Any) -> Any:
    """The value with up to three of its nodes exchanged for anything."""
    for _ in range(draw(st.integers(0, 3))):
        value = exchanged(value, draw(st.sampled_from(places(value))), draw(JSON))
    return value
