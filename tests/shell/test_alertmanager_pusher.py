"""Alertmanager is told at once, again and again, and of the end until it has heard it; over restarts too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from monitor.core.alerts import Alert
from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.metrics import Registry
from monitor.shell.posted import LASTS, Posted, fingerprint, payload, plan

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LABELS = (("alertname", "QrRescanRequired"), ("portal", "acme"), ("severity", "critical"))


def alert(started: datetime = NOW, **labels: str) -> Alert:
    told = tuple(sorted((dict(LABELS) | labels).items()))
    return Alert(labels=told, annotations=(("summary", "x"),), starts_at=started, generator_url="http://m/incidents/1")


def posted(ended: datetime | None = None) -> Posted:
    return Posted(labels=LABELS, annotations=(), starts_at=NOW, generator_url="", ended=ended)


def test_a_firing_alert_ends_by_itself_some_minutes_ahead_unless_it_is_told_again() -> None:
    body = payload(posted(), NOW + timedelta(minutes=1))
    assert body["startsAt"] == NOW.isoformat()
    assert body["endsAt"] == (NOW + timedelta(minutes=1) + LASTS).isoformat()


def test_what_is_not_wanted_any_more_is_told_its_end_and_the_end_does_not_move() -> None:
    key = fingerprint(LABELS)
    first = plan({key: posted()}, [], NOW)
    assert first[key].ended == NOW
    assert plan(first, [], NOW + timedelta(hours=1))[key].ended == NOW


def test_an_alert_that_goes_on_keeps_its_first_beginning_and_one_that_comes_back_has_a_new_one() -> None:
    key = fingerprint(LABELS)
    later = NOW + timedelta(hours=1)
    assert plan({key: posted()}, [alert(later)], later)[key].starts_at == NOW
    assert plan({key: posted(ended=NOW)}, [alert(later)], later)[key].starts_at == later


class Shelf:
    """What survives a restart."""

    def __init__(self) -> None:
        self.bodies: dict[str, str] = {}

    async def posted(self) -> dict[str, str]:
        return dict(self.bodies)

    async def mark_posted(self, bodies: dict[str, str], portals: Collection[str] = ()) -> None:
        self.bodies |= bodies

    async def forget(self, fingerprints: Sequence[str], portals: Collection[str] = ()) -> None:
        for one in fingerprints:
            del self.bodies[one]


class Receiver:
    """Alertmanager's API: answers with `status`, or refuses an alert that is labelled bad."""

    def __init__(self) -> None:
        self.status = 200
        self.text = ""
        self.got: list[list[dict[str, Any]]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        if any("bad" in one["labels"] for one in body):
            return web.Response(status=400, text="bad label")
        if self.status == 200:
            self.got.append(body)
        return web.Response(status=self.status, text=self.text)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/api/v2/alerts", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def pusher(receiver: Receiver, http: aiohttp.ClientSession, shelf: Shelf, registry: Registry | None = None) -> Pusher:
    return Pusher(url=receiver.url, http=http, keeper=shelf, registry=registry or Registry(), clock=Clock())


async def tell_of_one(receiver: Receiver, http: aiohttp.ClientSession, shelf: Shelf) -> None:
    """By a process that is there no more."""
    first = pusher(receiver, http, shelf)
    first.wish("acme", [alert()])
    assert await first.tell()


async def test_a_damaged_row_is_told_in_the_log_and_holds_up_none_of_the_others(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf = Shelf()
    await tell_of_one(receiver, http, shelf)
    shelf.bodies["0f"] = '{"labels": 7'
    again = pusher(receiver, http, shelf)
    with capture_logs() as logs:
        await again.restore(["acme"])
    assert [(row["event"], row["fingerprint"]) for row in logs] == [("alerts.row_damaged", "0f")]
    again.wish("acme", [])
    await again.tell()
    assert [one["labels"]["portal"] for one in receiver.got[-1]] == ["acme"]
    assert receiver.got[-1][0]["endsAt"] < Clock().now().isoformat(), "its end is told"


async def test_of_several_processes_each_tells_its_own_and_ends_nothing_of_the_others(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf = Shelf()
    everyones = pusher(receiver, http, shelf)
    everyones.wish("acme", [alert()])
    everyones.wish("rival", [alert(portal="rival")])
    await everyones.tell()
    receiver.got.clear()
    held = {"acme"}
    mine = Pusher(
        url=receiver.url, http=http, keeper=shelf, registry=Registry(), clock=Clock(), mine=lambda one: one in held
    )
    await mine.restore(["acme"])
    mine.wish("rival", [])
    assert await mine.tell()
    assert [one["labels"]["portal"] for one in receiver.got[-1]] == ["acme"]
    held.clear()
    await mine.release(["acme"])
    receiver.got.clear()
    assert await mine.tell()
    assert receiver.got == []
    assert len(shelf.bodies) == 2, "what others have to know is still there"


async def test_an_alert_without_a_portal_is_told_by_the_one_in_whose_hands_it_is_and_goes_on_with_the_next(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf = Shelf()
    outage = Alert(
        labels=(("alertname", "ProviderOutage"), ("provider", "wazzup")),
        annotations=(),
        starts_at=NOW,
        generator_url="",
    )
    held = {"": "ada", "acme": "bela"}

    def of(process: str) -> Pusher:
        return Pusher(
            url=receiver.url,
            http=http,
            keeper=shelf,
            registry=Registry(),
            clock=Clock(),
            mine=lambda one: held[one] == process,
        )

    ada, bela = of("ada"), of("bela")
    bela.wish("acme", [outage])
    assert await bela.tell()
    assert (receiver.got, shelf.bodies) == ([], {}), "a portal's own finding is not yet everybody's"

    ada.wish("", [outage])
    assert await ada.tell()
    (told,) = receiver.got.pop()
    assert len(shelf.bodies) == 1

    held[""] = "bela"
    await ada.release([""])
    await bela.restore([""])
    bela.wish("", [replace(outage, starts_at=NOW + timedelta(minutes=5))])
    assert await bela.tell()
    (again,) = receiver.got.pop()
    assert (again["labels"], again["startsAt"]) == (told["labels"], told["startsAt"])
    assert await ada.tell()
    assert receiver.got == [], "who had it before is silent"

    bela.wish("", [])
    assert await bela.tell()
    (end,) = receiver.got.pop()
    assert end["startsAt"] == told["startsAt"]
    assert shelf.bodies == {}


async def test_what_could_not_be_told_is_told_when_alertmanager_is_back(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf, registry = Shelf(), Registry()
    mine = pusher(receiver, http, shelf, registry)
    mine.wish("acme", [alert()])
    receiver.status = 503
    assert not await mine.tell()
    receiver.status = 200
    assert await mine.tell()
    assert [len(batch) for batch in receiver.got] == [1]
    counted = registry.counters["messenger_notifications_total"]
    assert counted == {("acme", "alertmanager", "retried"): 1.0, ("acme", "alertmanager", "delivered"): 1.0}


async def test_an_end_that_was_not_heard_before_a_restart_is_told_after_it(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf = Shelf()
    first = pusher(receiver, http, shelf)
    first.wish("acme", [alert()])
    assert await first.tell()
    receiver.status = 503
    first.wish("acme", [])
    assert not await first.tell()
    receiver.status = 200
    second = pusher(receiver, http, shelf)
    await second.restore(["acme"])
    assert await second.tell()
    (told,) = receiver.got[-1]
    assert datetime.fromisoformat(told["endsAt"]) <= datetime.now(UTC)
    assert shelf.bodies == {}


async def test_after_a_restart_an_alert_goes_on_with_its_beginning_before_its_portal_was_polled(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf = Shelf()
    await tell_of_one(receiver, http, shelf)
    second = pusher(receiver, http, shelf)
    await second.restore(["acme"])
    assert await second.tell()
    assert receiver.got[1][0]["startsAt"] == receiver.got[0][0]["startsAt"] == NOW.isoformat()
    assert datetime.fromisoformat(receiver.got[1][0]["endsAt"]) > datetime.now(UTC)


async def test_the_alert_of_a_portal_that_is_gone_from_the_configuration_ends(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf = Shelf()
    await tell_of_one(receiver, http, shelf)
    second = pusher(receiver, http, shelf)
    await second.restore(["other"])
    assert await second.tell()
    assert datetime.fromisoformat(receiver.got[1][0]["endsAt"]) <= datetime.now(UTC)


async def test_the_end_of_what_a_removed_portal_had_is_told_and_leaves_no_series(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    registry = Registry()
    mine = pusher(receiver, http, Shelf(), registry)
    mine.wish("acme", [alert()])
    assert await mine.tell()
    registry.drop("acme")
    mine.forget("acme")
    assert await mine.tell()
    assert datetime.fromisoformat(receiver.got[1][0]["endsAt"]) <= datetime.now(UTC)
    assert not registry.counters["messenger_notifications_total"]


async def test_one_alert_that_is_refused_does_not_keep_the_others_from_being_heard(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    registry = Registry()
    mine = pusher(receiver, http, Shelf(), registry)
    mine.wish("acme", [alert(line=str(number)) for number in range(9)] + [alert(bad="label")])
    assert await mine.tell()
    assert sum(len(batch) for batch in receiver.got) == 9
    counted = registry.counters["messenger_notifications_total"]
    assert counted["acme", "alertmanager", "refused"] == 1


@pytest.mark.parametrize("text", ["bad request", "<html><body>400 Bad Request</body></html>"])
async def test_whoever_refuses_every_single_alert_has_heard_none(
    receiver: Receiver, http: aiohttp.ClientSession, text: str
) -> None:
    registry, shelf = Registry(), Shelf()
    mine = pusher(receiver, http, shelf, registry)
    receiver.status, receiver.text = 400, text
    mine.wish("acme", [alert(line="1"), alert(line="2")])
    with capture_logs() as logs:
        assert not await mine.tell()
        since = mine.failing_since
        assert since is not None
        mine.wish("acme", [alert(line="1")])
        assert not await mine.tell()
    assert [entry["event"] for entry in logs] == ["alertmanager.unreachable"]
    assert logs[0]["code"] == "http_400"
    assert mine.failing_since == since
    assert len(shelf.bodies) == 2, "the end is told again"
    receiver.status, receiver.text = 200, ""
    assert await mine.tell()
    assert mine.failing_since is None
    assert len(receiver.got[-1]) == 2
    assert len(shelf.bodies) == 1


async def test_an_alert_that_is_refused_beside_others_is_said_once_until_it_is_taken(
    receiver: Receiver, http: aiohttp.ClientSession
) -> None:
    shelf = Shelf()
    mine = pusher(receiver, http, shelf)
    good, bad = alert(line="1"), alert(bad="label")
    mine.wish("acme", [good, bad])
    with capture_logs() as logs:
        assert [await mine.tell() for _ in range(3)] == [True] * 3
        assert [entry["event"] for entry in logs] == ["alertmanager.refused"]
        assert (logs[0]["labels"]["bad"], logs[0]["answer"]) == ("label", "bad label")
        mine.wish("acme", [good])
        assert await mine.tell()
        assert len(shelf.bodies) == 1, "its end is not kept: it was never taken"
        mine.wish("acme", [good, bad])
        assert await mine.tell()
    assert len(logs) == 2
    assert mine.failing_since is None
