"""Requests of strangers: whatever they send is answered in words and with the security headers, never by a trace."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from hostile_board import Board
from hypothesis import given
from hypothesis import strategies as st

from monitor.secret import Secret
from monitor.shell.install import installations
from monitor.shell.visitors import Access
from monitor.shell.web import ROUTES, make_app
from monitor.shell.web_guard import COOKIE, HEADERS

TOKEN = "a-token-of-some-length-0123456789"
DEEP = b"[" * 60_000
RUBBISH = b"\x1f\x8bno gzip at all"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BEARER = f"Bearer {TOKEN}"
Asked = tuple[str, str, dict[str, bytes], bytes]

STRANGE: dict[str, Asked] = {
    "deep JSON at a hook": ("POST", "/hooks/x/y", {"Content-Type": JSON.encode()}, DEEP),
    "a charset nobody knows at a hook": ("POST", "/hooks/x/y", {"Content-Type": b"a/json; charset=nonsense"}, b"{"),
    "a charset nobody knows at the door": ("POST", "/sign-in", {"Content-Type": f"{FORM};charset=no".encode()}, b"a=b"),
    "parts without a boundary": ("POST", "/sign-in", {"Content-Type": b"multipart/form-data"}, b"x"),
    "parts of rubbish": (
        "POST",
        "/sign-in",
        {"Content-Type": b"multipart/form-data; boundary=x"},
        b"--x\r\n\xff:\r\n\r\n",
    ),
    "gzip that is none": (
        "POST",
        "/sign-in",
        {"Content-Type": FORM.encode(), "Content-Encoding": b"gzip"},
        RUBBISH,
    ),
    "gzip that is none at a hook": ("POST", "/hooks/x/y", {"Content-Encoding": b"gzip"}, RUBBISH),
    "a cookie of bytes": ("GET", "/", {"Cookie": f"{COOKIE}=".encode() + b"\xff"}, b""),
    "a cookie of bytes that signs out": ("POST", "/sign-out", {"Cookie": f"{COOKIE}=".encode() + b"\xff"}, b""),
    "a token of bytes": ("GET", "/", {"Authorization": b"Bearer \xff"}, b""),
    "half a bracket for a host": ("GET", "/readyz", {"Host": b"["}, b""),
    "deep JSON for a snapshot": ("POST", "/-/snapshot", {"Authorization": BEARER.encode()}, DEEP),
    "bytes for a snapshot": ("POST", "/-/snapshot", {"Authorization": BEARER.encode()}, b'{"portal": "\xff"}'),
    "deep JSON of Alertmanager": ("POST", "/hooks/alertmanager", {"Authorization": BEARER.encode()}, DEEP),
    "a body too large at the door": ("POST", "/sign-in", {"Content-Type": FORM.encode()}, b"a" * 70_000),
    "a key of bytes": ("GET", "/e/%ff%fe", {}, b""),
    "a key of half a letter": ("POST", "/hooks/x/%ed%a0%80", {}, b"{}"),
    "a page of bytes": ("GET", "/portals/%ff?lang=%ed%a0%80&token=%ff", {}, b""),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The pages on loopback, from a loop in a thread of its own; what they failed of stands in the log."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[str] = []

    async def serve() -> None:
        board = Board()
        board.access = Access(token=Secret(TOKEN))
        runner = web.AppRunner(make_app(board), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(30), "the pages did not start"
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


def asked(url: str, wish: Asked) -> tuple[int, http.client.HTTPMessage]:
    """One request on a connection of its own, byte for byte."""
    method, path, headers, body = wish
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers
    finally:
        connection.close()


def is_answered(url: str, wish: Asked) -> int:
    status, headers = asked(url, wish)
    assert status < 500, wish
    assert {name for name in HEADERS if name not in headers} == set(), wish
    return status


@pytest.mark.parametrize("case", STRANGE)
def test_a_strange_request_is_refused_in_words(url: str, case: str, caplog: pytest.LogCaptureFixture) -> None:
    assert is_answered(url, STRANGE[case]) in {200, 303, 400, 401, 404, 413}
    assert "Traceback" not in caplog.text


NO_HTTP = [b"\x16\x03\x01 hello\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"]


@pytest.mark.parametrize("sent", NO_HTTP)
def test_what_is_no_http_leaves_no_trace_in_the_log(url: str, sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=20) as connection:
        connection.sendall(sent)
        assert connection.recv(1000).split()[1] == b"400"
    assert caplog.records == []


PATHS = [re.sub(r"\{\w+\}", "x", path) for _, path, _, _ in ROUTES if path != "/events"]
WORDS = st.sampled_from(
    [
        *(b"gzip", b"deflate", b"br", b"identity", b"nonsense", b"multipart/form-data; boundary=x", b"text/html"),
        *(JSON.encode(), FORM.encode(), FORM.encode() + b"; charset=utf-7", b"application/json; charset=utf-16"),
        *(BEARER.encode(), f"{COOKIE}=".encode() + b"\xff", b"[::1", b"http://[", b"\xd0\xb0"),
    ]
)
FREE = st.binary(max_size=30).map(lambda value: bytes(one for one in value if one >= 32 and one != 127).strip())
NAMES = st.sampled_from(
    [
        *("Content-Type", "Content-Encoding", "Cookie", "Authorization", "Accept", "Accept-Encoding", "Origin"),
        *("Sec-Fetch-Site", "X-CSRF-Token", "X-Part", "X-Forwarded-Proto", "X-Messenger-Monitor-Passed-On"),
    ]
)
TAILS = st.sampled_from(["", "/", "%ff", "?token=%ff", "?lang=%00", "?portal=%ed%a0%80", "?key=%ff", "?a=" + "b" * 500])
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([DEEP, RUBBISH, b"{}", b"[]", b"null", b'{"portal": 7}', b'{"version": "4", "alerts": [7]}']),
    st.sampled_from([b"--x\r\n\r\n\r\n--x--", b"name=%ff&password=%ed%a0%80&next=//x", b"csrf=%ff&note=%00"]),
)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]),
    st.builds(str.__add__, st.sampled_from([*PATHS, "/nothing", "//"]), TAILS),
    st.dictionaries(NAMES, st.one_of(WORDS, FREE), max_size=4),
    BODIES,
)


@given(REQUESTS)
def test_any_request_is_answered_with_the_headers_and_never_by_a_trace(url: str, wish: Asked) -> None:
    is_answered(url, wish)


@pytest.mark.parametrize("kind", [f"{FORM}; charset=nonsense", "multipart/form-data", FORM])
async def test_whatever_is_posted_to_the_waiting_server_is_an_installation_or_none(kind: str) -> None:
    async with installations("127.0.0.1", 0) as arrivals:
        wish: Asked = ("POST", "/", {"Content-Type": kind.encode()}, b"event=%ff&REFRESH_ID=")
        status, _ = await asyncio.to_thread(asked, arrivals.address, wish)
    assert status == 400
