"""Who is the head that evidence goes to: the configured one while he works here, else up the departments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.core.memory import PortalState
from monitor.core.policy import Policy

HIGHEST = 50  # steps up: departments in a circle end there


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """`user` None = nobody is known. `why`: configured, department, above, dismissed, no_departments, nobody."""

    user: int | None
    why: str


def head_of(state: PortalState, policy: Policy, *, of: int | None = None) -> Head:
    """The head of a manager, or of the guaranteed department. Until the staff is known the config's word stands."""
    wished = policy.head
    if wished is not None and (not state.managers or _works(wished, state)):
        return Head(user=wished, why="configured")
    if not state.departments:
        return Head(user=None, why="no_departments" if wished is None else "dismissed")
    for index, head in enumerate(_heads_above(state, policy, of)):
        if head != of and _works(head, state):
            return Head(user=head, why="above" if index else "department")
    return Head(user=None, why="nobody" if wished is None else "dismissed")


def _works(user: int, state: PortalState) -> bool:
    known = state.managers.get(user)
    return known is not None and known.active


def _heads_above(state: PortalState, policy: Policy, of: int | None) -> Iterator[int]:
    """The heads that are set, from the nearest department upwards."""
    manager = state.managers.get(of) if of is not None else None
    own = manager.departments[:1] if manager is not None else ()
    wished = policy.guarantee.department if policy.guarantee is not None else None
    department = state.departments.get(own[0] if own else wished or 0)
    if department is None:
        department = next((one for one in state.departments.values() if one.parent is None), None)
    for _ in range(HIGHEST):
        if department is None:
            return
        if department.head is not None:
            yield department.head
        department = state.departments.get(department.parent) if department.parent is not None else None
