"""Reviews in the store: put in once together with the notices that bring them to people, and only read from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from monitor.core.past_reviews import KeptReview
from monitor.core.receivers import Notice
from monitor.shell import store_tables as tables
from monitor.shell.store_outbox import enqueue
from monitor.shell.store_records import decode, encode, micros
from monitor.shell.store_writing import storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One review with its two forms: a page and Markdown."""

    kept: KeptReview
    page: str
    plain: str


def put_review(connection: Connection, *, portal: str, paper: Paper, notices: Sequence[Notice]) -> bool:
    """False where this period was reviewed, or this review corrected, before: nothing is changed then."""
    table, kept = tables.reviews, paper.kept
    same = select(table.c.number).where(
        table.c.portal == portal,
        table.c.since == micros(kept.since),
        table.c.until == micros(kept.until),
        table.c.corrects == kept.corrects,
    )
    if connection.execute(same).first() is not None or last_number(connection, portal=portal) + 1 != kept.number:
        return False
    row = {
        "portal": portal,
        "number": kept.number,
        "since": micros(kept.since),
        "until": micros(kept.until),
        "corrects": kept.corrects,
        "body": encode(kept),
        "page": storable(paper.page),
        "plain": storable(paper.plain),
    }
    connection.execute(table.insert().values(row))
    enqueue(connection, portal, notices)
    return True


def last_number(connection: Connection, *, portal: str) -> int:
    table = tables.reviews
    return int(connection.execute(select(func.max(table.c.number)).where(table.c.portal == portal)).scalar() or 0)


def kept_reviews(connection: Connection, *, portal: str) -> tuple[KeptReview, ...]:
    table = tables.reviews
    query = select(table.c.body).where(table.c.portal == portal).order_by(table.c.number)
    return tuple(decode(body, KeptReview) for body in connection.execute(query).scalars())


def paper(connection: Connection, *, portal: str, number: int) -> Paper | None:
    table = tables.reviews
    query = select(table).where(table.c.portal == portal, table.c.number == number)
    row = connection.execute(query).first()
    return Paper(kept=decode(row.body, KeptReview), page=row.page, plain=row.plain) if row else None
