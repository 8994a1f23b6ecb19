"""Another Alertmanager in the configuration: it hears of what is open at once, the former one hears no more."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from test_alertmanager_pusher import NOW, Shelf, alert

from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.metrics import Registry


class Receiver:
    """Alertmanager's API with the user and password it was asked with; `held` = it does not answer."""

    def __init__(self) -> None:
        self.status, self.held = 200, asyncio.Event()
        self.held.set()
        self.asked = asyncio.Event()
        self.got: list[list[dict[str, Any]]] = []
        self.users: list[str | None] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.asked.set()
        await self.held.wait()
        self.users.append(request.headers.get("Authorization"))
        if self.status == 200:
            self.got.append(await request.json())
        return web.Response(status=self.status)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    made, app = Receiver(), web.Application()
    app.router.add_post("/api/v2/alerts", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    made.held.set()
    await runner.cleanup()


@asynccontextmanager
async def stand(first: Callable[[Receiver], str | None]) -> AsyncIterator[tuple[Pusher, Receiver, Receiver, Shelf]]:
    """A pusher that tells `first` of the former receiver's address, and a second receiver."""
    shelf = Shelf()
    async with receiving() as former, receiving() as latter, aiohttp.ClientSession() as http:
        clock = Clock()
        yield (
            Pusher(url=first(former), http=http, keeper=shelf, registry=Registry(), clock=clock),
            former,
            latter,
            shelf,
        )


def its_url(receiver: Receiver) -> str | None:
    return receiver.url


def nobody(_: Receiver) -> str | None:
    return None


async def test_what_is_open_is_told_to_the_new_one_with_its_beginning() -> None:
    async with stand(its_url) as (pusher, former, latter, _):
        pusher.wish("acme", [alert()])
        assert await pusher.tell()
        pusher.adopt(latter.url)
        assert await pusher.tell()
        assert [one["startsAt"] for one in latter.got[0]] == [NOW.isoformat()]
        assert len(former.got) == 1


async def test_the_new_one_is_told_without_waiting_for_the_minute_and_with_its_own_password() -> None:
    async with stand(its_url) as (pusher, former, latter, _):
        pusher.wish("acme", [alert()])
        task = asyncio.create_task(pusher.run())
        await asyncio.wait_for(former.asked.wait(), 10)
        pusher.adopt(latter.url.replace("//", "//monitor:secret@"))
        await asyncio.wait_for(latter.asked.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert latter.users[0] == f"Basic {b64encode(b'monitor:secret').decode()}"


async def test_a_change_while_the_former_one_does_not_answer_is_not_kept_waiting_by_its_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitor.shell.alertmanager.RETRY_FIRST", 3600.0)
    async with stand(its_url) as (pusher, former, latter, _):
        former.held.clear()
        former.status = 503
        pusher.wish("acme", [alert()])
        task = asyncio.create_task(pusher.run())
        await asyncio.wait_for(former.asked.wait(), 10)
        pusher.adopt(latter.url)
        former.held.set()
        await asyncio.wait_for(latter.asked.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert pusher.failing_since is None


async def test_the_former_one_s_failure_is_none_of_the_new_one() -> None:
    async with stand(its_url) as (pusher, former, latter, _):
        former.status = 503
        pusher.wish("acme", [alert()])
        assert not await pusher.tell()
        assert pusher.failing_since is not None
        pusher.adopt(latter.url)
        assert pusher.failing_since is None


async def test_the_same_address_again_changes_nothing() -> None:
    async with stand(its_url) as (pusher, former, _, _):
        former.status = 503
        pusher.wish("acme", [alert()])
        await pusher.tell()
        since = pusher.failing_since
        pusher.adopt(f"{former.url}/")
        assert pusher.failing_since is since


async def test_nobody_is_told_once_there_is_no_alertmanager_any_more() -> None:
    async with stand(its_url) as (pusher, former, _, _):
        pusher.wish("acme", [alert()])
        await pusher.tell()
        pusher.adopt(None)
        pusher.wish("acme", [alert(line="2")])
        assert await pusher.tell()
        assert len(former.got) == 1


async def test_one_that_comes_later_hears_of_what_opened_before_it_came() -> None:
    async with stand(nobody) as (pusher, _, latter, shelf):
        pusher.wish("acme", [alert()])
        assert await pusher.tell()
        assert shelf.bodies == {}
        pusher.adopt(latter.url)
        assert await pusher.tell()
        assert [one["labels"]["portal"] for one in latter.got[0]] == ["acme"]


@pytest.mark.parametrize("goes_on", [True, False])
async def test_what_was_told_before_a_time_without_one_goes_on_or_ends(goes_on: bool) -> None:
    async with stand(its_url) as (pusher, former, _, _):
        pusher.wish("acme", [alert()])
        await pusher.tell()
        pusher.adopt(None)
        pusher.wish("acme", [alert()] if goes_on else [])
        await pusher.tell()
        pusher.adopt(former.url)
        await pusher.tell()
        (told,) = former.got[-1]
        assert told["startsAt"] == NOW.isoformat()
        assert (told["endsAt"] > Clock().real_now().isoformat()) is goes_on
