"""Audit: dialogs go to the manager who is responsible for the customer (G6): the setting, and the fact with its n.

A customer is known when his card is older than the dialog. The one who took the dialog first is compared with the
card's responsible; a responsible who was dismissed can take nothing and is counted apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.core.history import integer, moment
from monitor.core.model import Failure, Line, Session
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import AuditFact, AuditSeen, Reading
from probes._asking import gather, total_failure
from probes._audits import reading, unknown, untold, watched, why
from probes._lately import ask_newest, newest
from probes._lines import line_of
from probes.discovery import ask_lines, rows_of

CHECK = "routed_to_responsible"
KNOWN_FOR = timedelta(minutes=5)
ENOUGH, SHARE = 5, 0.95
STRAY = 1  # a colleague who stands in once is no broken setting, however few the dialogs are


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    lines: list[Any] | Failure
    activities: Any
    cards: Mapping[str, Any] = field(default_factory=dict)  # by entity: lead, deal, contact, company


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    responsible: int
    created: datetime


async def ask(call: Call, view: View) -> Answers:
    async with asyncio.TaskGroup() as group:
        lines = group.create_task(ask_lines(call, view))
        activities = group.create_task(ask_newest(call, view))
    wanted: dict[str, set[int]] = {}
    for session in newest(activities.result()):
        if session.crm_entity is not None:
            wanted.setdefault(session.crm_entity[0], set()).add(session.crm_entity[1])
    kinds = sorted(wanted)
    told = await gather(call, [(f"crm.{kind}.list", _query(sorted(wanted[kind]))) for kind in kinds])
    return Answers(lines=lines.result(), activities=activities.result(), cards=dict(zip(kinds, told, strict=True)))


def _query(ids: list[int]) -> dict[str, Any]:
    """At most 50 sessions, so at most 50 cards: one page."""
    return {"filter": {"@ID": ids}, "select": ["ID", "ASSIGNED_BY_ID", "DATE_CREATE"], "start": -1}


def read(answers: Answers, view: View, now: datetime) -> Reading:
    parts = (answers.lines, answers.activities, *answers.cards.values())
    if (failure := total_failure(parts)) is not None:
        return untold("routing_audit", now, failure)
    if isinstance(answers.lines, Failure):
        lines = watched(view.state.lines.values(), view)
        seen = [unknown(CHECK, line.id, why(answers.lines)) for line in lines]
        return reading("routing_audit", now, seen, parts)
    cards = {kind: dict(_cards(answer)) for kind, answer in answers.cards.items()}
    sessions = newest(answers.activities)
    lines = watched(filter(None, map(line_of, answers.lines)), view)
    refused = next((part for part in parts[1:] if isinstance(part, Failure)), None)
    seen = [_routed(line, sessions, cards, view, refused) for line in lines]
    return reading("routing_audit", now, seen, parts)


def _cards(answer: Any) -> Iterator[tuple[int, Card]]:
    for row in rows_of(answer) if not isinstance(answer, Failure) else ():
        number, responsible = integer(row.get("ID")), integer(row.get("ASSIGNED_BY_ID"))
        created = moment(row.get("DATE_CREATE"))
        if number and responsible and created is not None:
            yield number, Card(responsible=responsible, created=created)


def _routed(
    line: Line,
    sessions: list[Session],
    cards: Mapping[str, Mapping[int, Card]],
    view: View,
    refused: Failure | None,
) -> AuditSeen:
    """The setting switched off is enough to be broken; switched on, the fact decides as far as it is told."""
    if not line.crm_forward:
        return AuditSeen(check=CHECK, line=line.id, holds=False, facts=(AuditFact(what="forward_off"),))
    right: list[int] = []
    wrong: list[int] = []
    gone = 0
    for session in (one for one in sessions if one.line == line.id):
        card = cards.get(session.crm_entity[0], {}).get(session.crm_entity[1]) if session.crm_entity else None
        taker = _taker(session, view)
        if card is None or not _is_known(session, card) or not taker:
            continue
        if not _works(card.responsible, view):
            gone += 1
        else:
            (right if taker == card.responsible else wrong).append(session.id)
    n = len(right) + len(wrong)
    if n < ENOUGH and refused is not None:
        return unknown(CHECK, line.id, why(refused))
    facts = _facts(len(right), wrong, gone)
    holds = n < ENOUGH or len(wrong) <= STRAY or len(right) >= SHARE * n
    return AuditSeen(check=CHECK, line=line.id, holds=holds, facts=facts)


def _facts(right: int, wrong: list[int], gone: int) -> tuple[AuditFact, ...]:
    facts = [AuditFact(what="forward_on"), AuditFact(what="routed", n=right, of=right + len(wrong))]
    if wrong:
        facts.append(AuditFact(what="misrouted", items=tuple(map(str, wrong)), n=len(wrong)))
    if gone:
        facts.append(AuditFact(what="responsible_gone", n=gone))
    return tuple(facts)


def _is_known(session: Session, card: Card) -> bool:
    return session.started_by_customer and session.created - card.created >= KNOWN_FOR


def _taker(session: Session, view: View) -> int:
    """Who took the dialog first: by its history where that is remembered, else by the activity once accepted."""
    turns = [turn for turn in view.state.turns.values() if turn.session == session.id]
    first = min(turns, key=lambda turn: turn.message, default=None)
    held = next((part.user for part in first.held if part.user), 0) if first is not None else 0
    return held or (session.responsible if session.accepted else 0)


def _works(user: int, view: View) -> bool:
    known = view.state.managers.get(user)
    return known is not None and known.active


PROBE = PortalProbe(name="routing_audit", ask=ask, read=read, audits=(CHECK,))
PROBES = (PROBE,)
