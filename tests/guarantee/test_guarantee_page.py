"""The guarantee's page: what was sold for how much, what the audits found, what ends and how often it was told."""

from __future__ import annotations

from dataclasses import replace

from guarantee_parts import DAY, GUARANTEE, START, make_policy

from monitor.core.memory import Audit, PortalMemory, PortalState, Reminder
from monitor.core.model import Line
from monitor.core.policy import Expiry
from monitor.core.reading import AuditFact, AuditSeen
from monitor.shell.page_guarantee import guarantee
from monitor.shell.sight import Sight

BROKEN = AuditSeen(check="queue_staffed", line=1, holds=False, facts=(AuditFact(what="dismissed", people=("Олег",)),))
STATE = PortalState(
    portal="acme",
    lines={1: Line(id=1, name="Продажи")},
    memory=PortalMemory(last_success=START),
    audits={"queue_staffed/1": Audit(seen=BROKEN, since=START, read_at=START)},
    reminders={"wazzup": Reminder(until=START + 5 * DAY, step=3, sent=2)},
)
EXPIRIES = (Expiry(subject="wazzup", at=START + 5 * DAY, paid_through_us=True),)


def shown(language: str = "ru", **wishes: object) -> dict[str, object]:
    return guarantee(Sight(state=STATE, policy=make_policy(**wishes), now=START, language=language))


def test_the_years_price_stands_beside_the_services() -> None:
    terms = shown()["terms"]
    assert isinstance(terms, dict)
    assert (terms["price"], terms["yearly"], terms["word"]) == ("60 000 ₽", "24 000 ₽", "действует")
    agreed = shown(guarantee=replace(GUARANTEE, price=30_000))["terms"]
    assert isinstance(agreed, dict)
    assert agreed["yearly"] == "30 000 ₽"


def test_ended_early_it_says_so_with_the_day() -> None:
    terms = shown(guarantee=replace(GUARANTEE, ended=START - DAY))["terms"]
    assert isinstance(terms, dict)
    assert (terms["word"], terms["light"], terms["end"]) == ("закончена досрочно", "bad", "01.03.2026 09:00")


def test_the_audits_are_told_with_what_they_found() -> None:
    assert shown("en")["audits"] == [
        {
            "check": "Those who work are in the queue",
            "line": "Продажи",
            "light": "bad",
            "word": "broken",
            "since": "2026-03-02 09:00",
            "facts": "dismissed, yet in the queue: Олег",
        }
    ]


def test_all_that_ends_is_told_with_its_reminders() -> None:
    rows = shown(expiries=EXPIRIES)["expiries"]
    assert isinstance(rows, list)
    assert [(row["subject"], row["reminders"]) for row in rows] == [
        ("wazzup", "2 / 3"),
        ("доступ монитора к порталу", "0 / 3"),
        ("гарантия", "0 / 3"),
    ]


def test_what_no_dialog_has_shown_yet_is_not_called_well_and_the_other_options_check_is_left_out() -> None:
    nothing = AuditSeen(check="crm_notified", line=1, holds=True, facts=(AuditFact(what="notified", n=0, of=0),))
    papers = AuditSeen(check="document_numbers", holds=None, facts=(AuditFact(what="documents", n=0),))
    audits = {f"{one.check}/{one.line}": Audit(seen=one, since=START, read_at=START) for one in (nothing, papers)}
    sight = Sight(state=replace(STATE, audits=audits), policy=make_policy(), now=START, language="ru")
    rows = guarantee(sight)["audits"]
    assert [(row["check"], row["light"], row["word"]) for row in rows] == [
        ("Новые сообщения видны в CRM", "none", "пока не видно")
    ]


def test_who_pays_is_told_of_licences_alone() -> None:
    rows = shown(expiries=EXPIRIES)["expiries"]
    assert isinstance(rows, list)
    assert [row["paid_through_us"] for row in rows] == ["да", "", ""]
