"""What of the gate's failures is tried once more."""

from __future__ import annotations

import pytest

from tests.again import may_be_tried_again


@pytest.mark.parametrize(
    ("failed", "may"),
    [
        ({"tests/test_a.py::test_x[a::b]@faults": True}, True),
        (dict.fromkeys(["a.py::x", "a.py::y", "b.py::z"], True), True),
        (dict.fromkeys(["a.py::w", "a.py::x", "a.py::y", "b.py::z"], True), False),
        ({"tests/test_a.py": True}, False),
        ({"gw3": True}, False),
        ({}, False),
    ],
    ids=["one", "three", "four", "a file that cannot be read", "a worker", "none"],
)
def test_up_to_three_tests_and_nothing_else(failed: dict[str, bool], may: bool) -> None:
    assert may_be_tried_again(failed) is may
