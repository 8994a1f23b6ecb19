"""What is never asked, whoever names it; and that no redirect is followed, over a real server."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from monitor.building import build_session
from monitor.config import ConfigProblems, load
from monitor.core.model import CallFailed, Reason
from monitor.doctor_lines import Verdict
from monitor.doctor_network import Place, reached
from monitor.shell.addresses import AddressRefused, refusal
from monitor.shell.guard import GuardedResolver
from monitor.shell.http import session
from monitor.shell.wire import request

FORBIDDEN = (
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "224.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "2002:a9fe:a9fe::1",
    "::",
    "::169.254.169.254",
    "::ffff:0:a9fe:a9fe",  # translated by the stack of a network without IPv4
    "64:ff9b::a9fe:a9fe",  # NAT64
    "64:ff9b::100.100.100.200",
    "64:ff9b:1::a9fe:a9fe",  # a network's own NAT64
    "64:ff9b:1:a9fe:a9:fe00::",
    "2001:0:a9fe:a9fe::1",  # Teredo: its server, and the client, whose bits are turned over
    "2001:0:5fa3:102:0:0:5601:5601",
    "240.0.0.1",
    "255.255.255.255",
    "::ffff:255.255.255.255",
    "0.1.2.3",
)
ALLOWED = (
    "10.0.0.5",
    "192.168.1.2",
    "127.0.0.1",
    "::1",
    "95.163.1.2",
    "acme.bitrix24.ru",
    "fd12::1",
    "2a00:1450:4010::1",
    "::ffff:10.0.0.5",
    "64:ff9b::95.163.1.2",
    "2001:0:5fa3:102:0:0:a05c:fefd",
)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_of_metadata_or_of_no_host_is_refused(address: str) -> None:
    assert refusal(address) != ""


@pytest.mark.parametrize("address", ALLOWED)
def test_private_networks_loopback_and_names_are_allowed(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "100.100.100.200"])
async def test_a_written_out_address_is_not_asked_and_the_failure_says_so(host: str) -> None:
    async with session() as http:
        with pytest.raises(CallFailed) as caught:
            await request(http, "GET", f"http://{host}/latest/meta-data/")
    failure = caught.value.failure
    assert (failure.reason, failure.code) == (Reason.REJECTED, "address_refused")
    assert "list it under allow_link_local if it is meant" in failure.detail
    assert "meta-data" not in failure.detail


class Naming(AbstractResolver):
    """A name server in a stranger's hand."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        known = {"hostname": host, "host": self.address, "port": port}
        row: Any = {**known, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [row]

    async def close(self) -> None:
        return None


async def test_a_name_that_points_there_is_refused_too() -> None:
    resolver = GuardedResolver(Naming("169.254.169.254"), ())
    with pytest.raises(AddressRefused, match=r"innocent.example \(169.254.169.254\) is a link-local address"):
        await resolver.resolve("innocent.example")


async def test_what_the_configuration_allows_is_asked() -> None:
    resolver = GuardedResolver(Naming("169.254.7.7"), {"printer.local"})
    assert (await resolver.resolve("printer.local"))[0]["host"] == "169.254.7.7"


def test_a_configuration_with_such_an_address_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text(
        "portals: [{name: acme, url: 'https://acme.bitrix24.ru', auth: {webhook_url: '${HOOK}'}}]\n"
        "alertmanager: {url: 'https://169.254.169.254'}\n"
    )
    env = {"HOOK": "https://acme.bitrix24.ru/rest/1/abc/"}
    with pytest.raises(ConfigProblems) as caught:
        load(path, env)
    assert caught.value.problems == (
        "alertmanager.url: expected the address of a service, got 169.254.169.254, a link-local address, where clouds "
        "keep their metadata service: allow_link_local lists exceptions",
    )
    path.write_text(path.read_text() + "allow_link_local: ['169.254.169.254']\n")
    assert load(path, env).allow_link_local == {"169.254.169.254"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    asked: list[str] = []

    async def answer(got: web.Request) -> web.Response:
        asked.append(got.path)
        return web.Response(status=status, headers={"Location": "/elsewhere?secret=canary"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server, session() as http:
        with pytest.raises(CallFailed, match="the address answers with a redirect"):
            await request(http, "POST", f"http://127.0.0.1:{server.port}/here", data=b"token")
    assert asked == ["/here"]


@pytest.mark.parametrize("allowed", [(), ("169.254.7.7",)])
async def test_the_running_daemon_asks_what_its_configuration_allows_and_nothing_else(
    tmp_path: Path, allowed: tuple[str, ...]
) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text(
        f"allow_link_local: {list(allowed)}\n"
        "portals: [{name: acme, url: 'https://acme.bitrix24.ru', auth: {webhook_url: '${HOOK}'}}]\n"
    )
    config = load(path, {"HOOK": "https://acme.bitrix24.ru/rest/1/canaryhook/"})
    word = ""
    async with build_session(config) as http:
        try:
            await http.get("http://169.254.7.7:9/", timeout=aiohttp.ClientTimeout(total=0.2))
        except (OSError, TimeoutError) as error:
            word = str(error)
    assert ("not asked" in word) != bool(allowed)


async def test_the_doctor_asks_no_such_address_either() -> None:
    line = await reached(Place(key="portals[0].url", url="https://169.254.169.254"), ())
    assert (line.verdict, line.found) == (
        Verdict.WRONG,
        "169.254.169.254 is a link-local address, where clouds keep their metadata service: not asked; "
        "list it under allow_link_local if it is meant",
    )
    assert line.remedy == "correct portals[0].url"


async def test_the_doctor_connects_to_what_was_looked_at_and_to_no_later_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name server that answers something else the second time is asked once."""
    answers = ["127.0.0.1", "169.254.169.254"]

    async def found(_: object, __: str, port: int, **___: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    async with TestServer(web.Application(), host="127.0.0.1") as server:
        monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", found)
        line = await reached(Place(key="portals[0].url", url=f"http://innocent.example:{server.port}"), ())
    assert (line.verdict, line.found) == (Verdict.OK, "reached")
    assert answers == ["169.254.169.254"]
