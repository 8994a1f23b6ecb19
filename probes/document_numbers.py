"""Audit: generated documents have unique, gapless numbers and stand in their cards; their links are told (G11).

The newest thousand documents are looked at: the first page with the batch of the poll, the others and what belongs to
them in one batch more, which further pages of templates and numerators share. Cards are looked for by their own lists;
what our rights do not show is not called gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.core.calendar import zone_name
from monitor.core.document_numbers import Document, Numerator, faults_of
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
    """What was told of the documents themselves."""

    pages: list[Any]  # the newest first
    cards: Mapping[int, Any] = field(default_factory=dict)  # by entity type
    links: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    papers: Papers
    templates: list[Any]  # pages, as those of the numerators
    numerators: list[Any]


async def ask(call: Call, view: View) -> Answers:
    del view
    async with asyncio.TaskGroup() as group:
        papers = group.create_task(_papers(call))
        templates = group.create_task(_all_pages(call, "template", {"select": ["id", "name", "numeratorId"]}))
        numerators = group.create_task(_all_pages(call, "numerator", {}))
    return Answers(papers=papers.result(), templates=templates.result(), numerators=numerators.result())


async def _papers(call: Call) -> Papers:
    first = await one(call, f"{FAMILY}.document.list", _query(0))
    newest = documents_of([first])
    wanted = _cards_of(newest)
    more = [(f"{FAMILY}.document.list", _query(page)) for page in range(1, PAGES)] if len(newest) == PAGE else []
    lists = [
        (f"crm.{KINDS[kind]}.list", {"filter": {"@ID": sorted(ids)}, "select": ["ID"], "start": -1})
        for kind, ids in wanted.items()
    ]
    links = [(f"{FAMILY}.document.get", {"id": document.id}) for document in newest[:LINKS]]
    told = await gather(call, [*more, *lists, *links]) if newest else []
    pages, rest = told[: len(more)], told[len(more) :]
    cards = dict(zip(wanted, rest[: len(lists)], strict=True))
    return Papers(pages=[first, *pages], cards=cards, links=rest[len(lists) :])


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
    failures = (*answers.templates, *answers.numerators, *papers.cards.values(), *papers.links)
    if not documents:
        nothing = AuditSeen(check=CHECK, holds=None, facts=(AuditFact(what="documents"),))
        return reading("document_numbers", now, (nothing,), failures)
    wrong = faults_of(documents, _numerators(answers), _templates(answers), view.policy.timezone)
    lost = _unbound(documents, papers.cards)
    if lost:
        wrong = (
            *wrong,
            AuditFact(what="unbound", items=tuple(one.number or f"#{one.id}" for one in lost), n=len(lost)),
        )
    facts = (*wrong, AuditFact(what="documents", n=len(documents)), *_links(papers.links))
    return reading("document_numbers", now, (AuditSeen(check=CHECK, holds=not wrong, facts=facts),), failures)


def _templates(answers: Answers) -> dict[int, int]:
    """Template -> numerator."""
    rows = _rows(answers.templates, "templates")
    pairs = ((integer(row.get("id")), integer(row.get("numeratorId"))) for row in rows)
    return {template: numerator for template, numerator in pairs if template and numerator}


def _numerators(answers: Answers) -> dict[int, Numerator]:
    """Without the right to change templates none is told: then every template counts by itself."""
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
        period=told.get("periodicBy") if told.get("periodicBy") in ("day", "month", "year") else None,
        timezone=_zone(told.get("timezone")),
    )


def _zone(told: Any) -> str | None:
    """The numerator's own, in which its period begins; None = the portal's."""
    return told if isinstance(told, str) and zone_name(told) == told else None


def _unbound(documents: Iterable[Document], cards: Mapping[int, Any]) -> list[Document]:
    """Bound to nothing, or to a card that its list no longer has; an empty list may be our lack of rights."""
    there = {
        kind: {integer(row.get("ID")) for row in rows_of(answer)}
        for kind, answer in cards.items()
        if not isinstance(answer, Failure) and rows_of(answer)
    }
    asked = {kind: _looked_for(documents, kind) for kind in there}
    return [
        document
        for document in documents
        if not document.entity_type
        or not document.entity
        or (document.id in asked.get(document.entity_type, ()) and document.entity not in there[document.entity_type])
    ]


def _looked_for(documents: Iterable[Document], kind: int) -> set[int]:
    """Only the cards of the first page of documents were looked for."""
    first = sorted(documents, key=lambda one: -one.id)[:PAGE]
    return {one.id for one in first if one.entity_type == kind}


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
