"""The guarantee's page: what was sold for how much, what the audits found, what ends and how often it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from guarantee_parts import DAY, GUARANTEE, START, kept, make_policy

from monitor.core.memory import Audit, PortalMemory, PortalState, Reminder
from monitor.core.model import Line
from monitor.core.past_reviews import KeptReview
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


def counted(number: int, **wishes: object) -> KeptReview:
    return kept(number, **{"found": 2, "lost": timedelta(hours=29, minutes=44), **wishes})


def page(*reviews: KeptReview, language: str = "ru", **wishes: object) -> dict[str, object]:
    sight = Sight(state=STATE, policy=make_policy(**wishes), now=START, language=language)
    return guarantee(sight, reviews)


def test_the_years_reviews_are_summed_up_and_a_correction_stands_for_what_it_corrects() -> None:
    shown = page(counted(1), counted(2), counted(3, since=GUARANTEE.start, corrects=1, found=1, lost=timedelta()))
    assert shown["account"] == {"reviews": 2, "found": 3, "lost": "29 часов 44 минуты", "since": ""}


def test_reviews_of_another_guarantee_do_not_count() -> None:
    before = counted(1, since=GUARANTEE.start - 365 * DAY, until=GUARANTEE.start - 351 * DAY)
    assert page(before, counted(2))["account"] == {
        "reviews": 1,
        "found": 2,
        "lost": "29 часов 44 минуты",
        "since": "",
    }


def test_reviews_that_kept_no_losses_yet_are_counted_and_the_sums_say_since_when_they_are() -> None:
    shown = page(counted(1, found=None, lost=None), counted(2, lost=timedelta()))
    assert shown["account"] == {
        "reviews": 2,
        "found": 2,
        "lost": "0",
        "since": "Происшествия и потери сосчитаны с 14.02.2026 09:00: раньше отчёты их не запоминали.",
    }
    assert page(counted(1, found=None, lost=None))["account"] is None
    assert page()["account"] is None


def test_the_next_review_is_one_that_will_be_made() -> None:
    assert page()["next_review"] == "14.03.2026 09:00"
    ahead = replace(GUARANTEE, start=START + 3 * DAY, end=START + 368 * DAY)
    assert page(guarantee=ahead)["next_review"] == "19.03.2026 09:00"


def test_after_its_end_and_without_a_guarantee_no_review_is_promised() -> None:
    over = replace(GUARANTEE, start=START - 400 * DAY, end=START - 35 * DAY)
    for terms in (replace(GUARANTEE, ended=START - DAY), over, None):
        shown = page(guarantee=terms)
        assert (shown["next_review"], shown["no_reviews"]) == ("", "Отчётов по этой гарантии не составлялось.")
    assert page()["no_reviews"] == "Отчётов пока нет: следующий будет, когда закончится нынешний период."


def test_an_audit_of_another_option_says_so() -> None:
    (row,) = page(guarantee=replace(GUARANTEE, option="documents"))["audits"]  # type: ignore[misc]  # rows
    assert row["check"] == "В очереди те, кто работает (не входит в купленную опцию)"
