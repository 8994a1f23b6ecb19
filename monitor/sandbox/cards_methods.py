"""The REST methods of cards and of the document generator (bitrix24-api.md 11), as their pages document them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from monitor.sandbox.answers import iso, php_map
from monitor.sandbox.cards import TYPES, Document
from monitor.sandbox.listing import PAGE, Listed, Params, number, page, several
from monitor.sandbox.refusal import Refusal
from monitor.sandbox.world import World

_SEQUENCE = "Bitrix_Main_Numerator_Generator_SequentNumberGenerator"
_FILTERS = ("id", "number", "title", "templateId", "createdBy", "entityTypeId", "entityId")


def card_methods(world: World) -> dict[str, Callable[[Params], Any]]:
    lists = {f"crm.{kind}.list": partial(_cards, world, type_) for kind, type_ in TYPES.items()}
    return {
        **lists,
        "crm.documentgenerator.document.list": partial(_documents, world),
        "crm.documentgenerator.document.get": partial(_document, world),
        "crm.documentgenerator.numerator.list": partial(_numerators, world),
        "crm.documentgenerator.template.list": partial(_templates, world),
    }


def _cards(world: World, type_: int, params: Params) -> Listed:
    """Unknown filter keys are dropped without a word, as in every classic crm list."""
    wanted = params.get("filter") or params.get("FILTER") or {}
    known = [card for (kind, _), card in sorted(world.cards.cards.items()) if kind == type_]
    for key in ("@ID", "ID", "=ID"):
        if key in wanted:
            known = [card for card in known if str(card.id) in several(wanted[key])]
    rows = [
        {"ID": str(card.id), "ASSIGNED_BY_ID": str(card.responsible), "DATE_CREATE": iso(card.created)}
        for card in known
    ]
    chosen = params.get("select") or params.get("SELECT")
    if isinstance(chosen, list) and "*" not in chosen:
        rows = [{name: row[name] for name in chosen if name in row} for row in rows]
    return page(rows, params)


def _documents(world: World, params: Params) -> Listed:
    chosen = params.get("select")
    if isinstance(chosen, list) and "entityTypeId" in chosen:
        raise Refusal(400, "100", "Unknown field definition `entityTypeId` for DocumentTable")
    rows = [_document_row(one) for one in world.cards.documents.values()]
    wanted = params.get("filter") or {}
    for key in _FILTERS:
        rows = [row for row in rows if key not in wanted or str(row[key]) in several(wanted[key])]
        rows = [row for row in rows if f">{key}" not in wanted or number(row[key]) > number(wanted[f">{key}"])]
    descending = str((params.get("order") or {}).get("id", "asc")).lower() == "desc"
    rows.sort(key=lambda row: number(row["id"]), reverse=descending)
    found = page(rows, params)
    return Listed({"documents": found.rows}, total=found.total, next=found.next)


def _document_row(document: Document) -> dict[str, Any]:
    return {
        "id": str(document.id),
        "title": document.title,
        "number": document.number,
        "templateId": str(document.template),
        "entityTypeId": str(document.entity_type),
        "entityId": str(document.entity),
        "createTime": iso(document.created),
        "updateTime": iso(document.created),
        "createdBy": "12",
        "updatedBy": None,
        "fileId": "283",
        "imageId": "285",
        "pdfId": "287",
        "values": {"stampsEnabled": True},
        "stampsEnabled": True,
        "downloadUrl": "",
        "pdfUrl": "",
    }


def _document(world: World, params: Params) -> Any:
    document = world.cards.documents.get(number(params.get("id")))
    if document is None:
        raise Refusal(400, "100", "Could not find value for parameter {document}")
    viewed = {"publicUrlView": {"time": iso(document.viewed)}} if document.public_url and document.viewed else {}
    more = {"publicUrl": document.public_url, "isTransformationError": False}
    return {"document": {**_document_row(document), **more, **viewed}}


def _numerators(world: World, params: Params) -> Listed:
    """`total` is the page's own count, so `next` never comes."""
    start = number(params.get("start"))
    rows = [
        {"id": str(one.id), "name": one.name, "template": one.template, "settings": {_SEQUENCE: one.settings}}
        for one in world.cards.numerators.values()
    ][start : start + PAGE]
    return Listed({"numerators": rows}, total=len(rows))


def _templates(world: World, params: Params) -> Listed:
    """A map keyed by id, page by page; the numerator is there only when it was selected."""
    chosen = params.get("select")
    shown = isinstance(chosen, list) and ("numeratorId" in chosen or "*" in chosen)
    rows = [
        {"id": str(ident), "name": name, "active": "Y"} | ({"numeratorId": str(numerator)} if shown else {})
        for ident, (name, numerator) in world.cards.templates.items()
    ]
    found = page(rows, params)
    return Listed({"templates": php_map({row["id"]: row for row in found.rows})}, total=found.total, next=found.next)
