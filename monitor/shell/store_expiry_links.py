"""Links of reminders: who has one may say that he knows of this end of this subject, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from monitor.shell import store_tables as tables
from monitor.shell.store_records import at_micros, micros

LASTS = timedelta(days=90)  # longer than any ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryLink:
    """What a link is for; of the link itself only the hash is kept."""

    portal: str
    subject: str
    until: datetime


def keep(connection: Connection, *, digest: str, link: ExpiryLink, now: datetime) -> None:
    table = tables.expiry_links
    connection.execute(delete(table).where(table.c.created < micros(now - LASTS)))
    row = {"portal": link.portal, "subject": link.subject, "until": micros(link.until), "created": micros(now)}
    connection.execute(insert(table).values(digest=digest, **row))


def found(connection: Connection, *, digest: str) -> ExpiryLink | None:
    table = tables.expiry_links
    row = connection.execute(select(table).where(table.c.digest == digest)).first()
    return ExpiryLink(portal=row.portal, subject=row.subject, until=at_micros(row.until)) if row else None
