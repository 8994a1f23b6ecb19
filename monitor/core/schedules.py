"""Which schedule a line is judged by: the config's explicit one, else the line's own WORKTIME_*.

Where WORKTIME_TIMEZONE names no zone, the line's hours are those of the zone that the config names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from monitor.core.calendar import PublicDay, Schedule, from_rule, from_worktime
from monitor.core.memory import PortalState
from monitor.core.policy import Policy, Targets

PublicDays = Mapping[date, PublicDay]


def schedule_of(
    line: int, state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays]
) -> Schedule | None:
    """None = not known yet: nobody is judged before the portal has told the line's hours."""
    rule = policy.line(line).schedule
    if rule is not None:
        return from_rule(rule, public_days.get(rule.holidays or "", {}))
    known = state.lines.get(line)
    if known is not None:
        return from_worktime(known.worktime, policy.line(line).timezone or policy.timezone)
    return from_worktime(None) if state.cursor.discovered is not None else None


def targets_of(line: int, policy: Policy) -> Targets:
    return policy.line(line).targets or policy.targets
