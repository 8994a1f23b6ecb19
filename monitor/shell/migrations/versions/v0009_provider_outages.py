"""What several processes tell each other of providers.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN_OUTAGE = "kind = 'provider_outage' AND closed IS NULL"


def upgrade() -> None:
    op.create_table(
        "failing",
        sa.Column("portal", sa.String(64), primary_key=True),
        sa.Column("provider", sa.String(32), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "provider_outages",
        sa.Column("provider", sa.String(32), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("portals", sa.Integer, nullable=False),
        sa.Column("crowded", sa.BigInteger, nullable=False),
    )
    where = sa.text(OPEN_OUTAGE)
    op.create_index("incidents_open_outages", "incidents", ["portal"], sqlite_where=where, postgresql_where=where)
