"""What the counters of replies have come to, and an index of the turns that wait.

The counters are filled from the turns when a portal is first loaded.

Revision ID: totals
"""

import sqlalchemy as sa
from alembic import op

revision = "totals"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "totals",
        sa.Column("portal", sa.String(64), primary_key=True),
        sa.Column("metric", sa.String(64), primary_key=True),
        sa.Column("labels", sa.String(400), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.Double, nullable=False),
    )
    waiting = sa.text("verdict = 'open'")
    op.create_index("turns_waiting", "turns", ["portal"], sqlite_where=waiting, postgresql_where=waiting)
