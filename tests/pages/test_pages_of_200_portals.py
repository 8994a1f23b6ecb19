"""With 200 portals a page stays small and quick: under 150 KB and under 200 ms of the server's time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pages_parts import WAZZUP, PageBoard, broken, busy

from monitor.shell.store import Store
from monitor.shell.visitors import Access
from monitor.shell.web import make_app

MOST_BYTES, MOST_SECONDS = 150_000, 0.2
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """Every tenth portal is in trouble, one of them has the past of a year."""
    store = await Store.open(f"sqlite:///{tmp_path / 'many.db'}")
    board = PageBoard(store, Access())
    await board.add(busy("portal-000"))
    for number in range(1, 200):
        name = f"portal-{number:03}"
        state, policy = broken(name) if number % 10 == 0 else busy(name)
        board.shown[name] = (state, policy)
    async with TestClient[web.Request, web.Application](TestServer(make_app(board))) as started:
        yield started
    await store.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/incidents",
        "/portals/portal-000",
        f"/portals/portal-000/channels/1/{WAZZUP.connector}",
        "/portals/portal-000/managers/12",
        "/portals/portal-000/dialogs/1777",
        "/portals/portal-000/guarantee",
        "/monitor",
        "/runbooks/qr_rescan_required",
    ],
)
async def test_a_page_is_small_and_quick(client: Client, path: str) -> None:
    took = []
    for _ in range(5):
        began = time.process_time()
        answer = await client.get(path)
        body = await answer.read()
        took.append(time.process_time() - began)
        assert answer.status == 200
    assert len(body) < MOST_BYTES, f"{path}: {len(body)} bytes"
    assert min(took) < MOST_SECONDS, f"{path}: {min(took):.3f} s"
