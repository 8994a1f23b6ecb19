"""Who gets in, what he may see and change, and that nobody is asked into more."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pages_parts import NOW, TOKEN, PageBoard, busy, user
from structlog.testing import capture_logs

from monitor.secret import Secret
from monitor.shell import passwords, web_heard
from monitor.shell.board import Neighbour
from monitor.shell.sign_in import LASTS, WINDOW, digest
from monitor.shell.store import Store
from monitor.shell.visitors import Access, Need, Role
from monitor.shell.web import ROUTES, make_app
from monitor.shell.web_guard import COOKIE, HEADERS

Client = TestClient[web.Request, web.Application]
PASSWORD = "correct horse battery"
DAY_LONG = web_heard.LASTS + 1
PAGE = {"Accept": "text/html"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def guarded(password_hash: str) -> Access:
    users = (
        user("olga", Role.INTEGRATOR, password_hash),
        user("partner", Role.INTEGRATOR, password_hash, {"acme"}),
        user("irina", Role.HEAD, password_hash, {"acme"}),
    )
    return Access(token=Secret(TOKEN), users=users, address="http://monitor.example")


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@asynccontextmanager
async def pages(
    folder: Path, access: Access, hands: Callable[[], float] | None = None
) -> AsyncIterator[tuple[Client, PageBoard]]:
    """Two portals, acme and rival, behind this door."""
    store = await Store.open(f"sqlite:///{folder / 'doors.db'}")
    board = PageBoard(store, access)
    await board.add(busy("acme"), busy("rival"))
    app = make_app(board, hands) if hands else make_app(board)
    async with TestClient(TestServer(app), cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield client, board
    await store.close()


async def link(board: PageBoard, portal: str) -> str:
    key = secrets.token_urlsafe(32)
    await board.store.keep_link(portal, digest(key), NOW)
    return key


async def sign_in(client: Client, name: str, password: str, **more: str) -> aiohttp.ClientResponse:
    return await client.post("/sign-in", data={"name": name, "password": password, **more}, allow_redirects=False)


async def csrf(client: Client, path: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', await (await client.get(path, headers=PAGE)).text())
    assert found
    return found[1]


def incident_of(board: PageBoard, portal: str) -> str:
    return next(iter(board.shown[portal][0].incidents))


def addresses(board: PageBoard, portal: str) -> list[tuple[str, str, Need]]:
    """Every route of the application, aimed at one portal."""
    filled = {
        "{portal}": portal,
        "{line}": "1",
        "{connector}": "telegrambot",
        "{manager}": "12",
        "{chat}": "1777",
        "{id}": incident_of(board, portal),
        "{key}": "x" * 43,
        "{provider}": "pact-1",
        "{number}": "1",
        "{name}": "slow_reply",
    }
    found = []
    for method, path, _, need in ROUTES:
        found.append((method, re.sub(r"\{\w+\}", lambda slot: filled[slot[0]], path), need))
    return found


async def test_every_route_that_aiohttp_knows_says_whom_it_serves(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        assert client.app is not None
        known = {route.handler for route in client.app.router.routes()}
    assert known == {handler for _, _, handler, _ in ROUTES}


async def test_a_heads_link_reaches_no_other_portal_no_metrics_and_no_change_by_any_route(
    tmp_path: Path, guarded: Access
) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        key = await link(board, "acme")
        landed = await client.get(f"/h/{key}", headers=PAGE)
        assert landed.status == 200
        assert landed.url.path == "/portals/acme"
        for method, path, need in addresses(board, "rival"):
            if path in {"/events", "/sign-out"}:
                continue
            asked = path + ("?portal=rival" if path in {"/explain", "/incidents"} else "")
            answer = await client.request(
                method, asked, data={"csrf": await csrf(client, "/incidents")} if method == "POST" else None
            )
            body = await answer.text()
            told = body.replace(path, "").replace("got rival", "")  # what was asked for is known to who asked
            assert "rival" not in told, f"{method} {asked}"
            if "rival" in asked or need in {Need.OPERATE, Need.CHANGE}:
                assert answer.status in {401, 403, 404}, f"{method} {asked} answered {answer.status}"
        assert (board.reloads, board.acknowledged) == (0, [])
        assert await board.notes(incident_of(board, "rival")) == ()


async def test_a_heads_link_changes_nothing_of_its_own_portal(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        await client.get(f"/h/{await link(board, 'acme')}")
        one = incident_of(board, "acme")
        page = await (await client.get(f"/incidents/{one}", headers=PAGE)).text()
        assert "<textarea" not in page
        token = await csrf(client, f"/incidents/{one}")
        answer = await client.post(f"/incidents/{one}/acknowledge", data={"csrf": token, "note": "x"})
        assert answer.status == 403
        assert await board.notes(one) == ()


async def test_a_heads_link_shows_the_pages_of_its_portal(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        await client.get(f"/h/{await link(board, 'acme')}")
        for method, path, need in addresses(board, "acme"):
            if method == "GET" and need is Need.SIGHT and path not in {"/events", "/explain"}:
                answer = await client.get(path, headers=PAGE)
                body = await answer.text()
                assert answer.status == 200, path
                assert "rival" not in body, path
        assert (await client.get("/explain?portal=acme")).status == 200


async def test_the_link_is_a_session_cookie_that_scripts_cannot_read(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        key = await link(board, "acme")
        answer = await client.get(f"/h/{key}", allow_redirects=False)
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
        assert key not in cookie
        behind_tls = await client.get(f"/h/{key}", allow_redirects=False, headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in behind_tls.headers["Set-Cookie"]
        assert "Strict-Transport-Security" in behind_tls.headers


async def test_a_heads_link_hears_of_its_portal_alone(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        await client.get(f"/h/{await link(board, 'acme')}")
        async with client.get("/events") as stream:
            await stream.content.readline()
            for name in ("rival", "acme"):
                board.news.tell(name)
            told = b"".join([await stream.content.readline() for _ in range(3)])
        assert b'["acme"]' in told
        assert b"rival" not in told


async def test_a_revoked_link_closes_the_pages_it_had_opened(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        key = await link(board, "acme")
        await client.get(f"/h/{key}")
        assert (await client.get("/portals/acme")).status == 200
        assert await board.store.revoke_links("acme") == 1
        assert (await client.get("/portals/acme")).status == 401
        assert (await client.get(f"/h/{key}")).status == 404


async def test_only_the_hash_of_a_link_is_kept(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (_, board):
        key = await link(board, "acme")
    assert key.encode() not in (tmp_path / "doors.db").read_bytes()


async def test_guessing_links_is_stopped(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        seen = [(await client.get(f"/h/{secrets.token_urlsafe(32)}")).status for _ in range(7)]
    assert seen == [404] * 5 + [429] * 2


async def test_without_a_key_every_route_but_the_open_ones_asks_for_one(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        for method, path, need in addresses(board, "acme"):
            answer = await client.request(method, path, allow_redirects=False)
            if need is not Need.NOTHING:
                assert answer.status == 401, path
                assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert (await client.get("/badge/acme.svg")).status == 404
        assert (await client.get("/nothing/here")).status == 401
        shown = await client.get("/portals/acme", headers=PAGE, allow_redirects=False)
        assert shown.status == 303
        assert shown.headers["Location"] == "/sign-in?next=/portals/acme"
        shown = await client.get("/incidents?portal=acme", headers=PAGE, allow_redirects=False)
        assert shown.headers["Location"] == "/sign-in?next=/incidents%3Fportal%3Dacme"
        shown = await client.get("/incidents?token=guess", headers=PAGE, allow_redirects=False)
        assert "guess" not in shown.headers["Location"]


async def test_a_stranger_hears_whether_all_is_well_and_only_who_operates_hears_of_whom(
    tmp_path: Path, guarded: Access
) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        board.well = False
        stranger, keeper = await client.get("/healthz"), await client.get("/healthz", headers=BEARER)
        assert (stranger.status, await stranger.json()) == (503, {"status": "late"})
        assert (keeper.status, (await keeper.json())["late_portals"]) == (503, ["acme", "rival"])
        await sign_in(client, "irina", PASSWORD)
        assert await (await client.get("/healthz")).json() == {"status": "late"}
        client.session.cookie_jar.clear()
        assert await (await client.get("/readyz")).json() == {"ready": True}


async def test_the_bearer_token_works_for_everything(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        for method, path, need in addresses(board, "rival"):
            if need is not Need.NOTHING and path != "/events":
                asked = path + ("?portal=rival" if path == "/explain" else "")
                given = {"json": {"portal": "rival", "subject": "known"}} if path.startswith("/-/") else {}
                given = {"json": {"version": "4", "alerts": []}} if path == "/hooks/alertmanager" else given
                answer = await client.request(method, asked, headers=BEARER, **given)
                assert answer.status == 200, path
        assert (board.reloads, board.acknowledged) == (1, [("rival", "known")])
        assert (await client.get("/", headers={"Authorization": "Bearer wrong"})).status == 401


async def test_loopback_without_a_token_and_users_is_open(tmp_path: Path) -> None:
    async with pages(tmp_path, Access()) as (client, board):
        assert (await client.get("/metrics")).status == 200
        assert (await client.get("/", headers=PAGE)).status == 200
        assert (await client.post("/-/reload")).status == 200
        one = incident_of(board, "acme")
        refused = await client.post(f"/incidents/{one}/acknowledge", data={"note": "x"})
        assert refused.status == 403
        token = await csrf(client, f"/incidents/{one}")
        await client.post(f"/incidents/{one}/acknowledge", data={"csrf": token, "note": "Звоним"})
        assert [note.text for note in await board.notes(one)] == ["Звоним"]


async def test_even_where_all_is_open_a_link_keeps_to_its_portal(tmp_path: Path) -> None:
    async with pages(tmp_path, Access()) as (client, board):
        await client.get(f"/h/{await link(board, 'acme')}")
        assert (await client.get("/portals/rival")).status == 404
        assert (await client.get("/metrics")).status == 403


async def test_users_alone_close_the_door_too(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, Access(users=guarded.users)) as (client, _):
        assert (await client.get("/metrics")).status == 401


async def test_a_password_opens_a_session_and_signing_out_ends_it(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        answer = await sign_in(client, "olga", PASSWORD, next="/monitor")
        assert (answer.status, answer.headers["Location"]) == (303, "/monitor")
        assert (await client.get("/monitor")).status == 200
        assert (await client.get("/metrics")).status == 200
        cookie = client.session.cookie_jar.filter_cookies(client.make_url("/"))[COOKIE].value
        refused = await client.post("/sign-out", allow_redirects=False)
        assert refused.status == 403
        token = await csrf(client, "/")
        await client.post("/sign-out", data={"csrf": token}, allow_redirects=False)
        assert (await client.get("/monitor")).status == 401
        stolen = await client.get("/monitor", headers={"Cookie": f"{COOKIE}={cookie}"})
        assert stolen.status == 401


async def test_the_token_signs_in_by_form_and_by_address_and_leaves_the_address(
    tmp_path: Path, guarded: Access
) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        answer = await client.get(f"/incidents?token={TOKEN}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/incidents")
        assert TOKEN not in answer.headers["Set-Cookie"]
        assert (await client.get("/metrics")).status == 200
        client.session.cookie_jar.clear()
        assert (await sign_in(client, "", TOKEN)).status == 303
        assert (await client.get("/metrics")).status == 200


async def test_a_head_sees_his_portals_notes_at_incidents_and_operates_nothing(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        await sign_in(client, "irina", PASSWORD)
        assert (await client.get("/portals/acme")).status == 200
        assert (await client.get("/portals/rival")).status == 404
        assert (await client.get("/metrics")).status == 403
        assert (await client.get("/monitor")).status == 403
        refused = await client.get("/monitor", headers={"Accept": "text/html"})
        assert (refused.status, refused.content_type) == (403, "text/html")
        assert "у вас нет к ней доступа" in await refused.text()
        assert (await client.get(f"/incidents/{incident_of(board, 'rival')}")).status == 404
        token = await csrf(client, "/")
        assert (await client.post("/-/reload", data={"csrf": token})).status == 403
        one = incident_of(board, "acme")
        await client.post(f"/incidents/{one}/acknowledge", data={"csrf": token, "note": "Поговорила с Анной"})
        assert [(note.author, note.text) for note in await board.notes(one)] == [("irina", "Поговорила с Анной")]
        other = incident_of(board, "rival")
        assert (await client.post(f"/incidents/{other}/acknowledge", data={"csrf": token})).status == 404


async def test_an_integrator_of_some_portals_has_no_metrics_of_all(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        await sign_in(client, "partner", PASSWORD)
        assert (await client.get("/portals/rival")).status == 404
        assert (await client.get("/metrics")).status == 403


async def test_a_change_needs_the_sessions_own_word_and_our_own_origin(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        await sign_in(client, "olga", PASSWORD)
        one, token = incident_of(board, "acme"), await csrf(client, "/")
        path = f"/incidents/{one}/acknowledge"
        assert (await client.post(path, data={"note": "x"})).status == 403
        assert (await client.post(path, data={"note": "x", "csrf": "guess"})).status == 403
        assert (await client.post("/-/reload")).status == 403
        for header in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            answer = await client.post(path, data={"note": "x", "csrf": token}, headers=header)
            assert answer.status == 403, header
        own = {"Origin": "http://monitor.example", "Sec-Fetch-Site": "same-origin"}
        assert (await client.post(path, data={"note": "x", "csrf": token}, headers=own)).status == 200
        assert (await client.post("/-/reload", headers={"X-CSRF-Token": token})).status == 200


async def test_wrong_passwords_are_slowed_down_per_name_and_nobody_else_is(tmp_path: Path, guarded: Access) -> None:
    hands = Hands()
    async with pages(tmp_path, guarded, hands) as (client, _):
        seen = [(await sign_in(client, "olga", f"guess {index}")).status for index in range(6)]
        assert seen == [401] * 5 + [429]
        right = await sign_in(client, "olga", PASSWORD)
        assert right.status == 429
        assert int(right.headers["Retry-After"]) <= WINDOW
        assert (await sign_in(client, "irina", PASSWORD)).status == 303
        hands.at += WINDOW + 1
        assert (await sign_in(client, "olga", PASSWORD)).status == 303


async def test_guessing_the_token_in_the_address_is_slowed_down(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        seen = [(await client.get("/?token=guess")).status for _ in range(6)]
        assert seen == [401] * 5 + [429]


async def test_a_session_ends_with_its_time_and_with_its_key(tmp_path: Path, guarded: Access) -> None:
    hands = Hands()
    async with pages(tmp_path, guarded, hands) as (client, board):
        await sign_in(client, "olga", PASSWORD)
        assert (await client.get("/")).status == 200
        board.access = Access(token=Secret(TOKEN), users=guarded.users[1:])
        assert (await client.get("/")).status == 401
        board.access = guarded
        assert (await client.get("/")).status == 200
        hands.at += LASTS + 1
        assert (await client.get("/")).status == 401


async def test_signing_in_leads_to_our_own_pages_only(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        for target in (
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/a\r\nX: y",
        ):
            answer = await sign_in(client, "", TOKEN, next=target)
            assert answer.headers["Location"] == "/", target


async def test_every_answer_carries_the_security_headers(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        for path in ("/", "/sign-in", "/healthz", "/nothing", "/style.css", "/live.js", "/h/x"):
            for headers in ({}, BEARER, BEARER | PAGE):
                answer = await client.get(path, headers=headers, allow_redirects=False)
                for name in HEADERS:
                    assert name in answer.headers, f"{path} {name}"
        policy = HEADERS["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        del board


async def test_a_badge_is_shown_for_a_link_and_for_nobody_else(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        key = await link(board, "acme")
        answer = await client.get(f"/badge/acme.svg?key={key}")
        assert answer.status == 200
        assert answer.content_type == "image/svg+xml"
        assert "сбой" in await answer.text()
        assert (await client.get(f"/badge/rival.svg?key={key}")).status == 404
        assert (await client.get("/badge/acme.svg?key=guess")).status == 404
        assert (await client.get("/badge/rival.svg", headers=BEARER)).status == 200


async def test_a_note_is_one_line_of_at_most_five_hundred_characters(tmp_path: Path) -> None:
    async with pages(tmp_path, Access()) as (client, board):
        one = incident_of(board, "acme")
        token = await csrf(client, f"/incidents/{one}")
        await client.post(f"/incidents/{one}/acknowledge", data={"csrf": token, "note": "a\r\n b" * 400})
        (note,) = await board.notes(one)
        assert len(note.text) == 500
        assert "\n" not in note.text


def test_a_hash_tells_the_right_password_from_others_and_broken_hashes_from_good_ones(password_hash: str) -> None:
    assert passwords.matches(PASSWORD, password_hash)
    assert not passwords.matches("other", password_hash)
    assert passwords.hashed(PASSWORD) != password_hash
    kind, n, r, p, salt, rest = password_hash.split("$")
    for bad in (
        "",
        "x",
        f"scrypt$40${r}${p}${salt}${rest}",
        f"scrypt${n}${r}${p}$!${rest}",
        f"md5${n}${r}${p}${salt}${rest}",
    ):
        assert not passwords.is_hash(bad)
        assert not passwords.matches(PASSWORD, bad)
    assert kind == "scrypt"


@pytest.mark.parametrize("name", ["evil.example", "evil.example:9460", "127.0.0.1.evil.example", "169.254.1.1"])
async def test_a_strangers_name_for_this_machine_is_not_answered(tmp_path: Path, name: str) -> None:
    async with pages(tmp_path, Access()) as (client, _):
        answer = await client.get("/metrics", headers={"Host": name})
        assert answer.status == 421


@pytest.mark.parametrize("name", ["evil.example", ""])
async def test_supervisors_are_answered_under_any_name_as_strangers_are(tmp_path: Path, name: str) -> None:
    async with pages(tmp_path, Access(address="http://127.0.0.1:9460")) as (client, _):
        told = {path: await client.get(path, headers={"Host": name}) for path in ("/healthz", "/readyz", "/runbooks")}
        assert {answer.status for answer in told.values()} == {200}
        assert await told["/healthz"].json() == {"status": "ok"}
        assert (await client.get("/badge/acme.svg", headers={"Host": name})).status == 404
        assert (await client.get("/", headers={"Host": name})).status == 421
        assert (await client.get("/badge/acme.svg")).status == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_bearer_is_one_in_small_letters_too(tmp_path: Path, guarded: Access, scheme: str) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        assert (await client.get("/metrics", headers={"Authorization": f"{scheme} {TOKEN}"})).status == 200
        assert (await client.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"})).status == 401


@pytest.mark.parametrize("name", ["localhost:9460", "127.0.0.1", "[::1]:9460", "monitor.example"])
async def test_the_names_of_this_machine_and_of_its_proxy_are_answered(tmp_path: Path, name: str) -> None:
    async with pages(tmp_path, Access(address="https://monitor.example")) as (client, _):
        assert (await client.get("/healthz", headers={"Host": name})).status == 200


async def test_what_explain_writes_as_text_moves_no_terminal(tmp_path: Path) -> None:
    async with pages(tmp_path, Access()) as (client, board):
        state, policy = board.shown["acme"]
        evil = "a\x1b[31m\x9b\u202eb"
        named = {user: replace(one, name=evil) for user, one in state.managers.items()}
        titled = {
            key: replace(one, diagnosis=replace(one.diagnosis, action_ru=evil)) for key, one in state.channels.items()
        }
        board.shown["acme"] = (replace(state, managers=named, channels=titled), policy)
        chat = next(one.chat for one in state.turns.values())
        key = next(iter(state.channels))
        for query in (f"&dialog={chat}", f"&line={key.line}&connector={key.connector}", ""):
            told = await (await client.get(f"/explain?portal=acme{query}")).text()
            assert not set("\x1b\x9b\u202e") & set(told)
            assert "\N{REPLACEMENT CHARACTER}" in told or "line=" not in query


async def test_a_body_beyond_the_limit_is_not_taken(tmp_path: Path) -> None:
    async with pages(tmp_path, Access()) as (client, _):
        assert (await client.post("/-/acknowledge", data=b"x" * 100_000)).status == 413


async def test_an_expiry_is_acknowledged_by_whoever_operates_the_daemon(tmp_path: Path) -> None:
    bodies = ({"portal": "acme", "subject": "known"}, {"portal": "acme", "subject": "x"}, ["no"])
    async with pages(tmp_path, Access()) as (client, _):
        told = [(await client.post("/-/acknowledge", json=body)).status for body in bodies]
        assert told == [200, 404, 400]


THEIRS = Neighbour(name="bela", url="http://bela.example:9460", portals=frozenset({"acme", "far"}))


async def test_the_page_of_a_portal_that_another_process_watches_is_sent_there_with_its_query(
    tmp_path: Path, guarded: Access
) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        board.others = (THEIRS,)
        sent = await client.get("/portals/far?lang=en", headers=BEARER | PAGE, allow_redirects=False)
        here = await client.get("/portals/rival", headers=BEARER | PAGE, allow_redirects=False)
        assert (sent.status, sent.headers["Location"]) == (307, "http://bela.example:9460/portals/far?lang=en")
        assert here.status == 200


async def test_nobody_is_told_where_a_portal_is_that_is_not_his(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        board.others = (THEIRS,)
        await client.post("/sign-in", data={"name": "irina", "password": PASSWORD})
        own = await client.get("/portals/acme", headers=PAGE, allow_redirects=False)
        foreign = await client.get("/portals/far", headers=PAGE, allow_redirects=False)
        assert (own.status, foreign.status) == (307, 404)
        shown = await (await client.get("/", headers=PAGE)).text()
        assert "bela" in shown
        assert ">far<" not in shown


async def test_a_heads_link_opens_where_his_portal_is(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        address = f"/h/{await link(board, 'acme')}"
        board.others = (THEIRS,)
        answer = await client.get(address, headers=PAGE, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (307, f"http://bela.example:9460{address}")
        assert COOKIE not in answer.cookies


async def test_a_process_whose_pages_cannot_be_reached_is_named_without_a_link(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        board.others = (Neighbour(name="bela", url="", portals=frozenset({"far"})),)
        shown = await (await client.get("/", headers=BEARER | PAGE)).text()
        assert "За ними следит процесс bela: 1" in shown
        assert "/portals/far" not in shown
        assert (await client.get("/portals/far", headers=BEARER | PAGE)).status == 404


async def test_guessing_the_token_of_machines_is_stopped_and_no_one_is_kept_from_signing_in(
    tmp_path: Path, guarded: Access
) -> None:
    hands = Hands()
    async with pages(tmp_path, guarded, hands) as (client, _):
        wrong = {"Authorization": "Bearer wrong"}
        seen = [await client.get("/metrics", headers=wrong) for _ in range(7)]
        assert [one.status for one in seen] == [401] * 5 + [429] * 2
        assert int(seen[-1].headers["Retry-After"]) == WINDOW
        assert seen[-1].headers["X-Frame-Options"] == "DENY"
        assert (await client.get("/metrics", headers=BEARER)).status == 429
        assert (await sign_in(client, "olga", PASSWORD)).status == 303
        hands.at += WINDOW + 1
        assert (await client.get("/metrics", headers=BEARER)).status == 200


async def test_wrong_keys_of_a_stranger_behind_the_same_proxy_do_not_shut_out_the_right_one(
    tmp_path: Path, guarded: Access
) -> None:
    async with pages(tmp_path, guarded) as (client, _):
        assert (await client.get("/metrics", headers=BEARER)).status == 200
        assert (await client.post("/hooks/pact/right-key", json={"n": 0})).status == 200
        for _ in range(40):
            await client.get("/metrics", headers={"Authorization": "Bearer wrong"})
            await client.post("/hooks/pact/wrong-key", json={})
        assert (await client.get("/metrics", headers={"Authorization": "Bearer wrong"})).status == 429
        assert (await client.get("/metrics", headers=BEARER)).status == 200
        assert (await client.post("/hooks/pact/right-key", json={"n": 1})).status == 200


async def test_guessing_the_key_of_a_hook_is_stopped(tmp_path: Path, guarded: Access) -> None:
    async with pages(tmp_path, guarded) as (client, board):
        seen = [(await client.post(f"/hooks/pact/{key}", json={})).status for key in range(7)]
        assert seen == [404] * 5 + [429] * 2
        assert len(board.heard) == 5


async def test_a_webhook_that_comes_again_within_a_day_is_told_once(tmp_path: Path, guarded: Access) -> None:
    hands = Hands()
    async with pages(tmp_path, guarded, hands) as (client, board):
        for body, told in (({"at": 1}, 1), ({"at": 1}, 1), ({"at": 2}, 2), ({"at": 1}, 2)):
            answer = await client.post("/hooks/pact/right-key", json=body)
            assert (answer.status, await answer.json()) == (200, {"taken": True})
            assert len(board.heard) == told
        hands.at += DAY_LONG
        await client.post("/hooks/pact/right-key", json={"at": 1})
        assert len(board.heard) == 3


def test_no_more_webhooks_are_remembered_than_memory_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_heard, "MOST", 3)
    hands = Hands()
    heard = web_heard.Heard(hands)
    for number in range(5):
        heard.keep(bytes([number]))
    assert [heard.knows(bytes([number])) for number in range(5)] == [False, False, True, True, True]


async def test_a_page_over_a_damaged_row_says_so_and_shows_no_trace(tmp_path: Path) -> None:
    async with pages(tmp_path, Access()) as (client, board):
        damage = "update incidents set body = 'x'"
        await board.store.transaction(lambda connection: connection.exec_driver_sql(damage))
        with capture_logs() as logs:
            answer = await client.get("/incidents", headers=PAGE)
        assert (answer.status, await answer.json()) == (
            503,
            {"error": "the store cannot be read: the daemon's log says why"},
        )
        (row,) = [one for one in logs if one["event"] == "request.store_failed"]
        assert "a row of it (Incident) is damaged: " in row["problem"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await client.get("/healthz")).status == 200
