"""What the pages say, without a browser: charts, languages, what is escaped, how large and how fast they are."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pages_parts import (
    BOT,
    DAY,
    EVIL,
    HOUR,
    NOW,
    WAZZUP,
    PageBoard,
    broken,
    busy,
    channel,
    diagnosis,
    empty,
    evil,
    incident,
    past_of,
    turn,
)

from monitor.core.incident import IncidentKind, Words
from monitor.core.memory import Flip
from monitor.core.model import Messenger, State
from monitor.core.timeline import days_of, spans_of, uptime
from monitor.core.words import percent
from monitor.daemon_board import polls_of
from monitor.shell.badge import badge
from monitor.shell.charts import Bar, Cell, strip, week
from monitor.shell.lag import EVERY, Lag
from monitor.shell.metrics import Registry
from monitor.shell.page_portal import fleet
from monitor.shell.page_words import WORDS
from monitor.shell.retention import Retention
from monitor.shell.store import Store
from monitor.shell.store_prune import steps
from monitor.shell.visitors import Access
from monitor.shell.web import make_app

ZONE = "Europe/Moscow"
PAGE = {"Accept": "text/html"}
SINCE = NOW - 89 * DAY


def flip(at: timedelta, before: State | None, after: State) -> Flip:
    return Flip(line=1, connector=BOT.connector, at=NOW - at, before=before, after=after, diagnosis=diagnosis(after))


class Opened:
    """The pages of some portals over a real store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __aenter__(self) -> Opened:
        self.store = await Store.open(f"sqlite:///{self.folder / 'facts.db'}")
        self.board = PageBoard(self.store, Access())
        self.client: TestClient[web.Request, web.Application] = TestClient(TestServer(make_app(self.board)))
        await self.client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.store.close()

    async def text(self, path: str, status: int = 200, **headers: str) -> str:
        answer = await self.client.get(path, headers=PAGE | headers)
        text = await answer.text()
        assert answer.status == status, text[:500]
        return text


# --- a channel's past ------------------------------------------------------------------------------------


def test_a_channel_without_changes_was_what_it_is_since_it_was_first_seen() -> None:
    memory = channel(BOT, State.CONNECTED, NOW - 10 * DAY, Messenger.TELEGRAM)
    (span,) = spans_of((), memory, SINCE, NOW)
    assert (span.start, span.end, span.state) == (NOW - 10 * DAY, NOW, State.CONNECTED)
    days = days_of([span], ZONE, SINCE, NOW)
    assert len(days) == 90
    assert sum(bool(day.up) for day in days) == 11
    assert uptime(days) == 1.0


def test_an_outage_is_told_by_day_in_the_portals_time_and_blindness_is_neither_up_nor_down() -> None:
    flips = [
        flip(3 * DAY, State.CONNECTED, State.QR_REQUIRED),
        flip(3 * DAY - 2 * HOUR, State.QR_REQUIRED, State.UNKNOWN),
        flip(2 * DAY, State.UNKNOWN, State.CONNECTED),
    ]
    memory = channel(BOT, State.CONNECTED, NOW - 2 * DAY, Messenger.TELEGRAM)
    days = days_of(spans_of(flips, memory, SINCE, NOW), ZONE, SINCE, NOW)
    (bad,) = [day for day in days if day.down]
    assert (bad.day.isoformat(), bad.down, bad.worst) == ("2026-02-27", 2 * HOUR, State.QR_REQUIRED)
    assert bad.up == 12.5 * HOUR
    share = uptime(days)
    assert share is not None
    assert 0.998 < share < 1


def test_before_a_channel_was_first_seen_nothing_is_claimed() -> None:
    flips = [flip(5 * DAY, None, State.CONNECTED)]
    memory = channel(BOT, State.CONNECTED, NOW - 5 * DAY, Messenger.TELEGRAM)
    days = days_of(spans_of(flips, memory, SINCE, NOW), ZONE, SINCE, NOW)
    assert sum(bool(day.up) for day in days) == 6
    assert uptime(days_of((), ZONE, SINCE, NOW)) is None


@pytest.mark.parametrize(
    ("share", "said"), [(None, "—"), (1.0, "100 %"), (0.999999, "99,99 %"), (0.5, "50,00 %"), (0.0, "0,00 %")]
)
def test_a_share_below_one_is_never_rounded_up_to_all(share: float | None, said: str) -> None:
    assert percent(share, "ru", digits=2) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(29 / 100, "29 %"), (0.799, "79 %"), (0.996, "99,6 %"), (0.004, "0,4 %"), (5 / 14, "35 %"), (1.0, "100 %")],
)
def test_a_share_is_rounded_down_wherever_it_is_shown(share: float, said: str) -> None:
    assert percent(share, "ru") == said


def test_charts_are_well_formed_and_say_in_words_what_they_show() -> None:
    bars = [Bar(share=None, title="nothing"), Bar(share=1.0, title="well"), Bar(share=0.999, title=EVIL)]
    drawn = ElementTree.fromstring(strip(bars, EVIL))
    assert drawn.get("aria-label") == EVIL
    titles = [node.text for node in drawn.iter("title")]
    assert titles == ["nothing", "well", EVIL]
    hatched = [node for node in drawn.iter("rect") if node.get("fill") == "url(#hatch)"]
    assert [float(node.get("height", "0")) >= 5 for node in hatched] == [True]
    grid = ElementTree.fromstring(week({(6, 23): Cell(text="<1", level=4, title=EVIL)}, ["d"] * 7, "week"))
    assert "<1" in [node.text for node in grid.iter("text")]
    assert ElementTree.fromstring(strip([], "none")).tag == "svg"


def test_a_badge_is_an_image_with_a_word_beside_the_colour() -> None:
    drawn = ElementTree.fromstring(badge(EVIL, "bad", "сбой"))
    assert drawn.get("aria-label") == f"{EVIL}: сбой"
    assert "script" not in [node.tag for node in drawn.iter()]


def test_both_languages_have_the_same_words() -> None:
    russian, english = WORDS["ru"], WORDS["en"]
    assert russian.keys() == english.keys()
    slots = re.compile(r"\{(\w+)\}")
    for key in russian:
        assert sorted(slots.findall(russian[key])) == sorted(slots.findall(english[key])), key


# --- pages -------------------------------------------------------------------------------------------------


async def test_pages_speak_the_language_that_was_asked_for_and_keep_to_it(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        assert "Требуют внимания" in await pages.text("/")
        english = await pages.text("/?lang=en")
        assert '<html lang="en">' in english
        assert "Need attention" in english
        assert "Scan the QR code" in await pages.text("/portals/acme")
        assert "Требуют внимания" in await pages.text("/?lang=ru")
        assert '<html lang="ru">' in await pages.text("/?lang=xx")


async def test_a_portals_own_language_is_spoken_on_its_pages(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy("acme", language="en"))
        assert '<html lang="en">' in await pages.text("/portals/acme/guarantee")
        assert '<html lang="ru">' in await pages.text("/")


async def test_the_portal_tells_what_is_wrong_who_acts_and_who_waits(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        text = await pages.text("/portals/acme")
        for told in ("нужен QR-код", "Отсканируйте QR-код", "интегратор", "Анна Петрова", "31 минуту", "просрочен"):
            assert told in text, told
        assert "Когда отвечают медленно" in text


async def test_a_refresh_of_an_open_page_does_not_read_weeks_of_replies_again(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        assert "Когда отвечают медленно" not in await pages.text("/portals/acme", **{"X-Part": "live"})


async def test_empty_and_broken_portals_have_every_page(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        assert "Порталов нет." in await pages.text("/")
        await pages.board.add(empty(), past=False)
        await pages.board.add(broken())
        for name in ("fresh", "broken"):
            for path in ("", "/guarantee", "/managers/0"):
                await pages.text(f"/portals/{name}{path}")
        await pages.text("/incidents?portal=fresh")
        await pages.text("/monitor")
        text = await pages.text("/portals/broken")
        assert "Портал не опрашивается: нет связи <code>connection refused</code>" in text
        assert "imopenlines, imconnector" in text


async def test_of_a_channel_that_was_never_seen_no_share_is_told(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        text = await pages.text("/portals/acme/channels/1/max")
        assert "За это время канал ни разу не наблюдался." in text
        assert "<strong>работал" not in text


async def test_a_long_list_of_incidents_begins_with_the_critical_ones_of_all_portals(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(*(busy(f"customer-{index:02}") for index in range(60)))
        text = await pages.text("/incidents")
        open_ones = text.split("<h2>Прошлые</h2>")[0]
        assert open_ones.count('<article class="card bad">') == 60
        assert open_ones.count('<article class="card warn">') == 20
        assert "Показаны первые 80 из 120; остальные на страницах порталов." in open_ones


async def test_what_does_not_exist_is_a_page_for_a_browser_and_json_for_a_tool(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        for path in (
            "/portals/none",
            "/portals/acme/channels/1/none",
            "/portals/acme/channels/x/telegrambot",
            "/portals/acme/managers/999999",
            "/portals/acme/managers/-1",
            "/portals/acme/dialogs/31337",
            "/portals/acme/dialogs/٣",
            "/incidents/none",
            "/incidents?portal=none",
            "/portals/acme/dialogs/" + "9" * 400,
        ):
            assert "Такой страницы нет" in await pages.text(path, status=404), path
            answer = await pages.client.get(path)
            assert (await answer.json())["error"]


async def test_no_text_of_others_becomes_markup(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(evil())
        incident = next(iter(pages.board.shown["evil"][0].incidents))
        await pages.board.acknowledge("evil", incident, EVIL, EVIL)
        for path in (
            "/",
            "/portals/evil",
            f"/portals/evil/channels/1/{WAZZUP.connector}",
            "/portals/evil/managers/12",
            "/portals/evil/dialogs/1777",
            "/incidents",
            f"/incidents/{incident}",
        ):
            text = await pages.text(path)
            assert "<script>window" not in text, path
            assert "<img" not in text, path
            assert not re.search(r'href="(?!https?://|/|#|data:,)', text), path


async def test_no_page_uses_an_id_twice_or_leaves_a_label_without_its_target(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy(), empty(), broken())
        incident = next(iter(pages.board.shown["acme"][0].incidents))
        for path in (
            "/",
            "/portals/acme",
            f"/portals/acme/channels/1/{WAZZUP.connector}",
            "/portals/acme/managers/12",
            "/portals/acme/dialogs/1777",
            "/portals/acme/guarantee",
            "/incidents",
            f"/incidents/{incident}",
            "/monitor",
        ):
            text = await pages.text(path)
            ids = re.findall(r'\sid="([^"]+)"', text)
            assert len(ids) == len(set(ids)), path
            named = re.findall(r'(?:aria-labelledby|aria-describedby|for)="([^"]+)"', text)
            assert set(named) <= set(ids), path


async def test_two_hundred_portals_in_trouble_are_a_page_of_150_kb_in_200_ms(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        state, policy = busy()
        for index in range(200):
            name = f"customer-{index:03}"
            pages.board.shown[name] = (replace(state, portal=name), replace(policy, portal=name))
        await pages.text("/")  # templates are compiled once
        times = []
        for _ in range(5):
            started = time.process_time()
            text = await pages.text("/")
            times.append(time.process_time() - started)
        assert text.count("customer-199") >= 1
        assert len(text.encode()) < 150_000
        assert min(times) < 0.2
        incidents = await pages.text("/incidents")
        assert len(incidents.encode()) < 150_000
        assert "Показаны первые 80 из 400; остальные на страницах порталов." in incidents


async def test_a_portal_with_twenty_thousand_turns_is_shown_in_time(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        state, policy = busy()
        told, before = past_of(state)
        many = [
            turn(100_000 + index, NOW - 20 * DAY + index * timedelta(minutes=1), holder=12, waited=5 * HOUR / 60)
            for index in range(20_000)
        ]
        await pages.store.commit("acme", before, replace(told, ended=tuple(many)))
        pages.board.shown["acme"] = (state, policy)
        started = time.process_time()
        await pages.text("/portals/acme")
        assert time.process_time() - started < 3.0


def test_the_fleet_puts_trouble_first_and_counts_it() -> None:
    portals = {name: made(name) for name, made in (("a-calm", empty), ("b-ill", busy), ("c-lost", broken))}
    shown = fleet(portals, NOW, "ru")
    assert [row["name"] for row in shown["rows"]] == ["b-ill", "c-lost", "a-calm"]
    assert (shown["ill"], shown["waiting"], shown["overdue"]) == (2, 3, 2)


async def test_a_portal_that_lacks_permissions_needs_attention_on_the_front_page_as_on_its_own(tmp_path: Path) -> None:
    state, policy = empty()
    well = replace(state, memory=replace(state.memory, up=True, auth_ok=True))
    lacking = replace(well, memory=replace(well.memory, missing_scopes=("crm",)))
    (row,) = fleet({"fresh": (well, policy)}, NOW, "ru")["rows"]
    assert row["light"] == "good"
    shown = fleet({"fresh": (lacking, policy)}, NOW, "ru")
    assert (shown["ill"], shown["rows"][0]["light"]) == (1, "warn")
    async with Opened(tmp_path) as pages:
        await pages.board.add((lacking, policy), past=False)
        for path in ("/", "/portals/fresh"):
            assert "Приложению не хватает прав: crm" in await pages.text(path), path


async def test_a_customer_who_waits_past_three_targets_is_one_card_now_and_later(tmp_path: Path) -> None:
    state, policy = empty()
    slow, no = (
        incident(state.portal, kind, "1777/90101", NOW - HOUR, title=kind.alertname, critical=kind.value == "no_reply")
        for kind in (IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY)
    )
    alike = replace(state, incidents={one.id: one for one in (slow, no)})
    assert fleet({"fresh": (alike, policy)}, NOW, "ru")["troubled"][0]["open"] == 1
    async with Opened(tmp_path) as pages:
        await pages.board.add((alike, policy), past=False)
        for path in ("/", "/portals/fresh", "/incidents"):
            text = await pages.text(path)
            assert "NoReply" in text
            assert "SlowReply" not in text
        assert "SlowReply" in await pages.text(f"/incidents/{slow.id}")


async def test_a_card_names_the_alarm_and_the_wait_apart_and_one_length_alone(tmp_path: Path) -> None:
    state, policy = empty()
    text = Words(summary="Не работает", description="Не работает с 09:00 (уже 20 минут). Плохо.", recommendation="")
    made = incident(state.portal, IncidentKind.CHANNEL_DOWN, "1/max", NOW - HOUR, title="x")
    down = replace(made, words={"ru": text}, since=NOW - 2 * HOUR)
    wait = replace(
        incident(state.portal, IncidentKind.SLOW_REPLY, "1777/90101", NOW - HOUR, title="Клиент ждал", critical=False),
        since=NOW - 3 * HOUR,
    )
    async with Opened(tmp_path) as pages:
        await pages.board.add((replace(state, incidents={one.id: one for one in (down, wait)}), policy), past=False)
        page = await pages.text("/incidents")
        assert "Не работает с 09:00. Плохо." in page
        assert "замечено 02.03.2026 11:30 · длится 2 часа" in page
        assert page.count("длится") == 1
        shown = await pages.text(f"/incidents/{wait.id}")
        assert "<dt>Клиент написал</dt><dd>02.03.2026 09:30</dd>" in shown
        assert "<dt>Замечено</dt><dd>02.03.2026 11:30</dd>" in shown
        assert "<dt>Клиент ждёт</dt><dd>3 часа</dd>" in shown
        assert "<dd>ответа ждут дольше нормы</dd>" in shown
        assert "<dt>Линия</dt><dd>Линия 1</dd>" in shown or "<dt>Линия</dt><dd>линия 1</dd>" in shown.lower()


# --- live ---------------------------------------------------------------------------------------------------


async def test_an_open_page_hears_of_a_change_and_of_portals_that_it_sees_only(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        async with pages.client.get("/events") as stream:
            assert stream.content_type == "text/event-stream"
            assert (await stream.content.readline()).startswith(b"retry")
            pages.board.news.tell("acme")
            lines = [await stream.content.readline() for _ in range(3)]
        assert b"event: changed\n" in lines
        assert json.loads(next(line for line in lines if line.startswith(b"data")).partition(b": ")[2]) == ["acme"]


async def test_open_pages_do_not_keep_the_daemon_from_stopping(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        stream = await pages.client.get("/events")
        started = time.perf_counter()
        assert pages.client.app is not None
        await pages.client.app.shutdown()
        assert await stream.read() == b"retry: 5000\n\n"
        assert time.perf_counter() - started < 5


async def test_the_script_and_the_style_are_small_and_come_from_us(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        script, style = await pages.text("/live.js"), await pages.text("/style.css")
        assert len(script) < 5_000
        assert len(style) < 15_000
        assert "http" not in script + style
        page = await pages.text("/portals/acme")
        assert re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', page) == ["/style.css", "data:,", "/live.js"]
        assert not re.search(r"\sstyle=|\son\w+=", page)


# --- what is kept ---------------------------------------------------------------------------------------------


async def test_notes_go_when_their_incident_goes(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        await pages.board.add(busy())
        past = [one for _, one in await pages.store.incidents("acme") if one.closed]
        still = next(iter(pages.board.shown["acme"][0].incidents))
        for number in (past[0].id, still):
            await pages.board.acknowledge("acme", number, "olga", "видели")
        retention = Retention(incidents=timedelta(0))
        for _, step in steps(retention, NOW):
            await pages.store.transaction(step)
        assert await pages.store.notes(past[0].id) == ()
        assert len(await pages.store.notes(still)) == 1


async def test_head_is_answered_like_get_but_for_the_stream(tmp_path: Path) -> None:
    async with Opened(tmp_path) as pages:
        assert (await pages.client.head("/healthz")).status == 200
        assert (await pages.client.head("/")).status == 200
        assert (await pages.client.head("/events")).status == 405


# --- the monitor itself ---------------------------------------------------------------------------------------


def test_the_monitor_tells_of_each_portals_polls_also_of_one_that_never_answered() -> None:
    registry = Registry()
    registry.set_gauge("messenger_poll_last_success_timestamp_seconds", ("acme", "bitrix24"), NOW.timestamp())
    registry.set_gauge("messenger_poll_last_success_timestamp_seconds", ("acme", "wazzup"), NOW.timestamp())
    registry.count("messenger_poll_failures_total", ("lost", "bitrix24", "timeout"), 3)
    registry.set_counter("messenger_api_requests_total", ("acme",), 12)
    registry.set_gauge("messenger_api_operating_seconds", ("acme", "batch"), 1.5)
    polls = polls_of(registry, {"acme", "fresh", "lost"})
    assert [(one.portal, one.source, one.requests) for one in polls] == [
        ("acme", "bitrix24", 12),
        ("acme", "wazzup", 0),
        ("fresh", "bitrix24", 0),
        ("lost", "bitrix24", 0),
    ]
    assert [one.last_success for one in polls] == [NOW, NOW, None, None]
    assert polls[0].operating == {"batch": 1.5}
    assert polls[3].failures == {"timeout": 3}


async def test_a_loop_that_is_kept_busy_is_seen_to_be_late() -> None:
    lag = Lag(time.monotonic)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(lag.run())
        await asyncio.sleep(0)
        time.sleep(EVERY + 0.2)  # noqa: ASYNC251 - the loop is to be blocked
        while not lag.worst:  # noqa: ASYNC110 - the measuring has no event to wait for
            await asyncio.sleep(0)
        task.cancel()
    assert 0.1 < lag.worst < 2
    assert lag.recent == lag.worst


async def test_in_which_zone_times_are_is_said_once_or_of_each_portal_where_they_differ(tmp_path: Path) -> None:
    async with Opened(tmp_path) as opened:
        await opened.board.add(busy("acme"))
        alone = await opened.text("/incidents")
        assert (alone.count(ZONE), WORDS["ru"]["times"] in alone) == (1, True)
        state, policy = busy("omega")
        await opened.board.add((state, replace(policy, timezone="Asia/Omsk")))
        both = await opened.text("/incidents")
        assert f"acme ({ZONE})" in both
        assert "omega (Asia/Omsk)" in both
