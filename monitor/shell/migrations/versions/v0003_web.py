"""Links that show a head his portal, and what people noted at incidents. Independent of every other revision.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "totals"
branch_labels = None
depends_on = None

LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "web_links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("portal", sa.String(64), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "incident_notes",
        sa.Column("id", LONG, primary_key=True, autoincrement=True),
        sa.Column("incident", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("incident_notes_by_incident", "incident_notes", ["incident"])
