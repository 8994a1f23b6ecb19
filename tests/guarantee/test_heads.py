"""Who hears of what is wrong when the head was dismissed, or when the portal has no departments."""

from __future__ import annotations

from dataclasses import replace

from guarantee_parts import make_policy

from monitor.core.heads import Head, head_of
from monitor.core.memory import PortalState
from monitor.core.model import Department, Manager

STATE = PortalState(
    portal="acme",
    managers={
        1: Manager(id=1, name="Директор"),
        5: Manager(id=5, name="Ирина", departments=(7,)),
        12: Manager(id=12, name="Анна", departments=(7,)),
    },
    departments={1: Department(id=1, name="Компания", head=1), 7: Department(id=7, name="Продажи", parent=1, head=5)},
)
GONE = replace(STATE, managers={**STATE.managers, 5: Manager(id=5, name="Ирина", active=False)})


def test_the_configured_head_is_the_head() -> None:
    assert head_of(STATE, make_policy(head=12)) == Head(user=12, why="configured")


def test_without_a_word_of_the_config_the_departments_head_is_the_head() -> None:
    assert head_of(STATE, make_policy(), of=12) == Head(user=5, why="department")


def test_nobody_is_his_own_head() -> None:
    assert head_of(STATE, make_policy(), of=5) == Head(user=1, why="above")


def test_a_dismissed_head_is_replaced_by_the_next_one_above() -> None:
    assert head_of(GONE, make_policy(head=5), of=12) == Head(user=1, why="above")


def test_a_dismissed_head_on_a_portal_without_departments_is_nobody_and_said_so() -> None:
    bare = replace(GONE, departments={})
    assert head_of(bare, make_policy(head=5)) == Head(user=None, why="dismissed")
    assert head_of(bare, make_policy()) == Head(user=None, why="no_departments")


def test_before_the_staff_is_known_the_config_is_believed() -> None:
    assert head_of(PortalState(portal="acme"), make_policy(head=5)) == Head(user=5, why="configured")


def test_departments_in_a_circle_end() -> None:
    circle = {7: Department(id=7, name="А", parent=8), 8: Department(id=8, name="Б", parent=7)}
    assert head_of(replace(STATE, departments=circle), make_policy(), of=12) == Head(user=None, why="nobody")
