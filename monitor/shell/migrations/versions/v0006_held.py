"""Who held a turn is a row of values now, where it was a map: turns and ledger written before are rewritten.

Revision ID: 0006
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FEW = 1000
OLD = '%"held":[{%'


def upgrade() -> None:
    turns = sa.table("turns", *(sa.column(name) for name in ("portal", "chat", "message", "body")))
    events = sa.table("turn_events", sa.column("id"), sa.column("body"))
    _rewrite(turns, ("portal", "chat", "message"))
    _rewrite(events, ("id",))


def _rewrite(table: sa.TableClause, key: tuple[str, ...]) -> None:
    """A few at a time: a ledger of a year does not lie in memory."""
    connection, columns = op.get_bind(), [table.c[name] for name in key]
    query = sa.select(*columns, table.c.body).where(table.c.body.like(OLD)).limit(FEW)
    change = sa.update(table).where(*(column == sa.bindparam(f"old_{column.name}") for column in columns))
    change = change.values(body=sa.bindparam("new_body"))
    while rows := connection.execute(query).all():
        new = [
            {f"old_{name}": value for name, value in zip(key, row, strict=False)} | {"new_body": _anew(row[-1])}
            for row in rows
        ]
        connection.execute(change, new)


def _anew(body: str) -> str:
    record = json.loads(body)
    turn = record if "held" in record else record["turn"]
    turn["held"] = [_row(part) for part in turn["held"]]
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _row(part: Any) -> Any:
    return part if isinstance(part, list) else [part["user"], part["since"], part["working"], part.get("notice", 0)]
