"""A portal's pair of tokens as it lies in the store: one sealed record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert

from monitor.secret import Secret
from monitor.shell import store_tables as tables
from monitor.shell.store_records import decode, encode
from monitor.shell.store_seal import Seal
from monitor.shell.vault import Tokens


def save_tokens(connection: Connection, *, portal: str, tokens: Tokens, seal: Seal) -> None:
    body = {
        "access": tokens.access.reveal(),
        "refresh": tokens.refresh.reveal(),
        "endpoint": tokens.endpoint,
        "server": tokens.server,
        "member_id": tokens.member_id,
        "saved": tokens.saved.isoformat() if tokens.saved else None,
        "seed": tokens.seed,
    }
    table = tables.tokens
    connection.execute(delete(table).where(table.c.portal == portal))
    connection.execute(insert(table).values(portal=portal, pair=seal.close(encode(body).encode())))


def tokens_of(pair: bytes) -> Tokens:
    """Of an opened record."""
    body: dict[str, Any] = decode(pair.decode(), dict)
    saved = body.get("saved")
    return Tokens(
        access=Secret(body["access"]),
        refresh=Secret(body["refresh"]),
        endpoint=body.get("endpoint", ""),
        server=body.get("server", ""),
        member_id=body.get("member_id", ""),
        saved=datetime.fromisoformat(saved) if saved else None,
        seed=body.get("seed", ""),
    )
