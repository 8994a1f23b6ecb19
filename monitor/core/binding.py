"""Which channel is whose: what a connector's id and titles tell of its provider, and what stands unbound on each side.

Ids and titles only pre-fill: what the config binds is what is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.core.connectors import BUILT_IN
from monitor.core.memory import PortalState
from monitor.core.model import Channel, ChannelKey, Messenger
from monitor.core.policy import Policy
from monitor.core.reading import ProviderSeen, Reading

# Ids as the providers' applications register them on portals; the group, where there is one, names the account.
_BY_ID: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("wazzup", re.compile(r"wz_[a-z]+_[0-9a-f]{4,32}|wz[0-9a-f]{8}-[0-9a-f-]+|wazzup")),
    ("umnico", re.compile(r"umnico_[a-z]+-(\d+)")),
    ("radist", re.compile(r"radist_online_[a-z]+")),
    ("edna", re.compile(r"whatsappbyedna")),
    ("telegram_bot", re.compile(r"telegrambot")),
)
_BY_TITLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("wazzup", re.compile(r"wazzup")),
    ("green_api", re.compile(r"green[- _]?api")),
    ("chatapp", re.compile(r"chat ?app\b")),
    ("wappi", re.compile(r"wappi")),
    ("umnico", re.compile(r"umnico")),
    ("radist", re.compile(r"radist")),
    ("pact", re.compile(r"\bpact\b")),
    ("edna", re.compile(r"\bedna\b")),
    ("waha", re.compile(r"\bwaha\b")),
    ("evolution", re.compile(r"\bevolution[- _]api\b")),
    ("max_bot", re.compile(r"(?:max|макс)")),  # the whole title: the stock connector's
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Whose a channel seems to be. `account` "" = the id does not tell."""

    type: str
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """A channel no provider is asked about. `providers`: the config's entries of the guessed type."""

    key: ChannelKey
    guess: Guess | None
    providers: tuple[str, ...] = ()
    account: str = ""

    @property
    def entry(self) -> str:
        """The line of the config that would bind it, "" while it cannot be said."""
        if len(self.providers) != 1:
            return ""
        account = f", account: {self.account}" if self.account else ""
        head = f"connector: {self.key.connector}, line: {self.key.line}, provider: {self.providers[0]}"
        return f"{{{head}{account}}}"


def guess_of(connector: str, title: str = "", line: str = "") -> Guess | None:
    """By the id, then by the connector's title, then by the line's name; two providers in one text tell nothing."""
    for type_, pattern in _BY_ID:
        found = pattern.fullmatch(connector.lower())
        if found:
            return Guess(type=type_, account=found[1] if found.groups() else "")
    type_by_title = _titled(connector) or _titled(title) or _titled(line)
    return Guess(type=type_by_title) if type_by_title else None


def _titled(text: str) -> str:
    plain = text.lower().strip()
    whole = {type_ for type_, pattern in _BY_TITLE if type_ == "max_bot" and pattern.fullmatch(plain)}
    named = {type_ for type_, pattern in _BY_TITLE if type_ != "max_bot" and pattern.search(plain)} | whole
    return named.pop() if len(named) == 1 else ""


def unwatched(state: PortalState, policy: Policy, unbound: Mapping[str, Sequence[str]]) -> tuple[Unwatched, ...]:
    """The portal's channels that no provider entry is bound to. `unbound`: accounts left over, by provider entry."""
    open_ = (memory.channel for memory in state.channels.values() if not memory.gone)
    keys = sorted(channel.key for channel in open_ if channel.provider is None and not _is_elsewhere(channel))
    return tuple(_unwatched(key, state, policy, unbound) for key in keys)


def _is_elsewhere(channel: Channel) -> bool:
    """Bitrix24's own chat, shops and social networks: no provider of ours has them."""
    return channel.messenger is Messenger.OTHER and channel.connector.lower() in BUILT_IN


def _unwatched(key: ChannelKey, state: PortalState, policy: Policy, unbound: Mapping[str, Sequence[str]]) -> Unwatched:
    line = state.lines.get(key.line)
    guess = guess_of(key.connector, state.connectors.get(key.connector, ""), line.name if line else "")
    if guess is None:
        return Unwatched(key=key, guess=None)
    entries = tuple(sorted(name for name, type_ in policy.provider_types.items() if type_ == guess.type))
    left = unbound.get(entries[0], ()) if len(entries) == 1 else ()
    account = guess.account or (left[0] if len(left) == 1 else "")
    return Unwatched(key=key, guess=guess, providers=entries, account=account)


def unbound_accounts(readings: Iterable[Reading], policies: Iterable[Policy]) -> dict[str, tuple[str, ...]]:
    """Accounts that providers told of and no channel is bound to, by provider entry.

    An entry with one account needs no `account` in the config: any channel bound to the entry is its.
    """
    wishes = [one for policy in policies for one in policy.channels.values()]
    bound = {(one.provider, one.account) for one in wishes if one.provider}
    bound |= {(one.canary.through, one.canary.account) for one in wishes if one.canary}
    told: dict[str, list[str]] = {}
    for reading in readings:
        for found in reading.findings:
            if isinstance(found, ProviderSeen):
                told.setdefault(found.provider, []).append(found.account)
    left = {name: tuple(sorted(_left(name, accounts, bound))) for name, accounts in told.items()}
    return {name: accounts for name, accounts in sorted(left.items()) if accounts}


def _left(name: str, accounts: Sequence[str], bound: set[tuple[str, str | None]]) -> set[str]:
    if len(accounts) == 1 and any(provider == name for provider, _ in bound):
        return set()
    return {account for account in accounts if (name, account) not in bound}
