"""First tokens of a portal: by a pasted code, by the application's install event, or by a refresh token at hand."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from monitor.auth_words import NOTHING_SPECIAL, USED_CODE, USED_REFRESH, sentence, word
from monitor.core.model import CallFailed, Failure
from monitor.secret import Secret
from monitor.shell import batch
from monitor.shell.authority import seed_of
from monitor.shell.clock import Clock
from monitor.shell.credentials import OAuthKeys
from monitor.shell.endpoint import Endpoint
from monitor.shell.install import Arrivals, installations
from monitor.shell.oauth import TokenServer, oauth_url
from monitor.shell.pacer import Pacer, Rate
from monitor.shell.rest import Rest, Usage
from monitor.shell.vault import Tokens, Vault
from monitor.shell.wire import Limits, Trust, host_of, is_loopback
from probes.portal_health import missing

Say = Callable[[str], None]
Paste = Callable[[str], Awaitable[str]]


class AuthFailed(Exception):
    """One sentence for the operator: what is wrong and what to do. It holds no token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """The portal that tokens are wanted for, and where they will be kept."""

    portal: str
    url: str
    keys: OAuthKeys
    http: aiohttp.ClientSession
    vault: Vault
    clock: Clock = field(default_factory=Clock)
    timeout: timedelta = timedelta(seconds=20)
    trusted: Trust = True

    @property
    def limits(self) -> Limits:
        return Limits(timeout=self.timeout, trusted=self.trusted)

    def server(self, told: str = "") -> TokenServer:
        """The OAuth server of the portal: what came with the grant tells it better than the portal's name."""
        address = oauth_url(self.keys, self.url)
        return TokenServer(http=self.http, url=address, keys=self.keys, limits=self.limits).named(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorised:
    """What the new tokens open."""

    host: str
    member_id: str
    licence: str
    missing_scopes: tuple[str, ...]


async def by_code(applicant: Applicant, paste: Paste) -> Authorised:
    """Ask a human to open an address and to paste the code, or the whole address he was sent to."""
    state = secrets.token_urlsafe(12)
    pasted = await paste(authorize_url(applicant, state))
    code, server = code_in(pasted, state), applicant.server(server_in(pasted))
    try:
        tokens = await server.exchange(code, applicant.clock.real_now())
    except CallFailed as error:
        why = sentence(error.failure, host_of(server.url), USED_CODE)
    else:
        return await _adopted(applicant, tokens)
    raise AuthFailed(why)


async def by_refresh_token(applicant: Applicant, refresh: Secret, told: str = "") -> Authorised:
    """Renew a refresh token that was got elsewhere; what it is exchanged for is kept. `told`: the OAuth server that
    came with it."""
    server = applicant.server(told)
    try:
        tokens = await server.renew(refresh, applicant.clock.real_now())
    except CallFailed as error:
        why = sentence(error.failure, host_of(server.url), USED_REFRESH)
    else:
        return await _adopted(applicant, tokens)
    raise AuthFailed(why)


async def by_install(applicant: Applicant, host: str, port: int, say: Say) -> Authorised:
    """Wait at `host:port` for the application's installation; what is no installation of ours is said and ignored.

    What arrives is not believed: its refresh token has to pass the OAuth server with our own keys first.
    """
    try:
        async with installations(host, port) as arrivals:
            say(f"waiting for the application's installation at {arrivals.address}")
            return await _first_of_use(applicant, arrivals, say)
    except OSError as error:
        why = error.strerror or type(error).__name__
    raise AuthFailed(f"cannot listen at {host}:{port}: {why}: choose another address")


async def _first_of_use(applicant: Applicant, arrivals: Arrivals, say: Say) -> Authorised:
    while True:
        arrival = await arrivals.next()
        try:
            return await by_refresh_token(applicant, arrival.refresh, arrival.server)
        except AuthFailed as error:
            say(f"an installation arrived, but was of no use: {error}")


def authorize_url(applicant: Applicant, state: str) -> str:
    """The portal's page where a human lets the application in (bitrix24-api.md 1.2)."""
    query = urlencode({"client_id": applicant.keys.client_id, "state": state})
    return f"{applicant.url.rstrip('/')}/oauth/authorize/?{query}"


def code_in(pasted: str, state: str) -> Secret:
    """The code from what was pasted: itself, or the address a browser was sent to. AuthFailed where there is none."""
    text = pasted.strip()
    told = {key: values[0] for key, values in parse_qs(_query(text)).items()}
    if "error" in told:
        raise AuthFailed(f"the portal refused: {word(told['error'])}: let the application in with an account that may")
    if told and told.get("state", state) != state:
        raise AuthFailed("this address belongs to another attempt: open the one printed above and paste its result")
    code = told.get("code", text if not told else "")
    if not code or not code.isprintable() or any(mark in code for mark in " /?&"):
        raise AuthFailed("there is no code in it: paste the whole address you were sent to, or the code alone")
    return Secret(code)


def server_in(pasted: str) -> str:
    """The OAuth server that the portal's redirect names, "" where it names none."""
    domain = parse_qs(_query(pasted.strip())).get("server_domain", [""])[0]
    return f"https://{domain}/" if domain else ""


def _query(text: str) -> str:
    try:
        return urlsplit(text).query if "?" in text else text if "=" in text else ""
    except ValueError:
        return ""


async def _adopted(applicant: Applicant, tokens: Tokens) -> Authorised:
    """Of this portal: kept first, then tried, since its first use ends what was valid before."""
    await _check_owner(applicant, tokens)
    tokens = replace(tokens, seed=seed_of(applicant.keys.refresh_token))
    await applicant.vault.save(applicant.portal, tokens)
    try:
        info, scopes = await _introduced(applicant, tokens)
    except CallFailed as error:
        why = sentence(error.failure, host_of(applicant.server(tokens.server).url), NOTHING_SPECIAL)
    else:
        return Authorised(
            host=host_of(tokens.endpoint) or host_of(applicant.url),
            member_id=tokens.member_id,
            licence=str(info.get("LICENSE", "")),
            missing_scopes=tuple(sorted(missing(scopes))),
        )
    raise AuthFailed(f"the tokens are stored, but the portal does not take them: {why}")


async def _check_owner(applicant: Applicant, tokens: Tokens) -> None:
    theirs, mine = host_of(tokens.endpoint), host_of(applicant.url)
    if theirs and theirs != mine and not (is_loopback(theirs) and is_loopback(mine)):
        raise AuthFailed(
            f"these tokens belong to {theirs}, but portal {applicant.portal} is {mine}: authorise the right portal, "
            "or change its url"
        )
    stored = await applicant.vault.load(applicant.portal)
    if stored is not None and stored.member_id and tokens.member_id and stored.member_id != tokens.member_id:
        raise AuthFailed(
            f"these tokens belong to another portal than the one that was known as {applicant.portal}: "
            "give the new portal a new name"
        )


async def _introduced(applicant: Applicant, tokens: Tokens) -> tuple[Mapping[str, Any], frozenset[str]]:
    """app.info and scope in one request."""
    clock = applicant.clock
    pacer = Pacer(Rate(), clock.monotonic)
    rest = Rest(http=applicant.http, pacer=pacer, usage=Usage(), clock=clock, limits=applicant.limits)
    url = Endpoint(applicant.portal, applicant.url).of(tokens.endpoint)
    commands = (batch.command("app.info"), batch.command("scope"))
    answer = await rest.post(url, {**batch.body(commands), "auth": tokens.access.reveal()})
    info, scopes = batch.outcomes(answer, len(commands))
    if isinstance(info, Failure):
        raise CallFailed(info)
    granted = scopes if isinstance(scopes, list) else ()
    return info if isinstance(info, dict) else {}, frozenset(scope for scope in granted if isinstance(scope, str))
