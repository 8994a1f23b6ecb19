"""Names as people gave them, on one line: they stand in subjects, headings and tables."""

from __future__ import annotations

import pytest

from probes._lines import line_of
from probes.discovery import department_of, manager_of


def test_names_of_lines_people_and_departments_are_told_on_one_line() -> None:
    line = line_of({"ID": "1", "LINE_NAME": 'Sales "VIP"\r\n<i>second</i>\tline '})
    manager = manager_of({"ID": "12", "NAME": "Anna\n", "LAST_NAME": " Petrova"})
    department = department_of({"ID": "7", "NAME": "Sales\nteam"})
    assert line is not None
    assert manager is not None
    assert department is not None
    assert (line.name, manager.name, department.name) == (
        'Sales "VIP" <i>second</i> line',
        "Anna Petrova",
        "Sales team",
    )


@pytest.mark.parametrize("control", ["\0", "\x1b", "\x7f", "\x9b"])
def test_a_name_holds_no_control_character(control: str) -> None:
    manager = manager_of({"ID": "12", "NAME": f"An{control}na", "WORK_POSITION": f"he{control}ad"})
    assert manager is not None
    assert (manager.name, manager.position) == ("An na", "he ad")


def test_a_name_keeps_what_joins_its_signs() -> None:
    department = department_of({"ID": "7", "NAME": "\N{WOMAN}\u200d\N{PERSONAL COMPUTER} Team"})
    assert department is not None
    assert department.name == "\N{WOMAN}\u200d\N{PERSONAL COMPUTER} Team"


def test_a_name_of_blanks_is_none() -> None:
    line, manager = line_of({"ID": "1", "LINE_NAME": " \n"}), manager_of({"ID": "12", "NAME": "\n"})
    assert line is not None
    assert manager is not None
    assert (line.name, manager.name) == ("#1", "#12")
