"""Audit of generated documents: unique gapless numbers per numerator, bound to their cards, links told."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from audit_parts import DAY, HOUR, NOW, YEAR, Stand, stand
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.audit_words import fact_words
from monitor.core.document_faults import faults_of, overridden
from monitor.core.document_numbers import Document, Numerator, sequence_of
from monitor.core.guarantee import usual_checks
from monitor.core.memory import PortalState
from monitor.core.model import Failure, Reason
from monitor.core.plugin import View
from monitor.core.policy import Policy
from monitor.sandbox.cards import Cards
from monitor.sandbox.faults import Fault
from probes.document_numbers import PROBE, Answers, Papers

PAPERS = replace(YEAR, option="documents")
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")
VIEW = View(policy=POLICY, state=PortalState(portal="acme"), now=NOW, clock=lambda: NOW)


def furnish(cards: Cards, numbers: list[str], *, template: int = 39, **more: object) -> None:
    cards.add("deal", 501, 12, NOW - 90 * DAY)
    cards.add("deal", 777, 12, NOW - 90 * DAY)
    cards.templates[template] = ("Договор", 2)
    cards.add_numerator(2, "{YEAR}-{NUMBER}", length=3)
    for index, number in enumerate(numbers):
        cards.add_document(number, NOW - (len(numbers) - index) * HOUR, template=template, **more)  # type: ignore[arg-type]  # named by the tests


async def audited(it: Stand) -> list[tuple[str, tuple[str, ...]]]:
    await it.polls(3)
    return [(fact.what, fact.items) for fact in it.seen("document_numbers", 0).seen.facts]


async def test_documents_in_unbroken_order_hold() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-002", "2026-003"])
        assert await audited(it) == [("documents", ()), ("public_links", ("-",))]
        assert it.metric("document_numbers", "") == 1


async def test_a_gap_is_named_as_its_neighbours_are_written_and_the_guarantee_covers_it() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-002", "2026-005"])
        assert ("missing_numbers", ("2026-003", "2026-004")) in await audited(it)
        assert it.metric("document_numbers", "") == 0
        alert = it.alert("document_numbers")
        assert alert["guaranteed"] == "yes"
        assert "line" not in alert
        assert alert["summary"] == "Документы: номера или привязка нарушены"
        assert (
            "пропущены номера (удалённые документы и ошибки тоже оставляют пропуски): 2026-003, 2026-004"
            in alert["description"]
        )


async def test_documents_audited_beside_a_guarantee_of_messengers_are_told_apart() -> None:
    async with stand(guarantee=replace(YEAR, checks=("document_numbers",))) as it:
        furnish(it.world.cards, ["2026-001", "2026-003"])
        await audited(it)
        assert it.alert("document_numbers")["guaranteed"] == "no"


async def test_a_guarantee_of_messengers_asks_for_no_documents() -> None:
    async with stand(guarantee=replace(YEAR, checks=usual_checks("messengers"))) as it:
        furnish(it.world.cards, ["2026-001", "2026-003"])
        await it.polls(3)
        assert not [method for method in it.sandbox.counts if "documentgenerator" in method]
        assert it.failed("document_numbers") is None
        assert it.metric("document_numbers", "") is None
        assert it.metric("queue_staffed") is not None


async def test_a_number_used_twice_is_named() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-002", "2026-002"])
        assert ("duplicate_numbers", ("2026-002",)) in await audited(it)
        assert "повторяются номера: 2026-002" in it.alert("document_numbers")["description"]


async def test_two_templates_may_share_one_numerator() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-003"], template=39)
        furnish(it.world.cards, ["2026-002"], template=40)
        await audited(it)
        assert it.metric("document_numbers", "") == 1


@pytest.mark.parametrize("lost", [{"entity": 0}, {"entity_type": 0}, {"entity": 999}])
async def test_a_document_that_left_its_card_is_named(lost: dict[str, int]) -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001"])
        it.world.cards.add_document("2026-002", NOW, **lost)
        assert ("unbound", ("2026-002",)) in await audited(it)
        assert "не привязаны к карточке: 2026-002" in it.alert("document_numbers")["description"]


async def test_cards_of_which_not_one_is_shown_are_told_and_called_neither_there_nor_gone() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-002"])
        it.world.cards.cards.clear()
        await audited(it)
        fact = it.seen("document_numbers", 0).seen.facts[0]
        assert fact_words(fact, "ru") == "карточек не видно у документов: 2 (удалены или монитору не показаны)"
        assert fact_words(fact, "en") == "documents whose cards are not shown: 2 (deleted, or hidden from the monitor)"
        assert it.metric("document_numbers", "") == 1


async def test_whether_and_when_the_customer_opened_the_link_is_told() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001"])
        it.world.cards.add_document("2026-002", NOW, public_url="https://acme/~71q5j", viewed=NOW)
        facts = await audited(it)
        assert ("public_links", ("2026-002 2026-09-21T12:00:00+03:00",)) in facts
        assert it.metric("document_numbers", "") == 1


async def test_a_portal_without_documents_has_nothing_to_hold_or_to_break() -> None:
    async with stand(guarantee=PAPERS) as it:
        assert await audited(it) == [("documents", ())]
        assert it.metric("document_numbers", "") is None


async def test_denied_documents_are_unknown_and_the_incident_stays() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-003"])
        await audited(it)
        it.sandbox.inject(Fault("ACCESS_DENIED", method="crm.documentgenerator.document.list"))
        await it.audit()
        assert it.metric("document_numbers", "") is None
        assert it.failed("document_numbers") is not None
        assert it.watch.state.memory.up is True


async def test_without_the_right_to_see_numerators_nobody_can_tell_of_gaps() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-003"])
        await audited(it)
        assert it.metric("document_numbers", "") == 0
        it.sandbox.inject(Fault("ACCESS_DENIED", method="crm.documentgenerator.numerator.list"))
        await it.audit()
        facts = it.seen("document_numbers", 0).seen.facts
        assert [fact.what for fact in facts] == ["no_numerator", "documents", "public_links"]
        assert fact_words(facts[0], "ru") == (
            "портал не показывает нумератор документов: есть ли пропуски, сказать нельзя"
        )
        assert it.metric("document_numbers", "") is None
        assert it.failed("document_numbers") is not None


async def test_without_the_right_to_see_numerators_a_number_used_twice_is_named() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-002", "2026-002"])
        it.sandbox.inject(Fault("ACCESS_DENIED", method="crm.documentgenerator.numerator.list"))
        assert ("duplicate_numbers", ("2026-002",)) in await audited(it)
        assert it.metric("document_numbers", "") == 0


async def test_a_document_whose_card_is_gone_stays_so_when_a_page_of_newer_ones_has_come() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, ["2026-001", "2026-002"])
        it.world.cards.add("deal", 999, 12, NOW - 90 * DAY)
        it.world.cards.add_document("2026-003", NOW, entity=999)
        await audited(it)
        gone = it.world.cards.cards.pop((2, 999))
        await it.audit()
        assert "не привязаны к карточке: 2026-003" in it.alert("document_numbers")["description"]
        for number in range(4, 70):
            it.world.cards.add_document(f"2026-{number:03}", NOW)
        await it.audit()
        assert it.metric("document_numbers", "") == 0
        it.world.cards.cards.clear()
        await it.audit()
        assert ("unbound", ("2026-003",)) in [
            (fact.what, fact.items) for fact in it.seen("document_numbers", 0).seen.facts
        ]
        it.world.cards.cards[2, 999] = gone
        it.world.cards.add("deal", 501, 12, NOW - 90 * DAY)
        await it.audit()
        assert it.metric("document_numbers", "") == 1


async def test_hundreds_of_documents_are_read_in_one_request_more() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, [f"2026-{number:03}" for number in range(1, 421) if number != 77])
        it.world.customer_writes("telegrambot", 1, it.world.add_customer())  # from here on session ids are known
        await it.polls(5)
        it.clock.at += HOUR
        before = it.sandbox.counts["http"]
        await it.polls(1)
        assert it.sandbox.counts["http"] - before == 2
        assert it.seen("document_numbers", 0).seen.facts[0].items == ("2026-077",)


async def test_with_every_audit_at_work_a_quiet_portal_costs_less_than_1_2_requests_a_poll() -> None:
    async with stand(guarantee=PAPERS) as it:
        furnish(it.world.cards, [f"2026-{number:03}" for number in range(1, 421)])
        it.world.customer_writes("telegrambot", 1, it.world.add_customer())
        await it.polls(5)
        before = it.sandbox.counts["http"]
        await it.polls(125)
        assert it.sandbox.counts["http"] - before < 125 * 1.2


def crowd(cards: Cards, others: int) -> None:
    """So many templates and numerators of their own stand before ours."""
    for number in range(1000, 1000 + others):
        cards.templates[number] = (f"Шаблон {number}", number)
        cards.add_numerator(number)


@pytest.mark.parametrize("others", [49, 50, 51, 99, 100, 149])
async def test_a_numerator_and_a_template_beyond_the_first_page_are_found(others: int) -> None:
    async with stand(guarantee=PAPERS) as it:
        crowd(it.world.cards, others)
        furnish(it.world.cards, ["2026-001", "2026-003"], template=39)
        furnish(it.world.cards, ["2026-002"], template=40)
        await audited(it)
        assert it.metric("document_numbers", "") == 1


async def test_a_further_page_shares_the_request_of_the_documents() -> None:
    async with stand(guarantee=PAPERS) as it:
        crowd(it.world.cards, 60)
        furnish(it.world.cards, ["2026-001", "2026-002"])
        it.world.customer_writes("telegrambot", 1, it.world.add_customer())
        await it.polls(5)
        it.clock.at += HOUR
        before = it.sandbox.counts["http"]
        await it.polls(1)
        assert it.sandbox.counts["http"] - before == 2


@pytest.mark.parametrize("kind", ["templates", "numerators"])
def test_a_further_page_that_failed_leaves_the_last_finding_alone(kind: str) -> None:
    lost = Failure(reason=Reason.UNREACHABLE)
    document = {"id": "1", "number": "1", "templateId": "39", "createTime": NOW.isoformat()}
    told = Answers(papers=Papers(pages=[{"documents": [document]}]), templates=[{}], numerators=[{}])
    reading = PROBE.read(replace(told, **{kind: [{}, lost]}), VIEW, NOW)  # type: ignore[arg-type]  # named by the test
    assert (reading.failure, reading.findings) == (lost, ())
    reading = PROBE.read(replace(told, **{kind: [lost]}), VIEW, NOW)  # type: ignore[arg-type]  # named by the test
    assert (reading.failure, reading.failures) == (None, (lost,))


async def test_a_portal_that_tells_the_same_page_for_ever_is_asked_twice() -> None:
    asked = []

    async def call(method: str, params: Mapping[str, Any] | None = None) -> Any:
        asked.append((method, params))
        rows = [{"id": str(number)} for number in range(50)]
        return {"numerators": rows, "templates": rows, "documents": []}

    await PROBE.ask(call, VIEW)
    assert Counter(method.split(".")[2] for method, _ in asked) == {"document": 1, "template": 2, "numerator": 2}


@pytest.mark.parametrize(
    ("zone", "holds"),
    [(None, False), ("Asia/Vladivostok", True), ("Mars/Olympus", False), ("", False), (7, False)],
)
async def test_a_year_begins_where_the_numerator_says(zone: object, holds: bool) -> None:
    """17:30 in Moscow on 31 December is the new year in Vladivostok, where the numbers begin anew."""
    async with stand(guarantee=PAPERS) as it:
        cards = it.world.cards
        cards.add("deal", 501, 12, NOW - 90 * DAY)
        cards.templates[39] = ("Договор", 2)
        cards.add_numerator(2, periodicBy="year", timezone=zone)
        for number, at in (("7", "16:30"), ("8", "16:45"), ("1", "17:30"), ("2", "17:45")):
            cards.add_document(number, datetime.fromisoformat(f"2025-12-31T{at}:00+03:00"))
        await audited(it)
        assert it.metric("document_numbers", "") == float(holds)


DAYS = datetime(2026, 1, 1, tzinfo=UTC)


def papers(*numbers: str, days: tuple[int, ...] = ()) -> list[Document]:
    at = [DAYS + timedelta(days=day) for day in (days or range(len(numbers)))]
    return [
        Document(id=index, number=number, template=39, created=at[index], entity_type=2, entity=501)
        for index, number in enumerate(numbers)
    ]


def wrong(documents: list[Document], numerator: Numerator) -> list[tuple[str, tuple[str, ...]]]:
    found = faults_of(documents, {2: numerator}, {39: 2}, "Europe/Moscow")
    return [(fact.what, fact.items) for fact in found]


@pytest.mark.parametrize(
    ("number", "template", "sequence"),
    [
        ("2026-007", "{YEAR}-{NUMBER}", 7),
        ("Д-12/09/2026", "Д-{NUMBER}/{MONTH}/{YEAR}", 12),
        ("A.5", "{PREFIX}.{NUMBER}", 5),
        ("42", "{NUMBER}", 42),
        ("как договорились", "{YEAR}-{NUMBER}", None),
        ("№ 15 б", "", 15),
        ("ООО-АБ-7", "{CLIENT}-{COMPANY}-{NUMBER}", 7),
        ("ООО-7", "{CLIENT}{COMPANY}-{NUMBER}", 7),
        ("a/b/c/7", "{A}/{B}/{C}/{NUMBER}", 7),  # more is unknown than can be told apart: the last number counts
        ("5-6", "{NUMBER}-{NUMBER}", 6),
        ("56", "{NUMBER}{NUMBER}", 56),
        ("1.2.3.4.5.6", "{DAY}.{DAY}.{DAY}.{DAY}.{DAY}.{NUMBER}", 6),
        ("7" * 129, "{NUMBER}", None),
        ("7" * 5_000, "", None),
    ],
)
def test_the_counter_is_read_from_a_number_by_its_template(number: str, template: str, sequence: int | None) -> None:
    assert sequence_of(number, template) == sequence


@pytest.mark.parametrize(
    ("template", "number"),
    [
        ("{A}" * 6 + "-{NUMBER}", "a" * 100),
        ("{A}a{B}a{C}a{D}a{E}a-{NUMBER}", "a" * 128),
        ("{A}1{B}1{NUMBER}x", "1" * 128),
        ("{DAY}" * 60 + "-{NUMBER}", "1" * 90),
        ("{MONTH}1" * 40 + "-{NUMBER}", "1" * 128),
        ("{NUMBER}" * 30 + "-", "1" * 128),
        ("1" * 100_000 + "{NUMBER}", "1" * 128),
    ],
)
def test_no_template_of_a_portal_holds_the_loop_up(template: str, number: str) -> None:
    started = time.process_time()
    sequence_of(number, template)
    assert time.process_time() - started < 0.1


def test_a_numerator_that_starts_anew_each_year_has_no_gap_between_the_years() -> None:
    yearly = Numerator(id=2, template="{NUMBER}", period="year")
    assert wrong(papers("1", "2", "1", "2", days=(0, 1, 370, 371)), yearly) == []
    assert wrong(papers("1", "2", "1", "2", days=(0, 1, 370, 371)), replace(yearly, period=None)) != []


def test_a_numerator_that_counts_in_tens_has_no_gap_between_them() -> None:
    assert wrong(papers("10", "20", "40"), Numerator(id=2, step=10)) == [("missing_numbers", ("30",))]


def test_an_overridden_number_is_no_part_of_the_sequence() -> None:
    assert wrong(papers("2026-1", "как договорились", "2026-2"), Numerator(id=2, template="{YEAR}-{NUMBER}")) == []


def test_numbers_ages_apart_are_no_sequence_and_do_not_hang() -> None:
    assert wrong(papers("1", "999999999999"), Numerator(id=2)) == []


@given(st.sets(st.integers(1, 40), min_size=2, max_size=30))
def test_the_gaps_are_exactly_the_numbers_that_nobody_has(numbers: set[int]) -> None:
    expected = tuple(str(one) for one in range(min(numbers), max(numbers)) if one not in numbers)[:20]
    assert wrong(papers(*map(str, sorted(numbers))), Numerator(id=2)) == (
        [("missing_numbers", expected)] if expected else []
    )


YEARLY = Numerator(id=2, template="{YEAR}-{NUMBER}", period="year")
SIX = ("2026-001", "2026-002", "2026-003", "2026-004", "2026-005", "2026-006")


def swapped(numbers: tuple[str, ...], one: int, other: int) -> list[str]:
    told = list(numbers)
    told[one], told[other] = told[other], told[one]
    return told


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        (swapped(SIX, 1, 3), ("2026-004", "2026-003")),
        (["2026-001", "2026-003", "2026-002", "2026-004"], ("2026-003",)),
        (list(SIX), ()),
        (["2026-004", "2026-005", "2026-006", "2026-001", "2026-002", "2026-003"], ()),  # the counter was set back
        (["7", "2026-001", "2", "2026-002"], ()),
    ],
)
def test_numbers_in_another_order_than_their_documents_are_named(numbers: list[str], named: tuple[str, ...]) -> None:
    assert dict(wrong(papers(*numbers), YEARLY)).get("wrong_order", ()) == named


def test_documents_made_in_the_same_moment_have_no_order() -> None:
    made = papers(*SIX, days=(0, 1, 2, 2, 3, 4))
    turned = [
        replace(one, number={"2026-003": "2026-004", "2026-004": "2026-003"}.get(one.number, one.number))
        for one in made
    ]
    assert wrong(turned, YEARLY) == []


def test_a_number_with_its_year_that_another_year_gives_again_is_used_twice() -> None:
    made = papers("2026-001", "2026-002", "2026-003", "2026-002", days=(0, 1, 2, 400))
    assert wrong(made, YEARLY) == [("duplicate_numbers", ("2026-002",))]


def test_numbers_from_before_the_template_told_the_year_may_come_again() -> None:
    assert wrong(papers("1", "2", "1", "2", "2027-3", days=(0, 1, 370, 371, 372)), YEARLY) == []


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        (("5", "10", "12", "15"), ("12",)),
        (("5", "10", "15", "17"), ("17",)),
        (("3", "5", "10", "15"), ()),  # before the step was set
        (("1", "2", "3", "4", "5", "6", "11", "16", "21", "26", "31", "36"), ()),
        (("1", "2"), ()),
    ],
)
def test_a_number_off_the_step_is_named_where_its_neighbours_are_on_it(
    numbers: tuple[str, ...], named: tuple[str, ...]
) -> None:
    assert dict(wrong(papers(*numbers), Numerator(id=2, step=5))).get("off_step", ()) == named


@pytest.mark.parametrize(
    ("numbers", "start", "whole", "named"),
    [
        (SIX[1:], 1, True, ("2026-001",)),
        (SIX[2:], 1, True, ("2026-001", "2026-002")),
        (SIX, 1, True, ()),
        (SIX[1:], 1, False, ()),  # older documents were not read
        (SIX[1:], None, True, ()),
        (SIX[4:], 1, True, ()),  # so many are missing that the counter was moved
        (("Д-1", *SIX[1:]), 1, True, ()),  # made by another template
    ],
)
def test_the_first_numbers_that_nobody_has_are_named(
    numbers: tuple[str, ...], start: int | None, whole: bool, named: tuple[str, ...]
) -> None:
    found = faults_of(papers(*numbers), {2: replace(YEARLY, start=start)}, {39: 2}, "Europe/Moscow", whole=whole)
    assert {fact.what: fact.items for fact in found}.get("missing_first", ()) == named


def test_what_a_document_of_another_template_has_is_no_first_number_that_is_missing() -> None:
    made = papers(*SIX)
    other = [replace(made[0], template=40), *made[1:]]
    told = faults_of(other, {2: replace(YEARLY, start=1), 3: Numerator(id=3)}, {39: 2, 40: 3}, "UTC", whole=True)
    assert told == ()


def test_a_number_of_a_template_that_is_no_more_is_no_gap() -> None:
    made = papers(*SIX)
    assert wrong([replace(one, template=38) if index == 2 else one for index, one in enumerate(made)], YEARLY) == []


def test_a_number_written_by_hand_is_told_and_breaks_nothing() -> None:
    made = papers("Д-7", "2026-001", "Б/Н", "2026-002", "", "2026-003", "без номера")
    assert overridden(made, {2: YEARLY}, {39: 2}) == ("Б/Н", "#4")
    assert wrong(made, YEARLY) == []


def test_plain_numbers_of_an_untold_numerator_may_begin_anew() -> None:
    def found(*days: int) -> list[str]:
        return [fact.what for fact in faults_of(papers("7", "7", days=days), {}, {}, "Europe/Moscow")]

    assert (found(0, 0), found(0, 1), found(0, 400)) == (["duplicate_numbers"], [], [])


def test_a_thousand_documents_of_daily_rounds_hold_nothing_up() -> None:
    made = papers(*(str(1000 - number) for number in range(1000)))
    started = time.process_time()
    for period in ("day", None):
        faults_of(made, {2: Numerator(id=2, period=period, start=1)}, {39: 2}, "Europe/Moscow", whole=True)
    assert time.process_time() - started < 1
