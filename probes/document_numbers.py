"""Audit: generated documents have unique, gapless numbers and stand in their cards; their links are told (G11).

The newest thousand documents are looked at: the first page with the batch of the poll, the others and what belongs to
them in one batch more, which further pages of templates and numerators share. Cards are looked for by their own lists;
what our rights do not show is not called gone. Cards of the first page are looked for, and those that were gone before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.core.audits import WHOLE_PORTAL, key_of
from monitor.core.calendar import zone_name
from monitor.core.document_faults import faults_of, overridden, stray
from monitor.core.document_numbers import Document, Numerator
from monitor.core.history import integer, moment
from monitor.core.model import Failure
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import AuditFact, AuditSeen, Reading
from probes._asking import gather, one
from probes._audits import reading, untold
from probes.discovery import rows_of

CHECK = "document_numbers"
FAMILY = "crm.documentgenerator"
PAGE, PAGES, LINKS = 50, 20, 20
KINDS = {1: "lead", 2: "deal", 3: "contact", 4: "company"}
SEQUENCE = "Bitrix_Main_Numerator_Generator_SequentNumberGenerator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What was told of the documents themselves. `again`: the cards that were gone at the last look and whose documents
    have left the first page since."""

    pages: list[Any]  # the newest first
    cards: Mapping[int, Any] = field(default_factory=dict)  # by entity type
    links: list[Any] = field(default_factory=list)
    again: Mapping[int, Any] = field(default_factory=dict)  # by entity type


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    papers: Papers
    templates: list[Any]  # pages, as those of the numerators
    numerators: list[Any]


async def ask(call: Call, view: View) -> Answers:
    async with asyncio.TaskGroup() as group:
        papers = group.create_task(_papers(call, _lost_before(view)))
        templates = group.create_task(_all_pages(call, "template", {"select": ["id", "name", "numeratorId"]}))
        numerators = group.create_task(_all_pages(call, "numerator", {}))
    return Answers(papers=papers.result(), templates=templates.result(), numerators=numerators.result())


def _lost_before(view: View) -> frozenset[str]:
    """The documents that were not bound to a card at the last look, as its finding calls them."""
    known = view.state.audits.get(key_of(CHECK, WHOLE_PORTAL))
    facts = known.seen.facts if known is not None else ()
    return frozenset(item for fact in facts if fact.what == "unbound" for item in fact.items)


async def _papers(call: Call, lost: frozenset[str]) -> Papers:
    first = await one(call, f"{FAMILY}.document.list", _query(0))
    newest = documents_of([first])
    wanted = _cards_of(newest)
    more = [(f"{FAMILY}.document.list", _query(page)) for page in range(1, PAGES)] if len(newest) == PAGE else []
    links = [(f"{FAMILY}.document.get", {"id": document.id}) for document in newest[:LINKS]]
    told = await gather(call, [*more, *_lists(wanted), *links]) if newest else []
    pages, rest = told[: len(more)], told[len(more) :]
    cards = dict(zip(wanted, rest[: len(wanted)], strict=True))
    older = _cards_of(document for document in documents_of(pages) if _called(document) in lost)
    again = dict(zip(older, await gather(call, _lists(older)), strict=True)) if older else {}
    return Papers(pages=[first, *pages], cards=cards, links=rest[len(wanted) :], again=again)


def _lists(wanted: Mapping[int, set[int]]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"crm.{KINDS[kind]}.list", {"filter": {"@ID": sorted(ids)}, "select": ["ID"], "start": -1})
        for kind, ids in wanted.items()
    ]


def _called(document: Document) -> str:
    return document.number or f"#{document.id}"


async def _all_pages(call: Call, kind: str, params: Mapping[str, Any]) -> list[Any]:
    """Until one is not full, or tells nothing new: `total` of the numerators is the page's own, so `next` never
    comes."""
    pages: list[Any] = []
    known: set[int | None] = set()
    for page in range(PAGES):
        answer = await one(call, f"{FAMILY}.{kind}.list", {**params, "start": page * PAGE})
        pages.append(answer)
        found = {integer(row.get("id")) for row in _rows([answer], f"{kind}s")}
        if len(found) < PAGE or found <= known:
            break
        known |= found
    return pages


def _rows(pages: Iterable[Any], name: str) -> list[dict[str, Any]]:
    return [row for page in pages if isinstance(page, dict) for row in rows_of(page.get(name))]


def _query(page: int) -> dict[str, Any]:
    """`*`: an explicit entityTypeId is refused with error 100."""
    return {"select": ["*"], "order": {"id": "desc"}, "start": page * PAGE}


def documents_of(pages: Iterable[Any]) -> list[Document]:
    found = {document.id: document for document in filter(None, map(_document, _rows(pages, "documents")))}
    return list(found.values())


def _document(row: dict[str, Any]) -> Document | None:
    number, created = integer(row.get("id")), moment(row.get("createTime"))
    if number is None or created is None:
        return None
    return Document(
        id=number,
        number=str(row.get("number") or ""),
        template=integer(row.get("templateId")) or 0,
        created=created,
        entity_type=integer(row.get("entityTypeId")) or 0,
        entity=integer(row.get("entityId")) or 0,
    )


def _cards_of(documents: Iterable[Document]) -> dict[int, set[int]]:
    wanted: dict[int, set[int]] = {}
    for document in documents:
        if document.entity_type in KINDS and document.entity:
            wanted.setdefault(document.entity_type, set()).add(document.entity)
    return dict(sorted(wanted.items()))


def read(answers: Answers, view: View, now: datetime) -> Reading:
    papers = answers.papers
    further = (*answers.templates[1:], *answers.numerators[1:])  # the first ones may be none of our business
    refused = next((page for page in (*papers.pages, *further) if isinstance(page, Failure)), None)
    if refused is not None:
        return untold("document_numbers", now, refused)
    documents = documents_of(papers.pages)
    failures = (*answers.templates, *answers.numerators, *_looks(papers), *papers.links)
    if not documents:
        nothing = AuditSeen(check=CHECK, holds=None, facts=(AuditFact(what="documents"),))
        return reading("document_numbers", now, (nothing,), failures)
    wrong = _wrong(documents, answers, view)
    told = (*_told(documents, answers), AuditFact(what="documents", n=len(documents)), *_links(papers.links))
    seen = AuditSeen(check=CHECK, holds=_holds(documents, answers, wrong), facts=(*wrong, *told))
    return reading("document_numbers", now, (seen,), failures)


def _looks(papers: Papers) -> tuple[Any, ...]:
    return (*papers.cards.values(), *papers.again.values())


def _wrong(documents: list[Document], answers: Answers, view: View) -> tuple[AuditFact, ...]:
    by, of_template = _numerators(answers), _templates(answers)
    whole = len(documents) < PAGE * PAGES
    wrong = faults_of(documents, by, of_template, view.policy.timezone, whole=whole)
    lost = _unbound(documents, answers.papers, _lost_before(view))
    unbound = AuditFact(what="unbound", items=tuple(map(_called, lost)), n=len(lost))
    return (*wrong, unbound) if lost else wrong


def _told(documents: list[Document], answers: Answers) -> tuple[AuditFact, ...]:
    """What breaks no promise: a number that somebody wrote by hand, cards and a numerator that are not shown."""
    by_hand = overridden(documents, _numerators(answers), _templates(answers))
    hidden = sum(_is_hidden(one, answers.papers) for one in _first(documents))
    facts = (
        *((AuditFact(what="overridden", items=by_hand, n=len(by_hand)),) if by_hand else ()),
        *((AuditFact(what="hidden_cards", n=hidden),) if hidden else ()),
    )
    return (*facts, AuditFact(what="no_numerator")) if _is_untold(documents, answers) else facts


def _holds(documents: list[Document], answers: Answers, wrong: tuple[AuditFact, ...]) -> bool | None:
    if wrong:
        return False
    return None if _is_untold(documents, answers) else True


def _is_untold(documents: list[Document], answers: Answers) -> bool:
    """Numerators that our rights do not show; those of templates that are no more do not count, unless there are no
    others."""
    lost = len(stray(documents, _numerators(answers), _templates(answers)))
    refused = any(isinstance(page, Failure) for page in (*answers.templates, *answers.numerators))
    return lost > 0 and (refused or lost == len(documents))


def _templates(answers: Answers) -> dict[int, int]:
    """Template -> numerator."""
    rows = _rows(answers.templates, "templates")
    pairs = ((integer(row.get("id")), integer(row.get("numeratorId"))) for row in rows)
    return {template: numerator for template, numerator in pairs if template and numerator}


def _numerators(answers: Answers) -> dict[int, Numerator]:
    """Without the right to change templates none is told."""
    rows = _rows(answers.numerators, "numerators")
    return {one.id: one for one in map(_numerator, rows) if one is not None}


def _numerator(row: dict[str, Any]) -> Numerator | None:
    number, settings = integer(row.get("id")), row.get("settings")
    own = settings.get(SEQUENCE) if isinstance(settings, dict) else None
    told = own if isinstance(own, dict) else {}
    if number is None:
        return None
    return Numerator(
        id=number,
        template=str(row.get("template") or "{NUMBER}"),
        step=integer(told.get("step")) or 1,
        start=integer(told.get("start")),
        period=told.get("periodicBy") if told.get("periodicBy") in ("day", "month", "year") else None,
        timezone=_zone(told.get("timezone")),
    )


def _zone(told: Any) -> str | None:
    """The numerator's own, in which its period begins; None = the portal's."""
    return told if isinstance(told, str) and zone_name(told) == told else None


def _unbound(documents: Iterable[Document], papers: Papers, lost: frozenset[str]) -> list[Document]:
    """Bound to nothing, or to a card that its list no longer has. An empty list may be our lack of rights; it brings
    no card back that was gone before."""
    first = {one.id for one in _first(documents)}
    shown = {kind: _ids(papers.cards.get(kind, [])) | _ids(papers.again.get(kind, [])) for kind in KINDS}

    def is_gone(one: Document) -> bool:
        if not one.entity_type or not one.entity:
            return True
        there = shown.get(one.entity_type, set())
        is_told = one.id in first and bool(_ids(papers.cards.get(one.entity_type, [])))
        return one.entity_type in KINDS and one.entity not in there and (is_told or _called(one) in lost)

    return [one for one in documents if is_gone(one)]


def _first(documents: Iterable[Document]) -> list[Document]:
    """Those of the first page: their cards are looked for."""
    return sorted(documents, key=lambda one: -one.id)[:PAGE]


def _is_hidden(document: Document, papers: Papers) -> bool:
    """Not one card of the kind was shown: all are deleted, or our rights do not reach them."""
    answer = papers.cards.get(document.entity_type)
    return document.entity > 0 and isinstance(answer, list) and not answer


def _ids(answer: Any) -> set[int | None]:
    return set() if isinstance(answer, Failure) else {integer(row.get("ID")) for row in rows_of(answer)}


def _links(answers: list[Any]) -> tuple[AuditFact, ...]:
    """Whether the newest documents have a public link, and when it was last opened."""
    told = [answer.get("document") for answer in answers if isinstance(answer, dict)]
    rows = [row for row in told if isinstance(row, dict)]
    if not rows:
        return ()
    linked = [row for row in rows if row.get("publicUrl")]
    opened = tuple(
        f"{row.get('number')} {view['time']}"
        for row in linked
        if isinstance(view := row.get("publicUrlView"), dict) and view.get("time")
    )
    return (AuditFact(what="public_links", items=opened or ("-",), n=len(linked), of=len(rows)),)


PROBE = PortalProbe(name="document_numbers", ask=ask, read=read, audits=(CHECK,))
PROBES = (PROBE,)
