"""Our own doors: the configuration, the pasted code, the install event, the pages' addresses, the kept rows."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from fuzz_parts import JSON, spoiled
from hypothesis import given
from hypothesis import strategies as st

from monitor.auth import AuthFailed, code_in
from monitor.config import ConfigProblems, load
from monitor.shell.install import arrival_in
from monitor.shell.store_engine import StoreError
from monitor.shell.store_look import look

EXAMPLE = Path(__file__).parent.parent.parent / "config" / "monitor.example.yaml"
TREE = yaml.safe_load(EXAMPLE.read_text())
ENV = {"HOOK": "https://acme.bitrix24.ru/rest/1/canaryhook/"}


def is_taken_or_refused_in_words(body: bytes) -> bool:
    """A configuration with portals, or at least one problem, none of which tells the secret."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "monitor.yaml"
        path.write_bytes(body)
        try:
            return bool(load(path, ENV).portals)
        except ConfigProblems as error:
            return bool(error.problems) and all(one and "canaryhook" not in one for one in error.problems)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_configuration_or_problems_in_words(body: bytes) -> None:
    assert is_taken_or_refused_in_words(body)


@given(spoiled(TREE))
def test_the_example_with_anything_exchanged_is_a_configuration_or_problems_in_words(tree: Any) -> None:
    assert is_taken_or_refused_in_words(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "surrogatepass"))


@given(st.text(max_size=200))
def test_anything_pasted_is_a_code_or_a_sentence(text: str) -> None:
    try:
        assert code_in(text, "state").reveal()
    except AuthFailed as error:
        assert str(error)


@given(st.dictionaries(st.sampled_from(["event", "auth[refresh_token]", "REFRESH_ID", "x"]), st.text(max_size=50)))
def test_any_form_is_an_installation_or_none(form: dict[str, str]) -> None:
    found = arrival_in(form)
    assert found is None or found.refresh.reveal() in {form.get("auth[refresh_token]"), form.get("REFRESH_ID")}


@given(st.binary(max_size=2000))
def test_any_file_in_the_stores_place_is_looked_at_or_refused_in_words(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        path.write_bytes(body)
        try:
            look(f"sqlite:///{path}")
        except StoreError as error:
            assert str(path) in str(error)


@given(st.data())
def test_a_store_with_bytes_exchanged_is_looked_at_or_refused_in_words(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        with sqlite3.connect(path) as database:
            database.execute("create table alembic_version (version_num text)")
            database.execute("insert into alembic_version values ('0001')")
        body = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 20))):
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(body))
        try:
            look(f"sqlite:///{path}")
        except StoreError as error:
            assert str(path) in str(error)
        assert path.read_bytes() == bytes(body), "looking changes nothing"


STEPS = st.lists(st.text(max_size=30), min_size=1, max_size=4)
QUERY = st.dictionaries(st.text(max_size=8), JSON.map(str), max_size=4)


@given(STEPS, QUERY)
def test_any_address_of_ours_is_answered_without_a_trace(steps: list[str], query: dict[str, str]) -> None:
    path = "/".join(quote(step, safe="") for step in ("", *steps))
    words = "&".join(f"{quote(key, safe='')}={quote(value[:50], safe='')}" for key, value in query.items())
    line = f"GET {path}?portal=acme&{words} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = asyncio.run(_served(line.encode()))
    assert answer.startswith(b"HTTP/1.1 ")
    assert answer[9:10] != b"5", answer[:300]
    assert b"Traceback" not in answer


async def _served(request: bytes) -> bytes:
    from aiohttp.test_utils import TestServer
    from hostile_board import Board

    from monitor.shell.web import make_app

    async with TestServer(make_app(Board()), host="127.0.0.1") as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer
