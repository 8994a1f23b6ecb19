"""Which providers there are and which keys each takes: asked of the probes themselves, so a new file is a new type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any

import probes
from monitor.config_types import shown
from monitor.core.plugin import ProviderProbe
from monitor.plugins import Plugins

COMMON = ("name", "type", "poll", "timeout", "url", "ca_file")  # on each entry, whatever its type
CHOICES = dict.fromkeys((("green_api", "product"), ("wappi", "product")), ("whatsapp", "telegram", "max"))

_SECRET_ENDINGS = ("token", "key", "secret", "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What one provider type takes beside the common keys. `fastest` is the vendor's limit on polls."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    default_url: str = ""  # "" = the entry must name its own
    fastest: timedelta = timedelta(seconds=1)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(key for key in (*self.required, *self.optional) if is_secret(key))

    @property
    def settings(self) -> tuple[str, ...]:
        return tuple(key for key in (*self.required, *self.optional) if not is_secret(key))


def is_secret(key: str) -> bool:
    return key.rpartition("_")[2] in _SECRET_ENDINGS


@cache
def provider_probes() -> Mapping[str, ProviderProbe]:
    """Every provider probe by its type: the constant PROBE of each file of `probes`."""
    return Plugins(probes, "PROBE", ProviderProbe)


def provider_keys(type_: object) -> Keys:
    """Of an unknown type: the usual names of secrets, so that none of them is read as plain text."""
    probe = provider_probes().get(type_) if isinstance(type_, str) else None
    if probe is None:
        return Keys(optional=("api_key", "token", "partner_token"))
    return Keys(required=probe.required, optional=probe.optional, default_url=probe.default_url, fastest=probe.fastest)


def entry_problems(entry: Mapping[str, Any], path: str) -> Iterator[str]:
    """What the type of an entry makes of its own keys; its secrets were read before."""
    known, type_ = provider_probes(), entry.get("type")
    if not isinstance(type_, str) or type_ not in known:
        yield f"{path}.type: expected one of {', '.join(known)}, got {shown(type_)}{_hint(type_, known)}"
        return
    keys = provider_keys(type_)
    yield from (f"{path}.{_spelled(key)}: expected this key, got nothing" for key in keys.required if key not in entry)
    for key, value in entry.items():
        if key in keys.settings:
            yield from _setting_problems(value, f"{path}.{key}", CHOICES.get((type_, key), ()))
        elif key not in COMMON and key not in keys.secrets:
            spelled = (*COMMON, *keys.settings, *keys.secrets, *(_spelled(name) for name in keys.secrets))
            yield f"{path}.{key}: unknown key of {type_}{_hint(key, spelled)}"
    if not keys.default_url and "url" not in entry:
        yield f"{path}.url: expected the address of your {type_}, got nothing"


def settings_of(entry: Mapping[str, Any]) -> dict[str, str]:
    keys = provider_keys(entry.get("type")).settings
    return {key: str(entry[key]).rstrip("/") for key in keys if entry.get(key) is not None}


def secrets_of(entry: Mapping[str, Any]) -> dict[str, str]:
    keys = provider_keys(entry.get("type")).secrets
    return {key: entry[key].reveal() for key in keys if key in entry}


def _setting_problems(value: object, path: str, choices: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        yield f"{path}: expected a text, got {shown(value)}"
    elif choices and value not in choices:
        yield f"{path}: expected one of {', '.join(choices)}, got {shown(value)}"


def _spelled(key: str) -> str:
    return f"{key}_file" if is_secret(key) else key


def _hint(word: object, known: Any) -> str:
    near = get_close_matches(str(word), list(known), n=1)
    return f": did you mean {near[0]}?" if near else ""
