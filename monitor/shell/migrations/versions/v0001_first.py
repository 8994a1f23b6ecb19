"""The first schema.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "portals",
        sa.Column("portal", sa.String(64), primary_key=True),
        sa.Column("memory", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
    )
    op.create_table(
        "remembered",
        sa.Column("portal", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    _replies()
    _channels()
    op.create_table(
        "posted_alerts",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("portal", sa.String(64), primary_key=True),
        sa.Column("pair", sa.LargeBinary, nullable=False),
    )


def _replies() -> None:
    op.create_table(
        "turns",
        sa.Column("portal", sa.String(64), primary_key=True),
        sa.Column("chat", sa.BigInteger, primary_key=True),
        sa.Column("message", sa.BigInteger, primary_key=True),
        sa.Column("session", sa.BigInteger, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("manager", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("deadline", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("turns_by_deadline", "turns", ["portal", "deadline"])
    op.create_index("turns_by_session", "turns", ["portal", "session"])
    op.create_table(
        "turn_events",
        sa.Column("id", LONG, primary_key=True, autoincrement=True),
        sa.Column("portal", sa.String(64), nullable=False),
        sa.Column("chat", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("turn_events_by_chat", "turn_events", ["portal", "chat"])


def _channels() -> None:
    op.create_table(
        "flips",
        sa.Column("id", LONG, primary_key=True, autoincrement=True),
        sa.Column("portal", sa.String(64), nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("connector", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("flips_by_channel", "flips", ["portal", "line", "connector", "at"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("portal", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.BigInteger, nullable=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("incidents_by_portal", "incidents", ["portal", "opened"])
