"""What a support bundle may show: only what is known to be harmless passes, everything else gets another name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from monitor.config import Config
from monitor.config_yaml import read_yaml
from monitor.shell.credentials import OAuthKeys, Webhook
from monitor.shell.oauth import oauth_url

# Keys of the configuration whose texts name nobody.
OPEN_KEYS = frozenset(
    {"format", "level", "language", "poll", "timeout", "history", "timezone", "every", "first", "next", "settle"}
    | {"option", "term", "review", "currency", "start", "end", "date", "from", "to", "type", "messenger", "product"}
    | {"schedule", "retention", "turns", "ledger", "incidents", "holidays", "except", "mon-fri", "mon-sun"}
    | {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
)
# Labels of metrics whose values name nobody.
OPEN_LABELS = frozenset(
    {"state", "reason", "source", "kind", "verdict", "direction", "clock", "le", "messenger", "severity", "check"}
    | {"result", "version", "method"}
)
_OURS = frozenset({"monitor", "postgres", "state.db"})  # as our own documents and examples name a store
_LABEL = re.compile(r'(?<!\w)([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
_HARMLESS = re.compile(r"[\w .,:+/-]{1,60}")


class Aliases:
    """The same value gets the same name throughout a bundle: portal-1, host-2."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {}

    def of(self, kind: str, value: str) -> str:
        names = self._known.setdefault(kind, {})
        return names.setdefault(value, f"{kind}-{len(names) + 1}")

    def within(self, text: str) -> str:
        """Every value that has a name by now, replaced where it stands in a sentence; the longest first."""
        pairs = [(value, name) for names in self._known.values() for value, name in names.items() if value]
        for value, name in sorted(pairs, key=lambda pair: -len(pair[0])):
            for form in {value, json.dumps(value, ensure_ascii=False)[1:-1]}:
                alone = re.escape(form) if len(form) > 2 else rf"(?<!\w){re.escape(form)}(?!\w)"
                text = re.sub(alone, name, text)
        return text


def introduce(config: Config, aliases: Aliases) -> None:
    """Names for all that sentences about this configuration may mention."""
    for secret in config.secrets:
        aliases.of("secret", secret.reveal())
    aliases.of("path", str(config.source_path.absolute().parent))
    _introduce_store(config.store_url, aliases)
    for portal in config.portals:
        aliases.of("portal", portal.name)
        for expiry in portal.policy.expiries:
            aliases.of("expiry", expiry.subject)
    for provider in config.providers:
        aliases.of("provider", provider.account.name)
    for user in config.web.users:
        aliases.of("user", user.name)
    for receiver in config.receivers:
        aliases.of("receiver", receiver.rule.name)
    if config.cluster is not None:
        aliases.of("process", config.cluster.name)
    for host in _hosts(config):
        aliases.of("host", host)


def _introduce_store(url: str, aliases: Aliases) -> None:
    """A file, or a database on a server with its user; the port, unlike these, tells nobody's name."""
    aliases.of("path", url)
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        aliases.of("path", str(Path(address.database or "").absolute().parent))
        if Path(address.database or "").name not in _OURS:
            aliases.of("store", Path(address.database or "").name)
        return
    for kind, name in (("host", address.host), ("database", address.database), ("user", address.username)):
        if name and name not in _OURS:
            aliases.of(kind, name)
    if address.password:
        aliases.of("secret", str(address.password))


def _hosts(config: Config) -> Iterator[str]:
    """Of every address that the file, or a secret it names, holds; in whatever key."""
    known = [secret.reveal() for secret in config.secrets]
    known += [config.web.external_url, config.alertmanager_url or "", config.cluster.url if config.cluster else ""]
    for portal in config.portals:
        known += _urls(portal.url, portal.credentials)
    known += [provider.account.url for provider in config.providers]
    for text in (*known, *_texts(read_yaml(config.source_path))):
        yield from _host(text)
    yield from config.allow_link_local


def _texts(tree: Any) -> Iterator[str]:
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for part in parts:
        yield from (part,) if isinstance(part, str) else _texts(part)


def _host(text: str) -> Iterator[str]:
    """As it was written and as a program writes it."""
    found = re.match(r"[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?([^/?#:\[\]\s]+|\[[0-9a-f:.]+\])", text, re.IGNORECASE)
    if found:
        yield from {found[1], found[1].lower()}


def _urls(url: str, credentials: OAuthKeys | Webhook) -> tuple[str, ...]:
    if isinstance(credentials, OAuthKeys):
        return (url, oauth_url(credentials, url))
    return (url, credentials.url.reveal())


def masked_tree(tree: Any, key: str = "") -> Any:
    """The configuration's shape: numbers, switches and the words of OPEN_KEYS; of the rest only how long it is."""
    if isinstance(tree, dict):
        return {_key(name): masked_tree(part, str(name)) for name, part in tree.items()}
    if isinstance(tree, list):
        return [masked_tree(part, key) for part in tree]
    if tree is None or isinstance(tree, bool):
        return tree
    if isinstance(tree, int | float) and key not in {"line", "id", "user_id", "department"}:
        return tree
    if key in OPEN_KEYS and _HARMLESS.fullmatch(str(tree)):
        return tree
    return f"*** ({len(str(tree))} characters)"


def _key(name: object) -> str:
    """A key that is no word of ours, such as a date of `except` or a typing error, may be anything."""
    return str(name) if re.fullmatch(r"[a-z_-]{1,24}|\d{4}-\d\d-\d\d", str(name)) else "***"


def masked_metrics(text: str, aliases: Aliases) -> str:
    """Prometheus text: the series stay, the names in their labels do not; comments are left out."""
    rows = (row for row in text.splitlines() if row and not row.startswith("#"))
    return "\n".join(_LABEL.sub(lambda label: _label(label, aliases), row) for row in rows) + "\n"


def _label(label: re.Match[str], aliases: Aliases) -> str:
    name, value = label[1], label[2]
    return label[0] if name in OPEN_LABELS or not value else f'{name}="{aliases.of(name, value)}"'
