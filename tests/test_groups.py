"""Tests of a group run in one process, where what they share is made once; a pytest or an xdist of another version may
no longer know of groups, and would say nothing."""

from __future__ import annotations

import pytest

KEPT = "kept-together"


@pytest.mark.xdist_group(KEPT)
def test_a_group_is_known_where_tests_are_shared_out(request: pytest.FixtureRequest, testrun_uid: str) -> None:
    del testrun_uid  # of xdist: it is there
    if not hasattr(request.config, "workerinput"):
        pytest.skip("one process runs all of them")
    assert request.node.nodeid.endswith(f"@{KEPT}")
