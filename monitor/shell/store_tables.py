"""The store's tables: columns for what is asked for, the rest of each record as JSON. Times are UTC microseconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

METADATA = MetaData()
WAITING = "verdict = 'open'"  # the few turns that a start looks for among all there ever were
UNSETTLED = "state = 'waiting'"
LONG = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts by itself in SQLite

portals = Table(
    "portals",
    METADATA,
    Column("portal", String(64), primary_key=True),
    Column("memory", Text, nullable=False),
    Column("cursor", Text, nullable=False),
)

# Lines, managers, departments, connectors, channels, sessions: whatever a portal's state remembers by a key.
remembered = Table(
    "remembered",
    METADATA,
    Column("portal", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("body", Text, nullable=False),
)

turns = Table(
    "turns",
    METADATA,
    Column("portal", String(64), primary_key=True),
    Column("chat", BigInteger, primary_key=True),
    Column("message", BigInteger, primary_key=True),
    Column("session", BigInteger, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("manager", BigInteger, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("turns_by_deadline", "portal", "deadline"),
    Index("turns_by_session", "portal", "session"),
    Index("turns_waiting", "portal", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
)

# What the counters and histograms of replies have come to: exact, whatever becomes of the turns themselves.
totals = Table(
    "totals",
    METADATA,
    Column("portal", String(64), primary_key=True),
    Column("metric", String(64), primary_key=True),
    Column("labels", String(400), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("amount", Double, nullable=False),
)

turn_events = Table(
    "turn_events",
    METADATA,
    Column("id", LONG, primary_key=True, autoincrement=True),
    Column("portal", String(64), nullable=False),
    Column("chat", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("turn_events_by_chat", "portal", "chat"),
)

flips = Table(
    "flips",
    METADATA,
    Column("id", LONG, primary_key=True, autoincrement=True),
    Column("portal", String(64), nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("connector", String(128), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("flips_by_channel", "portal", "line", "connector", "at"),
)

incidents = Table(
    "incidents",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("portal", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("closed", BigInteger, nullable=True),
    Column("body", Text, nullable=False),
    Index("incidents_by_portal", "portal", "opened"),
)

posted_alerts = Table(
    "posted_alerts",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("body", Text, nullable=False),
)

tokens = Table(
    "tokens",
    METADATA,
    Column("portal", String(64), primary_key=True),
    Column("pair", LargeBinary, nullable=False),
)

# What people are to be told, until they were: one row a notice and receiver. `again`: real time of the next attempt.
outbox = Table(
    "outbox",
    METADATA,
    Column("id", LONG, primary_key=True, autoincrement=True),
    Column("portal", String(64), nullable=False),
    Column("receiver", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("message", String(32), nullable=False),
    Column("failed", Integer, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("again", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("problem", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Index("outbox_once", "portal", "receiver", "key", unique=True),
    Index("outbox_waiting", "due", sqlite_where=text(UNSETTLED), postgresql_where=text(UNSETTLED)),
)

# Reviews as they were made: written once, never changed; a correction is a review of its own.
reviews = Table(
    "reviews",
    METADATA,
    Column("portal", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("corrects", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("plain", Text, nullable=False),
    Index("reviews_once", "portal", "since", "until", "corrects", unique=True),
)

# Of a link that shows a head his portal only the hash is kept.
web_links = Table(
    "web_links",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("portal", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
)

expiry_links = Table(
    "expiry_links",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("portal", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
)

incident_notes = Table(
    "incident_notes",
    METADATA,
    Column("id", LONG, primary_key=True, autoincrement=True),
    Column("incident", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("author", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Index("incident_notes_by_incident", "incident"),
)

# Which process has which shard of the portals, by the database's clock in seconds; "" = nobody has it.
shards = Table(
    "shards",
    METADATA,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("term", BigInteger, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("seen", Double, nullable=False),
)

processes = Table(
    "processes",
    METADATA,
    Column("owner", String(64), primary_key=True),
    Column("url", String(200), nullable=False),
    Column("seen", Double, nullable=False),
)
