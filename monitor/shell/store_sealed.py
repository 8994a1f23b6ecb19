"""The sealed rows of the store: opened in words, and sealed anew after a key came or changed."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from monitor.shell import store_tables as tables
from monitor.shell.store_engine import StoreError, place
from monitor.shell.store_seal import Seal, WrongKey


def opened(seal: Seal, url: str, pair: bytes) -> bytes:
    """StoreError says which key is missing."""
    try:
        return seal.open(bytes(pair))
    except WrongKey as error:
        raise StoreError(f"store {place(url)}: {error}") from None


def reseal(connection: Connection, *, seal: Seal, url: str) -> int:
    """How many rows were sealed anew. All of them can be read afterwards, or StoreError and nothing has changed."""
    table, count = tables.tokens, 0
    for row in connection.execute(select(table).with_for_update()).all():
        body = opened(seal, url, row.pair)
        if not seal.is_fresh(bytes(row.pair)):
            same = (table.c.portal == row.portal) & (table.c.pair == row.pair)  # a renewal meanwhile wins
            count += connection.execute(update(table).where(same).values(pair=seal.close(body))).rowcount
    return count
