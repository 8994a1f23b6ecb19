"""Rows written straight through the driver: a poll writes dozens of them, and building each statement costs more.

The statements are the same on SQLite and PostgreSQL but for the mark of a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table

Rows = Sequence[tuple[Any, ...]]


def put(connection: Connection, table: Table, rows: Rows) -> None:
    """Each row (values in the order of the table's columns) as a whole, in the place of one with the same key."""
    if rows:
        connection.exec_driver_sql(_put(table, _mark(connection)), list(rows))


def add(connection: Connection, table: Table, rows: Rows) -> None:
    """Rows of a ledger that numbers its rows by itself: values of all columns but the first."""
    if rows:
        names = [column.name for column in table.columns][1:]
        connection.exec_driver_sql(_insert(table, tuple(names), _mark(connection)), list(rows))


def increase(connection: Connection, table: Table, rows: Rows) -> None:
    """The last value of each row is added to what stands under its key."""
    if rows:
        connection.exec_driver_sql(_increase(table, _mark(connection)), list(rows))


def remove(connection: Connection, table: Table, keys: Rows) -> None:
    """Rows by their keys, values in the order of the key's columns."""
    if keys:
        connection.exec_driver_sql(_remove(table, _mark(connection)), list(keys))


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.name == "sqlite" else "%s"


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


@cache
def _insert(table: Table, names: tuple[str, ...], mark: str) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608 - our names


@cache
def _put(table: Table, mark: str) -> str:
    names = [column.name for column in table.columns]
    keys = _keys(table)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in keys)
    conflict = ", ".join(f'"{key}"' for key in keys)
    return f"{_insert(table, tuple(names), mark)} ON CONFLICT ({conflict}) DO UPDATE SET {changes}"


@cache
def _increase(table: Table, mark: str) -> str:
    names = [column.name for column in table.columns]
    conflict = ", ".join(f'"{key}"' for key in _keys(table))
    last = names[-1]
    change = f'"{last}" = {table.name}."{last}" + excluded."{last}"'
    return f"{_insert(table, tuple(names), mark)} ON CONFLICT ({conflict}) DO UPDATE SET {change}"


@cache
def _remove(table: Table, mark: str) -> str:
    same = " AND ".join(f'"{key}" = {mark}' for key in _keys(table))
    return f"DELETE FROM {table.name} WHERE {same}"  # noqa: S608 - our names
