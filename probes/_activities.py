"""A row of crm.activity.list as a session (bitrix24-api.md 6.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitor.core.connectors import connector_id
from monitor.core.history import integer, moment, user_code
from monitor.core.model import Session

ACTIVITIES, PROVIDER = "crm.activity.list", "IMOPENLINES_SESSION"
FIELDS = (
    *("ID", "PROVIDER_ID", "ASSOCIATED_ENTITY_ID", "ORIGIN_ID", "PROVIDER_TYPE_ID", "PROVIDER_PARAMS"),
    *("RESULT_SOURCE_ID", "DIRECTION", "RESULT_STATUS", "RESPONSIBLE_ID", "CREATED", "LAST_UPDATED"),
    *("END_TIME", "COMPLETED", "OWNER_TYPE_ID", "OWNER_ID"),
)
_ENTITIES = {1: "lead", 2: "deal", 3: "contact", 4: "company"}


Row = Mapping[str, Any] | bytes  # bytes: a row of a large answer that nobody has read yet

# In JSON no text can hold these bytes: its own quotes are escaped.
_CLOSED = re.compile(rb'"COMPLETED"\s*:\s*"Y"')
_END = re.compile(rb'"END_TIME"\s*:\s*"[^"\\]*"\s*,?')


def told_rows(answer: Any) -> list[Row]:
    """The rows of a list, PHP's map or nothing."""
    values = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return [row for row in values if isinstance(row, dict | bytes)]


def is_activity(row: Any) -> bool:
    """Whether a row, read, can be what the filter asked for: another provider's is none of ours and no fault."""
    if not isinstance(row, dict) or not isinstance(row.get("PROVIDER_ID"), str):
        return False
    return row["PROVIDER_ID"] != PROVIDER or session_of(row) is not None


def last_id(rows: Sequence[Row], read: Callable[[Any], Any]) -> int:
    """The highest id of a page that is in the order of ids, whichever way; 0 where there is none."""
    ends = [read(row) for row in (*rows[:1], *rows[-1:])]
    return max([integer(row.get("ID")) or 0 for row in ends if isinstance(row, dict)], default=0)


def session_of(told: Row, read: Callable[[Any], Any] = lambda row: row) -> Session | None:
    """None for a row of another provider or without a session: a filter's typo must not pass unseen.

    `read`: a row of bytes as a map."""
    row = read(told)
    if not isinstance(row, dict) or row.get("PROVIDER_ID") != PROVIDER:
        return None
    number = integer(row.get("ASSOCIATED_ENTITY_ID")) or integer(str(row.get("ORIGIN_ID") or "").removeprefix("IMOL_"))
    created, updated = moment(row.get("CREATED")), moment(row.get("LAST_UPDATED"))
    if not number or created is None:
        return None
    connector, line, customer = _code(row)
    closed = moment(row.get("END_TIME")) if row.get("COMPLETED") == "Y" else None
    owner_type, owner = integer(row.get("OWNER_TYPE_ID")), integer(row.get("OWNER_ID"))
    entity = _ENTITIES.get(owner_type or 0)
    return Session(
        id=number,
        chat=0,
        line=line,
        connector=connector,
        customer=customer,
        started_by_customer=str(row.get("DIRECTION")) != "2",
        created=created,
        updated=updated or created,
        closed=(closed or updated or created) if row.get("COMPLETED") == "Y" else None,
        responsible=integer(row.get("RESPONSIBLE_ID")) or 0,
        accepted=str(row.get("RESULT_STATUS")) == "2",
        crm_entity=(entity, owner) if entity and owner else None,
    )


def lasting(row: Row) -> Row:
    """Without what goes on by itself: until a session is closed its END_TIME is a guess (bitrix24-api.md 6.1)."""
    if isinstance(row, bytes):
        return row if _CLOSED.search(row) else _END.sub(b"", row, count=1)
    return row if row.get("COMPLETED") == "Y" else {name: row[name] for name in row if name != "END_TIME"}


def _code(row: Mapping[str, Any]) -> tuple[str, int, int]:
    params = row.get("PROVIDER_PARAMS")
    connector, line, customer = user_code(params.get("USER_CODE") if isinstance(params, dict) else None)
    connector = connector or connector_id(row.get("RESULT_SOURCE_ID"))
    return connector, line or integer(row.get("PROVIDER_TYPE_ID")) or 0, customer
