"""What an audit of dialogs showed stands until dialogs show something else: weekends have none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.audits import fold_audits
from monitor.core.memory import Audit
from monitor.core.reading import AuditFact, AuditSeen, Reading

FRIDAY = datetime(2026, 3, 6, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
SUNDAY, MONDAY = FRIDAY + 48 * HOUR, FRIDAY + 72 * HOUR
FACTS = {"crm_notified": "notified", "routed_to_responsible": "routed"}


def found(check: str, holds: bool | None, *facts: AuditFact) -> AuditSeen:
    return AuditSeen(check=check, line=1, holds=holds, facts=facts)


def run(*told: tuple[datetime, AuditSeen]) -> Audit:
    known: dict[str, Audit] = {}
    for now, seen in told:
        known = dict(fold_audits(known, [Reading(probe="x", source="bitrix24", at=now, findings=(seen,))], now))
    return known[f"{told[0][1].check}/1"]


@pytest.mark.parametrize(("check", "what"), FACTS.items())
@pytest.mark.parametrize(("holds", "well"), [(True, 10), (False, 4)])
def test_a_weekend_without_dialogs_neither_mends_nor_forgets(check: str, what: str, holds: bool, well: int) -> None:
    friday = found(check, holds, AuditFact(what=what, n=well, of=10))
    sunday = found(check, True, AuditFact(what=what))
    told = run((FRIDAY, friday), (SUNDAY, sunday))
    assert (told.seen, told.since, told.read_at) == (friday, FRIDAY, SUNDAY)
    monday = found(check, True, AuditFact(what=what, n=3, of=3))
    assert run((FRIDAY, friday), (SUNDAY, sunday), (MONDAY, monday)).seen == monday


@pytest.mark.parametrize("holds", [True, False])
def test_what_is_as_it_was_before_nobody_could_tell_goes_on_since_then(holds: bool) -> None:
    said, untold = found("queue_staffed", holds), found("queue_staffed", None)
    gap = [(FRIDAY + hours * HOUR, untold) for hours in (1, 2)]
    assert run((FRIDAY, said), *gap).since == FRIDAY + HOUR
    assert run((FRIDAY, said), *gap, (SUNDAY, said)).since == FRIDAY
    assert run((FRIDAY, said), *gap, (SUNDAY, found("queue_staffed", not holds))).since == SUNDAY
    assert run((FRIDAY, untold), (SUNDAY, said)).since == SUNDAY


def test_a_setting_that_was_mended_holds_though_no_dialog_has_shown_it_yet() -> None:
    off = found("crm_notified", False, AuditFact(what="crm_off"))
    nothing = found("crm_notified", True, AuditFact(what="notified"))
    assert run((FRIDAY, off), (SUNDAY, nothing)).seen == nothing


def test_a_setting_that_is_switched_off_is_broken_whatever_dialogs_have_shown() -> None:
    well = found("routed_to_responsible", True, AuditFact(what="routed", n=9, of=9))
    off = found("routed_to_responsible", False, AuditFact(what="forward_off"))
    assert run((FRIDAY, well), (SUNDAY, off)).seen == off
