"""What a support bundle may show: only what is known to be harmless passes, everything else gets another name."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from monitor.config import Config
from monitor.shell.oauth import OAuthKeys, Webhook, oauth_url

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
        pairs = [(value, name) for names in self._known.values() for value, name in names.items() if len(value) > 2]
        for value, name in sorted(pairs, key=lambda pair: -len(pair[0])):
            text = text.replace(value, name)
        return text


def introduce(config: Config, aliases: Aliases) -> None:
    """Names for all that sentences about this configuration may mention."""
    for secret in config.secrets:
        aliases.of("secret", secret.reveal())
    aliases.of("path", str(config.source_path.absolute().parent))
    aliases.of("path", config.store_url)
    for portal in config.portals:
        aliases.of("portal", portal.name)
        for url in _urls(portal.url, portal.credentials):
            aliases.of("host", urlsplit(url).hostname or "")
    for provider in config.providers:
        aliases.of("provider", provider.account.name)
        aliases.of("host", urlsplit(provider.account.url).hostname or "")


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
