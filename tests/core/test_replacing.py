"""The quick `replace` against the library's."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from monitor.core.memory import Cursor, PortalMemory, PortalState
from monitor.core.replacing import maker, replace

RECORDS = [
    (PortalState(portal="acme", turns={}), {"cursor": Cursor(highest_session=5), "portal": "other"}),
    (PortalMemory(good=3), {"good": 4, "last_success": datetime(2026, 3, 2, tzinfo=UTC)}),
    (Cursor(watermark=datetime(2026, 3, 2, tzinfo=UTC)), {}),
]


@pytest.mark.parametrize(("record", "changes"), RECORDS)
def test_it_makes_what_the_library_makes_and_leaves_the_first_record_alone(record, changes) -> None:  # type: ignore[no-untyped-def]  # any record
    before = dataclasses.replace(record)
    after = replace(record, **changes)
    assert after == dataclasses.replace(record, **changes)
    assert hash(type(after)) == hash(type(record))
    assert record == before


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(AttributeError):
        replace(Cursor(), watermarks=None)


def test_a_record_that_works_something_out_when_it_is_made_is_refused() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Careful:
        one: int
        two: int

        def __post_init__(self) -> None:
            raise ValueError("two is one")

    with pytest.raises(TypeError, match="no such record"):
        replace(object.__new__(Careful), one=1)


def test_a_quick_constructor_makes_what_the_constructor_makes() -> None:
    assert maker(Cursor)(highest_session=5) == Cursor(highest_session=5)
    assert type(maker(Cursor)()) is Cursor
    with pytest.raises(dataclasses.FrozenInstanceError):
        maker(Cursor)().settled = True  # type: ignore[misc]  # it is refused


def test_a_quick_constructor_refuses_what_the_constructor_refuses() -> None:
    with pytest.raises(TypeError):
        maker(PortalMemory)(nobody=1)  # type: ignore[call-arg]  # it is refused
    with pytest.raises(TypeError, match="no such record"):
        maker(PortalState)  # its maps are made anew for each
