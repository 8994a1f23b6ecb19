"""The doctor's look at the network: name, connection, certificate and clock of every address that is configured."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from monitor.config import Config
from monitor.core.model import CallFailed
from monitor.doctor_lines import Line, unknown, well, wrong
from monitor.receivers.apprise import place_of
from monitor.shell.addresses import AddressRefused, refuse
from monitor.shell.credentials import OAuthKeys
from monitor.shell.oauth import oauth_url
from monitor.shell.wire import Limits, Trust, request, trust

PATIENCE = 10.0
EXPIRES_SOON = timedelta(days=14)
SKEW = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address somebody configured. `key` is where in the configuration."""

    key: str
    url: str = field(repr=False)  # the heartbeat's is a secret
    trusted: Trust = True


def places(config: Config) -> Iterator[Place]:
    """Every address once, the first key that names it."""
    seen: set[str] = set()
    for one in _all_places(config):
        if one.url and one.url not in seen:
            seen.add(one.url)
            yield one


def _all_places(config: Config) -> Iterator[Place]:
    for index, portal in enumerate(config.portals):
        trusted = trust(str(portal.ca_file) if portal.ca_file else None)
        yield Place(key=f"portals[{index}].url", url=portal.url, trusted=trusted)
        if isinstance(portal.credentials, OAuthKeys):
            yield Place(
                key=f"portals[{index}].auth.oauth_url", url=oauth_url(portal.credentials, portal.url), trusted=trusted
            )
    if config.heartbeat is not None:
        yield Place(key="heartbeat.url", url=config.heartbeat.url.reveal())
    for index, provider in enumerate(config.providers):
        trusted = trust(str(provider.ca_file) if provider.ca_file else None)
        yield Place(key=f"providers[{index}].url", url=provider.account.url, trusted=trusted)
    for index, receiver in enumerate(config.receivers):
        if url := receiver.secrets.get("url"):
            yield Place(key=f"receivers[{index}].url_file", url=place_of(url.reveal()) or "")


def receiver_lines(config: Config) -> Iterator[Line]:
    """Whether apprise knows the address; that it is the right one only a message shows."""
    for receiver in config.receivers:
        url, about = receiver.secrets.get("url"), f"receiver {receiver.rule.name}"
        if url is None:
            continue
        if place_of(url.reveal()) is None:
            yield wrong(about, "its address is none that apprise knows", "correct url_file: one line, service://...")
        else:
            yield well(about, f"an address of {url.reveal().partition(':')[0].lower()} that apprise understands")


async def reached(place: Place, allowed: Collection[str]) -> Line:
    """Name, connection and certificate, in this order; the first that fails is the line.

    `allowed`: hosts that are asked though their addresses are link-local."""
    parts = urlsplit(place.url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    about = f"network {place.key} ({host}:{port})"
    try:
        async with asyncio.timeout(PATIENCE):
            addresses = await _addresses(host, port, allowed)
            expires = await _connected(host, addresses, port, place.trusted if secure else None)
    except TimeoutError:
        found = f"no connection to port {port} within {PATIENCE:.0f} s"
        return wrong(about, found, f"let the firewall pass, or correct {place.key}")
    except socket.gaierror as error:
        return wrong(about, f"the name is not known ({error.strerror})", f"look at DNS, or correct {place.key}")
    except ssl.SSLError as error:
        return _no_tls(about, place.key, port, error)
    except AddressRefused as error:
        return wrong(about, str(error), f"correct {place.key}")
    except OSError as error:
        return wrong(
            about, f"port {port}: {error.strerror or error}", f"start what listens there, or correct {place.key}"
        )
    return _certificate(about, expires)


def _no_tls(about: str, key: str, port: int, error: ssl.SSLError) -> Line:
    if isinstance(error, ssl.SSLCertVerificationError):
        return wrong(about, f"the certificate is refused: {error.verify_message}", _certificate_remedy(key))
    found = f"no TLS on port {port} ({error.reason})"
    return wrong(about, found, f"correct the scheme or port of {key}, or look for a proxy between")


def _certificate_remedy(key: str) -> str:
    return f"have it renewed; an authority of your own goes into {key.rpartition('.')[0]}.ca_file"


async def _addresses(host: str, port: int, allowed: Collection[str]) -> tuple[str, ...]:
    """What the name stands for now: asked once, so that it is connected to nothing that was not looked at."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(row[4][0]) for row in found))
    for address in addresses:
        refuse(host, address, allowed)
    return addresses


async def _connected(host: str, addresses: tuple[str, ...], port: int, trusted: Trust | None) -> datetime | None:
    """When the certificate ends; None without TLS."""
    context = None
    if trusted is not None:
        context = trusted if isinstance(trusted, ssl.SSLContext) else ssl.create_default_context()
    writer = await _first_that_answers(host, addresses, port, context)
    try:
        told = writer.get_extra_info("peercert") if context else None
        ends = str(told.get("notAfter", "")) if told else ""
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
    finally:
        writer.transport.abort()


async def _first_that_answers(
    host: str, addresses: tuple[str, ...], port: int, context: ssl.SSLContext | None
) -> asyncio.StreamWriter:
    """The last one's error where none does."""
    named, share = host if context else None, PATIENCE / len(addresses)
    for address in addresses[:-1]:
        with suppress(OSError):  # no way to it, or nobody there in time
            async with asyncio.timeout(share):
                return (await asyncio.open_connection(address, port, ssl=context, server_hostname=named))[1]
    return (await asyncio.open_connection(addresses[-1], port, ssl=context, server_hostname=named))[1]


def _certificate(about: str, expires: datetime | None) -> Line:
    if expires is None:
        return well(about, "reached")
    left = expires - datetime.now(UTC)  # the certificate's date is real time
    if left < EXPIRES_SOON:
        return wrong(about, f"the certificate ends in {left.days} days", "have it renewed before it does")
    return well(about, f"reached over TLS, the certificate ends in {left.days} days")


async def clock_line(http: aiohttp.ClientSession, place: Place, now: datetime) -> Line:
    """This machine's clock against the Date header of a portal. `now` is real time, taken just before."""
    try:
        answer = await request(
            http,
            "GET",
            f"{place.url}/rest/server.time",
            Limits(timeout=timedelta(seconds=PATIENCE), trusted=place.trusted),
        )
        told = parsedate_to_datetime(answer.headers.get("Date", ""))
    except CallFailed as error:
        return unknown(
            "clock", f"no portal told its time: {error.failure.detail or error.failure.code}", "mend the network first"
        )
    except ValueError:
        return unknown(
            "clock", "the portal's answer bears no Date", "compare this machine's clock by hand: timedatectl"
        )
    skew = now - (told if told.tzinfo else told.replace(tzinfo=UTC))
    if abs(skew) > SKEW:
        side = "ahead of" if skew > timedelta() else "behind"
        found = f"{abs(skew).total_seconds():.0f} s {side} the portal's"
        return wrong("clock", found, "synchronise this machine's clock: timedatectl set-ntp true")
    return well("clock", f"within {SKEW.total_seconds():.0f} s of the portal's")
