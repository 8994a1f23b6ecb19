"""The review of a troubled fortnight: its numbers are the ledger's, its words a head's, in three forms."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from markdown_it import MarkdownIt
from pypdf import PdfReader

from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.memory import PortalState
from monitor.core.past_reviews import kept_advice
from monitor.core.policy import Expiry
from monitor.core.replies import Figures, by_manager, in_period, of_team
from monitor.core.review import Advice, Review
from monitor.core.schedules import schedule_of
from monitor.demo_fortnight import FORTNIGHT, START, Fortnight
from monitor.report_command import period_of, write
from monitor.review_forms import as_html, as_markdown, as_pdf
from monitor.review_making import Subject, draft
from monitor.review_page import tell
from tests.fortnight import fortnight

UNTIL = START + FORTNIGHT


pytestmark = pytest.mark.xdist_group("chromium")  # where the fortnight is lived already


@pytest.fixture(scope="module")
def lived() -> Fortnight:
    return fortnight()


@pytest.fixture(scope="module")
def review(lived: Fortnight) -> Review:
    subject = Subject(state=lived.state, policy=lived.policy, context=lived.context)
    return draft(subject, lived.turns.values(), lived.flips, lived.incidents.values(), START, UNTIL, UNTIL)


def test_its_numbers_are_the_ledgers(lived: Fortnight, review: Review) -> None:
    turns = in_period(lived.turns.values(), START, UNTIL)
    assert review.team == of_team(turns, UNTIL)
    assert review.managers == by_manager(turns, UNTIL)
    page = as_html(tell(review, lived.state, lived.policy, "ru", UNTIL))
    assert f"на {review.team.met} из {review.team.n} обращений" in page
    for manager in lived.state.managers.values():
        if review.managers.get(manager.id) and review.managers[manager.id].turns:
            row = re.search(rf"<tr><td>{manager.name}</td><td class=\"n\">(\d+)</td>", page)
            assert row is not None
            assert int(row[1]) == review.managers[manager.id].n


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("ru", 2, "Назначить дежурного: 2 раза клиент ждал слишком долго"),
        ("ru", 12, "Назначить дежурного: 12 раз клиент ждал слишком долго"),
        ("en", 1, "Put somebody on duty: 1 time a customer waited too long"),
        ("en", 3, "Put somebody on duty: 3 times a customer waited too long"),
    ],
)
def test_words_go_with_their_number(lived: Fortnight, review: Review, language: str, count: int, said: str) -> None:
    advised = replace(review, advice=(Advice(what="nobody_takes", count=count),))
    assert said in as_markdown(tell(advised, lived.state, lived.policy, language, UNTIL))


def test_of_twenty_one_requests(lived: Fortnight, review: Review) -> None:
    turns = in_period(lived.turns.values(), START, UNTIL)
    few = next(team for size in range(len(turns)) if (team := of_team(turns[:size], UNTIL)).n == 21)
    page = as_html(tell(replace(review, team=few), lived.state, lived.policy, "ru", UNTIL))
    assert f"на {few.met} из 21 обращения (" in page


def expiry(kind: IncidentKind, opened: datetime, **more: object) -> Incident:
    words = Words(summary="Истёк срок: licence", description="", recommendation="messenger-monitor acknowledge")
    made = Incident(
        id=f"{kind.value}-{opened:%d}",
        kind=kind,
        subject="licence",
        severity=Severity.CRITICAL,
        audience=Audience.INTEGRATOR,
        guaranteed=True,
        labels=(("subject", "licence"),),
        opened=opened,
        starts_at=opened,
        updated=opened,
        evidence=("Срок.",),
        words={"ru": words, "en": words},
    )
    return replace(made, **more)  # type: ignore[arg-type]  # the wishes are named by the tests


def test_what_has_run_out_is_one_thing_to_do_in_a_heads_words(lived: Fortnight) -> None:
    """The command that silences a reminder is the integrator's, and the warning was told in its own review."""
    subject = Subject(
        state=lived.state,
        policy=replace(lived.policy, expiries=(Expiry(subject="licence", at=UNTIL - timedelta(days=3)),)),
        context=lived.context,
    )
    soon = expiry(IncidentKind.EXPIRY_SOON, START - timedelta(days=9), closed=UNTIL - timedelta(days=3))
    over = expiry(IncidentKind.EXPIRED, UNTIL - timedelta(days=3))
    told = draft(subject, (), (), [replace(soon, close_reason="escalated"), over], START, UNTIL, UNTIL)
    assert [one.kind for one in told.incidents] == [IncidentKind.EXPIRED]
    assert [(one.what, one.incident) for one in told.advice] == [("expired", over)]
    page = as_markdown(tell(told, lived.state, lived.policy, "ru", UNTIL))
    day = (UNTIL - timedelta(days=3)).astimezone(ZoneInfo(lived.policy.timezone))
    assert f"Продлить: licence, срок вышел {day:%d.%m.%Y}." in page
    assert "acknowledge" not in page
    assert [one.summary for one in kept_advice(told, "ru")] == ["licence"]


def test_the_troubles_of_the_fortnight_are_in_it(review: Review) -> None:
    kinds = [one.kind for one in review.incidents]
    assert kinds.count(IncidentKind.QR_RESCAN_REQUIRED) == 2
    assert IncidentKind.CHANNEL_DOWN in kinds
    assert IncidentKind.PORTAL_UNREACHABLE in kinds
    assert not {IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY} & set(kinds)
    assert review.reply_alarms > 0
    assert review.advice[0].what == "channel_down"
    assert len(review.advice) == 3
    down = {one.key.connector: one.told.down for one in review.channels}
    assert down["telegrambot"] >= timedelta(hours=2, minutes=50)
    assert down["max"] == timedelta()


@pytest.mark.parametrize(("language", "words"), [("ru", "Канал жив?"), ("en", "Is the channel alive?")])
def test_it_is_told_in_both_languages_without_a_hole(
    lived: Fortnight, review: Review, language: str, words: str
) -> None:
    said = tell(review, lived.state, lived.policy, language, UNTIL)
    for text in (as_html(said), as_markdown(said)):
        assert words in text
        assert said.digest in text
        assert "None" not in text
        assert text.count(lived.policy.timezone) == 1, "in which zone the times are is said once"
        assert "{" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("met", "trend"),
    [
        ((909, 900), "За прошлый такой же срок было столько же."),  # both are printed as 90 %
        ((900, 909), "За прошлый такой же срок было столько же."),
        ((900, 899), "Это лучше, чем за прошлый такой же срок (89 %)."),
        ((899, 900), "Это хуже, чем за прошлый такой же срок (90 %)."),
    ],
)
def test_two_shares_are_compared_as_they_are_printed(
    lived: Fortnight, review: Review, met: tuple[int, int], trend: str
) -> None:
    team, before = (Figures(met=one, missed=1000 - one) for one in met)
    said = tell(replace(review, team=team, before=before), lived.state, lived.policy, "ru", UNTIL)
    assert said.facts["fast"][1] == trend


def test_what_is_to_be_done_names_the_place_of_what_it_speaks_of_since_it_is_sent_without_it(
    lived: Fortnight, review: Review
) -> None:
    asked = replace(review, advice=(Advice(what="unanswered", count=12),))
    ru, en = (tell(asked, lived.state, lived.policy, language, UNTIL).facts["advice"][0] for language in ("ru", "en"))
    assert ru == (
        "Разобрать диалоги, закрытые без ответа: 12. Их никто не взял. Позвонить этим клиентам самим; первые из них в "
        "разделе отчёта «Самые тяжёлые диалоги»."
    )
    assert en == (
        "Go through the dialogs closed without an answer: 12; nobody had taken them. Call these customers yourself; "
        'the first of them are in the review under "The worst dialogs".'
    )


def test_an_incident_lasted_until_its_trouble_ended_as_its_channel_was_down(lived: Fortnight, review: Review) -> None:
    began = UNTIL - timedelta(days=3)
    one = expiry(IncidentKind.EXPIRED, began, closed=began + timedelta(hours=2, minutes=4))
    for until, lasted in ((None, "длилось 2 часа 4 минуты"), (began + timedelta(hours=2), "длилось 2 часа")):
        told = replace(review, incidents=(replace(one, until=until),))
        (row,) = tell(told, lived.state, lived.policy, "ru", UNTIL).facts["incidents"]
        assert row["lasted"] == lasted


def test_the_same_period_has_the_same_checksum_and_another_one_has_not(lived: Fortnight, review: Review) -> None:
    one, again = (tell(review, lived.state, lived.policy, "ru", UNTIL) for _ in range(2))
    assert one.digest == again.digest
    later = tell(review, lived.state, lived.policy, "en", UNTIL)
    assert later.digest != one.digest


@pytest.mark.real
def test_it_prints_on_a_few_pages_the_first_for_the_head(lived: Fortnight, review: Review) -> None:
    pages = PdfReader(io.BytesIO(as_pdf(as_html(tell(review, lived.state, lived.policy, "ru", UNTIL))))).pages
    assert 3 <= len(pages) <= 6
    first = pages[0].extract_text()
    assert "Три дела" in first
    assert "Подтверждения" not in first


def test_names_of_people_are_never_taken_for_markup(lived: Fortnight, review: Review) -> None:
    number, manager = next(iter(lived.state.managers.items()))
    evil = {number: replace(manager, name="<script>alert(1)</script>")}
    state = replace(lived.state, managers={**lived.state.managers, **evil})
    assert "<script>" not in as_html(tell(review, state, lived.policy, "ru", UNTIL))


STRANGE = (
    "<script>alert(1)</script>",
    "<!-- Анна",
    "&lt;b&gt; & &#42;",
    "[Анна](https://evil.example)",
    "![Анна](https://evil.example/x.png)",
    "[Анна]: https://evil.example",
    "`Анна` ``",
    "*Анна* __Анна__ ~~Анна~~",
    "Анна | 100 % | Олег",
    "Анна\\",
    "Анна\n\n# Всё хорошо\n\n- дел нет",
    "Анна\r\n| Олег | 1 |",
    "# Анна",
    "- Анна",
    "+ Анна",
    "> Анна",
    "1. Анна",
    "2026) Анна",
    "===",
    "---",
    "\x1b[2JАнна",
    "<https://evil.example>",
)


def outline(text: str) -> tuple[list[str], list[str]]:
    """How a renderer that lets HTML through understands a Markdown text: what its parts are, and the links in it."""
    parts = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inside = [one for part in parts for one in part.children or ()]
    kinds = [one.type for one in (*parts, *inside) if one.type not in {"text", "softbreak", "text_special"}]
    return kinds, [str(one.attrs["href"]) for one in inside if one.type == "link_open"]


def renamed(lived: Fortnight, name: str) -> PortalState:
    """Everything that strangers named, named so."""
    state = lived.state
    return replace(
        state,
        managers={number: replace(one, name=name) for number, one in state.managers.items()},
        lines={number: replace(one, name=name) for number, one in state.lines.items()},
    )


@pytest.mark.parametrize("name", STRANGE)
def test_a_strangers_name_is_text_in_markdown_too(lived: Fortnight, review: Review, name: str) -> None:
    told = replace(review, expiries=((name, UNTIL),))
    plain = replace(review, expiries=(("Анна", UNTIL),))
    text = as_markdown(tell(told, renamed(lived, name), lived.policy, "ru", UNTIL))
    assert outline(text) == outline(as_markdown(tell(plain, renamed(lived, "Анна"), lived.policy, "ru", UNTIL)))
    shown = MarkdownIt("commonmark").enable("table").render(text)
    seen = " ".join("".join(char for char in name if char.isprintable() or char.isspace()).split())
    assert f"<td>{escape(seen, quote=False)}</td>" in shown.replace("&quot;", '"')
    assert f"<li>{escape(seen, quote=False)}: " in shown.replace("&quot;", '"')


def test_a_link_to_a_dialog_leads_where_it_did(lived: Fortnight, review: Review) -> None:
    links = outline(as_markdown(tell(review, lived.state, lived.policy, "ru", UNTIL)))[1]
    assert len(links) == len(review.worst) > 0
    assert all(re.fullmatch(r"https?://[^/]+/online/\?IM_HISTORY=imol(\||%7C)\d+", link) for link in links)
    evil = replace(lived.policy, url="https://acme.example/><script>a b")
    memory = replace(lived.state.memory, server_address="")
    text = as_markdown(tell(review, replace(lived.state, memory=memory), evil, "ru", UNTIL))
    assert "<script>" not in text
    assert len(outline(text)[1]) == len(review.worst)


@pytest.mark.real
def test_a_file_is_written_whole(lived: Fortnight, review: Review, tmp_path: Path) -> None:
    for name in ("review.html", "review.md", "review.pdf"):
        write(tmp_path / name, review, lived.state, lived.policy, "ru", UNTIL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["review.html", "review.md", "review.pdf"]
    assert (tmp_path / "review.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("text", "days"), [("14d", 14), ("2026-03-02..2026-03-09", 7), ("2026-03-09..2026-03-02", None), ("soon", None)]
)
def test_a_period_is_so_many_days_or_from_one_to_the_other(text: str, days: int | None) -> None:
    told = period_of(text, UNTIL, "Europe/Moscow")
    assert (None if told is None else (told[1] - told[0]).days) == days


def test_the_lines_hours_are_known_in_it(lived: Fortnight) -> None:
    assert schedule_of(1, lived.state, lived.policy, {}) is not None
