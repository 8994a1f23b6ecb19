"""What no single key can know: names used twice, references to nothing, plain http, an open door."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from monitor import config_receivers as receivers
from monitor.config_providers import COMMON, entry_problems, provider_keys, provider_probes
from monitor.config_secrets import sections
from monitor.config_types import is_loopback, listened_at, safe_address, shown, split
from monitor.secret import Secret
from monitor.shell.addresses import refusal

Section = dict[str, Any]

LEAST_TOKEN = 16  # characters: guessed by nobody at the pace of a network


def across(tree: Section, folder: Path) -> Iterator[str]:
    """Every problem between the sections. The tree's secrets were read; its values may be anything."""
    yield from _twice(tree, "portals")
    yield from _twice(tree, "providers")
    yield from _twice(tree, "receivers")
    yield from _twice_within(tree)
    yield from _unknown_providers(tree)
    yield from _users(tree)
    for path, entry in sections(tree, "providers"):
        yield from entry_problems(entry, path)
    yield from _receivers(tree)
    yield from _plain_http(tree)
    yield from _link_local(tree)
    yield from _open_door(tree)
    yield from _missing_certificates(tree, folder)
    yield from _shared_file(tree)


def without_own_keys(tree: Section) -> Section:
    """The tree with providers and receivers cut down to the keys that each of them has."""
    cut = dict(tree)
    for section, common in (("providers", COMMON), ("receivers", receivers.COMMON)):
        rows = tree.get(section)
        if isinstance(rows, list):
            cut[section] = [_common(row, common) for row in rows]
    return cut


def _common(row: object, common: tuple[str, ...]) -> object:
    return {key: row[key] for key in common if key in row} if isinstance(row, dict) else row


def _receivers(tree: Section) -> Iterator[str]:
    names = [entry["name"] for _, entry in sections(tree, "portals") if isinstance(entry.get("name"), str)]
    for path, entry in sections(tree, "receivers"):
        yield from receivers.entry_problems(entry, names, path)


def same_portal_twice(tree: Section) -> Iterator[str]:
    """No error: two names may watch one portal on purpose, but they share its limits without knowing."""
    first: dict[str, str] = {}
    for path, portal in sections(tree, "portals"):
        url = str(portal.get("url")).rstrip("/")
        if url in first:
            yield f"{path}.url: the same portal as {first[url]}: both ask it and share its limits unknowingly"
        first.setdefault(url, path)


def without_probe(tree: Section) -> Iterator[str]:
    """No error: the entry is as it should be, only nobody here can ask that provider."""
    for path, entry in sections(tree, "providers"):
        if entry.get("type") not in provider_probes():
            yield f"{path}.type: there is no probe of {shown(entry.get('type'))} here: the account is not asked"


def _twice(tree: Section, key: str) -> Iterator[str]:
    first: dict[str, str] = {}
    for path, entry in sections(tree, key):
        name = entry.get("name")
        if isinstance(name, str) and name in first:
            yield f"{path}.name: expected a name of its own, got {shown(name)} again (it is {first[name]} already)"
        elif isinstance(name, str):
            first[name] = path


def _twice_within(tree: Section) -> Iterator[str]:
    for path, portal in sections(tree, "portals"):
        for rows, keys in (("lines", ("id",)), ("channels", ("connector", "line")), ("expiries", ("subject",))):
            first: dict[tuple[str, ...], str] = {}
            for at, row in sections(portal, rows):
                said = tuple(str(row[key]).lower() for key in keys if key in row)
                if said in first and len(said) == len(keys):
                    got = " ".join(said)
                    yield f"{path}.{at}.{keys[0]}: expected each one once, got {got} again (it is {first[said]})"
                first.setdefault(said, at)


def _unknown_providers(tree: Section) -> Iterator[str]:
    types = {entry["name"]: entry.get("type") for _, entry in sections(tree, "providers") if _has_name(entry)}
    for path, portal in sections(tree, "portals"):
        for at, channel in sections(portal, "channels"):
            yield from _unknown(channel.get("provider"), types, f"{path}.{at}.provider")
            if isinstance(channel.get("canary"), dict):
                yield from _canary(channel, channel["canary"], types, f"{path}.{at}.canary")


def _has_name(entry: Section) -> bool:
    return isinstance(entry.get("name"), str)


def _unknown(name: object, types: Section, path: str) -> Iterator[str]:
    if isinstance(name, str) and name not in types:
        near = get_close_matches(name, list(types), n=1)
        hint = f": did you mean {near[0]}?" if near else ": add it to `providers`"
        yield f"{path}: expected the name of a provider, got {shown(name)}{hint}"


def _canary(channel: Section, canary: Section, types: Section, path: str) -> Iterator[str]:
    """It has to leave from another account than the channel's own, of a vendor through whom we can send."""
    name, account = canary.get("through"), canary.get("account")
    yield from _unknown(name, types, f"{path}.through")
    probe = provider_probes().get(str(types.get(name))) if isinstance(name, str) else None
    if probe is not None and probe.send is None:
        able = ", ".join(type_ for type_, one in provider_probes().items() if one.send is not None)
        yield f"{path}.through: expected an account of {able}, got {shown(name)}, of {probe.type}: it only reads there"
    same = account is None or str(account) == str(channel.get("account"))  # a number is its text
    if isinstance(name, str) and name == channel.get("provider") and same:
        yield f"{path}.through: expected another account than the channel's own: it would write to itself"


def _users(tree: Section) -> Iterator[str]:
    """Two of one name, or of a portal that is not there."""
    web, first = tree.get("web"), dict[str, str]()
    portals = [entry["name"] for _, entry in sections(tree, "portals") if isinstance(entry.get("name"), str)]
    for path, user in sections(web, "users") if isinstance(web, dict) else ():
        name, seen = user.get("name"), user.get("portals")
        if isinstance(name, str) and name in first:
            yield f"web.{path}.name: expected a name of its own, got {shown(name)} again (it is web.{first[name]})"
        first.setdefault(str(name), path)
        for wanted in seen if isinstance(seen, list) else ():
            if isinstance(wanted, str) and wanted not in portals:
                yield f"web.{path}.portals: expected the name of a portal, got {shown(wanted)}: see `portals`"


def _plain_http(tree: Section) -> Iterator[str]:
    allowed = tree.get("allow_plain_http")
    hosts = [host for host in allowed if isinstance(host, str)] if isinstance(allowed, list) else []
    for path, url in _addresses(tree):
        parts = split(url.reveal() if isinstance(url, Secret) else url)
        host = (parts.hostname or "") if parts else ""
        if parts and parts.scheme == "http" and host and not is_loopback(host) and host not in hosts:
            got = safe_address(url.reveal() if isinstance(url, Secret) else url)
            remedy = f"use https, or list {host} under allow_plain_http if its network is yours alone"
            yield f"{path}: expected https:// beyond this machine, got {got}: {remedy}"


def _link_local(tree: Section) -> Iterator[str]:
    allowed = tree.get("allow_link_local")
    hosts = [host for host in allowed if isinstance(host, str)] if isinstance(allowed, list) else []
    for path, url in _addresses(tree):
        parts = split(url.reveal() if isinstance(url, Secret) else url)
        host = (parts.hostname or "") if parts else ""
        if host not in hosts and (why := refusal(host)):
            yield f"{path}: expected the address of a service, got {host}, {why}: allow_link_local lists exceptions"


def _addresses(tree: Section) -> Iterator[tuple[str, object]]:
    if isinstance(section := tree.get("alertmanager"), dict):
        yield "alertmanager.url", section.get("url")
    if isinstance(section := tree.get("heartbeat"), dict):
        yield "heartbeat.url", section.get("url")
    if isinstance(section := tree.get("cluster"), dict):
        yield "cluster.url", section.get("url")
    for path, portal in sections(tree, "portals"):
        yield f"{path}.url", portal.get("url")
        if isinstance(auth := portal.get("auth"), dict):
            yield from ((f"{path}.auth.{key}", auth.get(key)) for key in ("oauth_url", "webhook_url"))
    for path, entry in sections(tree, "providers"):
        keys = provider_keys(entry.get("type")).settings
        for key in ("url", *(key for key in keys if key.endswith("_url"))):
            yield f"{path}.{key}", entry.get(key)


def _open_door(tree: Section) -> Iterator[str]:
    web = tree.get("web")
    listen = web.get("listen") if isinstance(web, dict) else None
    parts = listened_at(listen)
    if not isinstance(web, dict) or parts is None or is_loopback(parts.hostname or ""):
        return
    token = web.get("token")
    where = f"when listening beyond loopback ({shown(listen)})"
    if token is None:
        yield f"web.token_file: expected a token {where}, got nothing"
    elif isinstance(token, Secret) and len(token.reveal()) < LEAST_TOKEN:
        yield f"web.token_file: expected a token of {LEAST_TOKEN} characters or more {where}, got a shorter one"


def _shared_file(tree: Section) -> Iterator[str]:
    store = tree.get("store")
    url = store.get("url") if isinstance(store, dict) else None
    if isinstance(tree.get("cluster"), dict) and not str(url or "").startswith("postgresql"):
        yield "cluster: expected a store.url of postgresql:// that the processes share, got a file of this one alone"


def _missing_certificates(tree: Section, folder: Path) -> Iterator[str]:
    for path, entry in (*sections(tree, "portals"), *sections(tree, "providers")):
        file = entry.get("ca_file")
        if isinstance(file, str) and file and not _is_certificate(folder / file):
            yield f"{path}.ca_file: expected a readable file of PEM certificates, got {shown(file)}"


def _is_certificate(path: Path) -> bool:
    try:
        return path.is_file() and b"-----BEGIN CERTIFICATE-----" in path.read_bytes()[: 8 * 2**20]
    except OSError:
        return False
