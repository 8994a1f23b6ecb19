"""What several processes tell each other of providers: where their channels fail, and the outages found in that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, delete, select, text

from monitor.core.incident import Incident, IncidentKind
from monitor.core.shared_cause import Failing, Outage
from monitor.shell import store_tables as tables
from monitor.shell.store_records import at_micros, decode, micros
from monitor.shell.store_writing import put, write

OPEN_OUTAGE = f"kind = '{IncidentKind.PROVIDER_OUTAGE.value}' AND closed IS NULL"

failing = Table(
    "failing",
    tables.METADATA,
    Column("portal", String(64), primary_key=True),
    Column("provider", String(32), primary_key=True),
    Column("since", BigInteger, nullable=False),
)

provider_outages = Table(
    "provider_outages",
    tables.METADATA,
    Column("provider", String(32), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("portals", Integer, nullable=False),
    Column("crowded", BigInteger, nullable=False),
)

# The few rows that are looked for every other second among all incidents there ever were.
Index(
    "incidents_open_outages",
    tables.incidents.c.portal,
    sqlite_where=text(OPEN_OUTAGE),
    postgresql_where=text(OPEN_OUTAGE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`failing` by portal, `outages` by provider; of all processes."""

    failing: Mapping[str, Failing]
    outages: Mapping[str, Outage]


def told(connection: Connection) -> Told:
    fails: dict[str, dict[str, datetime]] = {}
    for row in connection.execute(select(failing)):
        fails.setdefault(row.portal, {})[row.provider] = at_micros(row.since)
    outages = {
        row.provider: Outage(
            provider=row.provider, since=at_micros(row.since), portals=row.portals, crowded=at_micros(row.crowded)
        )
        for row in connection.execute(select(provider_outages))
    }
    return Told(failing=fails, outages=outages)


def tell_failing(connection: Connection, *, news: Mapping[str, Failing]) -> None:
    """What stood of these portals goes, and this stands in its place."""
    connection.execute(delete(failing).where(failing.c.portal.in_(list(news))))
    rows = [(portal, type_, micros(since)) for portal, fails in news.items() for type_, since in fails.items()]
    write(connection, [put(failing, rows)])


def tell_outages(connection: Connection, *, found: Mapping[str, Outage]) -> None:
    """All that go on; the others are over."""
    connection.execute(delete(provider_outages).where(provider_outages.c.provider.not_in(list(found))))
    rows = [(one.provider, micros(one.since), one.portals, micros(one.crowded)) for one in found.values()]
    write(connection, [put(provider_outages, rows)])


def open_outages(connection: Connection) -> dict[str, list[Incident]]:
    """The open incidents of providers' outages, by portal."""
    table = tables.incidents
    found: dict[str, list[Incident]] = {}
    for row in connection.execute(select(table.c.portal, table.c.body).where(text(OPEN_OUTAGE))):
        found.setdefault(row.portal, []).append(decode(row.body, Incident))
    return found
