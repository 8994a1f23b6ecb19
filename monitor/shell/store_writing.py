"""Rows written straight through the driver, several a statement: a poll writes dozens of them.

What SQLAlchemy does around a statement, and the driver around a row, costs more than the row itself. The statements
are the same on SQLite and PostgreSQL but for the mark of a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

NUL = "\0"  # which no text of PostgreSQL holds, and what others write may
Rows = Sequence[tuple[Any, ...]]
AT_ONCE = 20  # rows a statement; each number of rows is a statement of its own to the database


class Change(NamedTuple):
    """Rows of one table and what becomes of them. `text` of so many rows, by the driver's mark of a parameter."""

    text: Callable[[Table, int, str], str]
    table: Table
    rows: Rows


def storable(text: str) -> str:
    """A text for a column; JSON needs it not, where it is an escape."""
    return text.replace(NUL, "\N{REPLACEMENT CHARACTER}")


def put(table: Table, rows: Rows) -> Change:
    """Each row (values in the order of the table's columns) as a whole, in the place of one with the same key."""
    return Change(_put, table, rows)


def add(table: Table, rows: Rows) -> Change:
    """Rows of a ledger that numbers its rows by itself: values of all columns but the first."""
    return Change(_add, table, rows)


def add_new(table: Table, rows: Rows) -> Change:
    """Likewise, but for those that an index of the table takes for known."""
    return Change(_add_new, table, rows)


def increase(table: Table, rows: Rows) -> Change:
    """The last value of each row is added to what stands under its key. No key twice."""
    return Change(_increase, table, rows)


def remove(table: Table, keys: Rows) -> Change:
    """Rows by their keys, values in the order of the key's columns."""
    return Change(_remove, table, keys)


def write(connection: Connection, changes: Iterable[Change]) -> int:
    """How many rows were written, inside the caller's transaction. DBAPIError as SQLAlchemy raises it."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    cursor, count = connection.connection.cursor(), 0
    try:
        for text, table, rows in changes:
            for start in range(0, len(rows), AT_ONCE):
                part = rows[start : start + AT_ONCE]
                cursor.execute(text(table, len(part), mark), list(chain.from_iterable(part)))
                count += cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _known(connection, error) from error
    finally:
        cursor.close()
    return count


def ask(connection: Connection, question: str) -> tuple[Any, ...]:
    """The first row of an answer that has one."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(question)
        return tuple(cursor.fetchone() or ())
    except connection.dialect.loaded_dbapi.Error as error:
        raise _known(connection, error) from error
    finally:
        cursor.close()


def _known(connection: Connection, error: Any) -> Exception:
    """The driver's error as SQLAlchemy would have raised it; a connection that is lost is not used again."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if lost:
        connection.invalidate(error)
    known: Exception = DBAPIError.instance(
        None, None, error, dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
    return known


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _insert(table: Table, names: Sequence[str], count: int, mark: str) -> str:
    row = f"({', '.join([mark] * len(names))})"
    return f"INSERT INTO {table.name} ({_listed(names)}) VALUES {', '.join([row] * count)}"  # noqa: S608 - our names


@cache
def _add(table: Table, count: int, mark: str) -> str:
    return _insert(table, _names(table)[1:], count, mark)


@cache
def _add_new(table: Table, count: int, mark: str) -> str:
    return f"{_add(table, count, mark)} ON CONFLICT DO NOTHING"


@cache
def _put(table: Table, count: int, mark: str) -> str:
    names, keys = _names(table), _keys(table)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in keys)
    return f"{_insert(table, names, count, mark)} ON CONFLICT ({_listed(keys)}) DO UPDATE SET {changes}"


@cache
def _increase(table: Table, count: int, mark: str) -> str:
    names = _names(table)
    last = names[-1]
    change = f'"{last}" = {table.name}."{last}" + excluded."{last}"'
    return f"{_insert(table, names, count, mark)} ON CONFLICT ({_listed(_keys(table))}) DO UPDATE SET {change}"


@cache
def _remove(table: Table, count: int, mark: str) -> str:
    one = " AND ".join(f'"{key}" = {mark}' for key in _keys(table))
    return f"DELETE FROM {table.name} WHERE {' OR '.join([f'({one})'] * count)}"  # noqa: S608 - our names
