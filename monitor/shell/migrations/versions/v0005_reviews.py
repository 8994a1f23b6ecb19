"""Reviews as they were made.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("portal", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("corrects", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("plain", sa.Text, nullable=False),
    )
    op.create_index("reviews_once", "reviews", ["portal", "since", "until", "corrects"], unique=True)
