"""The pages in a real Chromium: every page, full, empty and broken, in both themes, wide and on a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages_parts import (
    EVIL,
    NOW,
    TOKEN,
    WAZZUP,
    Served,
    broken,
    busy,
    empty,
    evil,
    served,
    user,
)
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, ViewportSize, expect, sync_playwright

from monitor.demo_fortnight import FORTNIGHT, START
from monitor.review_forms import as_html
from monitor.review_making import Subject, draft
from monitor.review_page import tell
from monitor.secret import Secret
from monitor.shell import passwords
from monitor.shell.sign_in import digest
from monitor.shell.visitors import Access, Role
from tests.fortnight import fortnight

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("chromium")]

CHROMIUM = "/usr/bin/chromium"
SHOTS = os.environ.get("PAGES_SHOTS", "")
WIDE, PHONE = {"width": 1200, "height": 800}, {"width": 360, "height": 740}
PASSWORD = "correct horse battery"
SERIOUS = {"serious", "critical", "moderate"}

FULL = {
    "fleet": "/",
    "portal": "/portals/acme",
    "channel": f"/portals/acme/channels/1/{WAZZUP.connector}",
    "manager": "/portals/acme/managers/12",
    "dialog": "/portals/acme/dialogs/1777",
    "incidents": "/incidents",
    "incident": "/incidents/{incident}",
    "incidents_of_one": "/incidents?portal=acme",
    "guarantee": "/portals/acme/guarantee",
    "monitor": "/monitor",
    "sign_in": "/sign-in",
    "runbook": "/runbooks/qr_rescan_required",
    "runbooks": "/runbooks",
}
EMPTY = {
    "fleet_empty": "/",
    "portal_empty": "/portals/fresh",
    "manager_empty": "/portals/fresh/managers/0",
    "incidents_empty": "/incidents",
    "guarantee_empty": "/portals/fresh/guarantee",
    "monitor_empty": "/monitor",
}
BROKEN = {
    "fleet_broken": "/",
    "portal_broken": "/portals/broken",
    "channel_broken": f"/portals/broken/channels/1/{WAZZUP.connector}",
    "manager_broken": "/portals/broken/managers/99",
    "dialog_broken": "/portals/broken/dialogs/5",
    "incident_broken": "/incidents/{incident}",
    "guarantee_broken": "/portals/broken/guarantee",
    "monitor_broken": "/monitor",
}


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("full"), busy(), empty(), broken(), busy("zeta")) as pages:
        yield pages


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("bare"), past=False) as pages:
        pages.do(pages.board.add(empty(), past=False))
        yield pages


@pytest.fixture(scope="module")
def wreck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wreck"), broken(), past=False) as pages:
        pages.board.well = False
        yield pages


@pytest.fixture(scope="module")
def review() -> str:
    """The review of a troubled fortnight as a page."""
    lived = fortnight()
    until = START + FORTNIGHT
    subject = Subject(state=lived.state, policy=lived.policy, context=lived.context)
    told = draft(subject, lived.turns.values(), lived.flips, lived.incidents.values(), START, until, until)
    return as_html(tell(told, lived.state, lived.policy, "ru", until))


class Watched:
    """A page of the browser that remembers what it complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self._failed(request.url))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _failed(self, url: str) -> None:
        if not url.endswith("/events"):  # leaving a page ends its stream
            self.complaints.append(f"failed: {url}")

    def sideways(self) -> int:
        """How far the page can be scrolled to the side."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Watched]]:
    contexts = []

    def open_page(**wishes: Any) -> Watched:
        context = browser.new_context(locale="ru-RU", **wishes)
        contexts.append(context)
        return Watched(context.new_page())

    yield open_page
    for context in contexts:
        context.close()


def address(pages: Served, path: str) -> str:
    first = next((key for state, _ in pages.board.shown.values() for key in state.incidents), "")
    return pages.url + path.format(incident=first)


def look(watched: Watched, name: str, scheme: str, size: str) -> None:
    """What every page must be: without complaint, within the width of the screen, without serious findings of axe."""
    page = watched.page
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}-{size}-{scheme}.png", full_page=True)
    assert watched.complaints == []
    assert watched.sideways() == 0
    found = Axe().run(page).response["violations"]
    grave = [
        (one["id"], node["html"][:200], node.get("failureSummary", "")[:300])
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"][:2]
    ]
    assert grave == []


LOOKS = [(scheme, size) for scheme in ("light", "dark") for size in ("wide", "phone")]
SOME_LOOKS = [("light", "wide"), ("dark", "phone")]


@pytest.mark.parametrize(
    ("kind", "paths", "scheme", "size"),
    [("full", FULL, *look) for look in LOOKS]
    + [(kind, paths, *look) for kind, paths in (("bare", EMPTY), ("wreck", BROKEN)) for look in SOME_LOOKS],
)
def test_every_page_is_without_complaint_within_the_screen_and_accessible(
    kind: str,
    paths: dict[str, str],
    scheme: str,
    size: str,
    request: pytest.FixtureRequest,
    opened: Callable[..., Watched],
) -> None:
    pages: Served = request.getfixturevalue(kind)
    watched = opened(color_scheme=scheme, viewport=WIDE if size == "wide" else PHONE)
    for name, path in paths.items():
        watched.page.goto(address(pages, path))
        expect(watched.page.locator("h1")).to_have_count(1)
        look(watched, name, scheme, size)


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_the_review_scrolls_its_tables_and_never_the_page(
    width: int, review: str, tmp_path: Path, opened: Callable[..., Watched]
) -> None:
    (tmp_path / "review.html").write_text(review)
    watched = opened(viewport={"width": width, "height": 800})
    watched.page.goto(f"file://{tmp_path}/review.html")
    if SHOTS:
        watched.page.screenshot(path=f"{SHOTS}/review-{width}.png", full_page=True)
    assert watched.sideways() == 0
    expect(watched.page.locator("th", has_text="Пропустил")).to_be_attached()


@pytest.mark.parametrize("size", [PHONE, WIDE])
def test_the_numbers_of_the_hours_chart_can_be_read(
    size: ViewportSize, full: Served, opened: Callable[..., Watched]
) -> None:
    page = opened(viewport=size).page
    page.goto(f"{full.url}/portals/acme")
    scale = "one => 11 * one.getBoundingClientRect().width / one.viewBox.baseVal.width"
    assert page.locator("svg.week").evaluate(scale) >= 10


def test_the_pages_are_light_and_dark_as_the_system_wishes(full: Served, opened: Callable[..., Watched]) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = opened(color_scheme=scheme).page
        page.goto(full.url)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(245, 246, 248)", "rgb(20, 23, 27)"]


def test_names_that_are_scripts_stay_names(tmp_path: Path, opened: Callable[..., Watched]) -> None:
    with served(tmp_path, evil()) as pages:
        incident = next(iter(pages.board.shown["evil"][0].incidents))
        pages.do(pages.board.acknowledge("evil", incident, EVIL, EVIL))
        watched = opened(viewport=PHONE)
        for path in (
            "/",
            "/portals/evil",
            f"/portals/evil/channels/1/{WAZZUP.connector}",
            "/portals/evil/managers/12",
            "/portals/evil/dialogs/1777",
            "/incidents",
            f"/incidents/{incident}",
        ):
            watched.page.goto(pages.url + path)
            assert watched.page.evaluate("window.hacked") is None, path
            assert watched.page.locator("img, main script").count() == 0, path
            assert watched.sideways() == 0, path
        watched.page.goto(f"{pages.url}/portals/evil")
        assert EVIL in (watched.page.locator("main").text_content() or "")
        odd = watched.page.locator("main table a[href*='channels/1/x']")
        odd.click()
        expect(watched.page.locator("code", has_text="x/../<b>")).to_have_count(1)
        assert watched.complaints == []


def test_an_open_page_shows_a_change_without_being_loaded_again(tmp_path: Path, opened: Callable[..., Watched]) -> None:
    with served(tmp_path, busy()) as pages:
        watched = opened()
        page = watched.page
        with page.expect_response(re.compile("/events$")):
            page.goto(f"{pages.url}/portals/acme")
        page.evaluate("window.stays = 1")
        expect(page.get_by_text("нужен QR-код").first).to_be_visible()
        state, policy = pages.board.shown["acme"]
        calm = replace(state, incidents={}, channels={}, turns={})
        pages.board.shown["acme"] = (calm, policy)
        pages.call(pages.board.news.tell, "acme")
        expect(page.get_by_text("Никто не ждёт ответа.")).to_be_visible(timeout=15_000)
        expect(page.locator("#now").get_by_text("нужен QR-код")).to_have_count(0)
        expect(page.get_by_text("Когда отвечают медленно")).to_be_visible()
        assert page.evaluate("window.stays") == 1
        assert watched.complaints == []


def test_what_was_unfolded_stays_unfolded_over_a_refresh(tmp_path: Path, opened: Callable[..., Watched]) -> None:
    with served(tmp_path, busy()) as pages:
        page = opened().page
        with page.expect_response(re.compile("/events$")):
            page.goto(f"{pages.url}/portals/acme")
        page.locator("#now summary").click()
        state, policy = pages.board.shown["acme"]
        pages.board.shown["acme"] = (replace(state, turns={}), policy)
        pages.call(pages.board.news.tell, "acme")
        expect(page.get_by_text("Никто не ждёт ответа.")).to_be_visible(timeout=15_000)
        expect(page.locator("#now details[open]")).to_have_count(1)


def test_the_note_that_is_being_written_survives_a_refresh(tmp_path: Path, opened: Callable[..., Watched]) -> None:
    with served(tmp_path, busy()) as pages:
        watched = opened()
        page = watched.page
        with page.expect_response(re.compile("/events$")):
            page.goto(address(pages, "/incidents/{incident}"))
        page.get_by_label("Заметка").fill("Звоню в Wazzup")
        with page.expect_response(lambda answer: answer.request.headers.get("x-part") == "live"):
            pages.call(pages.board.news.tell, "acme")
        expect(page.get_by_label("Заметка")).to_have_value("Звоню в Wazzup")
        page.get_by_role("button", name="Принять к сведению").click()
        expect(page.locator("article", has_text="Звоню в Wazzup")).to_be_visible()
        assert watched.complaints == []


def test_a_person_signs_in_with_a_password_and_out_again(tmp_path: Path, opened: Callable[..., Watched]) -> None:
    users = (user("irina", Role.HEAD, passwords.hashed(PASSWORD), {"acme"}),)
    with served(tmp_path, busy(), busy("rival"), access=Access(token=Secret(TOKEN), users=users)) as pages:
        page = opened(viewport=PHONE).page
        page.goto(f"{pages.url}/portals/acme")
        expect(page.get_by_role("heading", name="Вход")).to_be_visible()
        page.get_by_label("Имя").fill("irina")
        page.get_by_label("Пароль").fill("wrong")
        page.get_by_role("button", name="Войти").click()
        expect(page.get_by_role("alert")).to_have_text("Имя или пароль не подходят.")
        page.get_by_label("Пароль").fill(PASSWORD)
        page.get_by_role("button", name="Войти").click()
        page.wait_for_url(f"{pages.url}/portals/acme")
        assert page.get_by_role("link", name="Монитор").count() == 0
        assert "rival" not in page.content()
        assert page.evaluate("document.cookie") == ""
        page.get_by_role("button", name="Выйти").click()
        page.wait_for_url(f"{pages.url}/sign-in")
        page.goto(f"{pages.url}/portals/acme")
        expect(page.get_by_role("heading", name="Вход")).to_be_visible()


def test_a_head_opens_his_link_and_sees_his_portal(tmp_path: Path, opened: Callable[..., Watched]) -> None:
    with served(tmp_path, busy(), busy("rival"), access=Access(token=Secret(TOKEN))) as pages:
        key = "k" * 43
        pages.do(pages.board.store.keep_link("acme", digest(key), NOW))
        watched = opened(viewport=PHONE)
        page = watched.page
        page.goto(f"{pages.url}/h/{key}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("acme")
        assert key not in page.url
        page.get_by_role("link", name="Происшествия").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Происшествия")
        assert "rival" not in page.content()
        look(watched, "head", "light", "phone")
        page.goto(f"{pages.url}/")
        assert "rival" not in page.content()


def test_the_pages_can_be_used_with_the_keyboard_alone(full: Served, opened: Callable[..., Watched]) -> None:
    page = opened().page
    page.goto(full.url)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("К содержанию")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_pages_say_all_without_scripts(full: Served, opened: Callable[..., Watched]) -> None:
    page = opened(java_script_enabled=False).page
    page.goto(f"{full.url}/portals/acme")
    expect(page.get_by_text("Отсканируйте QR-код").first).to_be_visible()
    expect(page.locator("svg.week")).to_be_visible()


def test_the_badge_is_drawn(full: Served, opened: Callable[..., Watched]) -> None:
    watched = opened(viewport={"width": 300, "height": 60})
    watched.page.goto(f"{full.url}/badge/acme.svg")
    box = watched.page.locator("svg").bounding_box()
    assert box is not None
    assert box["height"] == 20
    if SHOTS:
        watched.page.screenshot(path=f"{SHOTS}/badge.png")
