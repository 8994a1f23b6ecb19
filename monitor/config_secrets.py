"""Secrets come from files or the environment: each `x_file` and `${ENV}` of the tree becomes a mute Secret here."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.config_providers import provider_keys
from monitor.config_receivers import secrets_of_type
from monitor.config_store import passwords_in
from monitor.config_types import shown
from monitor.secret import Secret

MAX_SECRET = 64 * 2**10

WEB = ("token",)
USER = ("password_hash",)
HEARTBEAT = ("url",)
STORE = ("key",)
ADDRESS = ("url",)  # a secret only where it holds a password
AUTH = ("client_secret", "refresh_token", "webhook_url")

_ENV = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Section = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What reading the secrets brought to light; filled while the tree is walked."""

    env: Mapping[str, str]
    folder: Path  # of the configuration: relative paths begin there
    literal: bool
    secrets: list[Secret] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class _Unusable(Exception):
    """One secret cannot be had; says what was expected and got."""


def reveal(tree: Section, env: Mapping[str, str], folder: Path) -> tuple[Section, Found]:
    """The tree with every secret read. A secret that cannot be had is a problem and an empty Secret."""
    found = Found(env=env, folder=folder, literal=tree.get("allow_literal_secrets") is True)
    tree = {key: _copied(part) for key, part in tree.items()}
    for path, section, names in _places(tree):
        for name in names:
            _settle(section, name, path, found)
    for path in ("store", "alertmanager"):
        if isinstance(address := tree.get(path), dict):
            _settle_address(address, path, found)
    return tree, found


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


def _places(tree: Section) -> Iterator[tuple[str, Section, tuple[str, ...]]]:
    if isinstance(web := tree.get("web"), dict):
        yield "web", web, WEB
        for path, user in sections(web, "users"):
            yield f"web.{path}", user, USER
    if isinstance(store := tree.get("store"), dict):
        yield "store", store, STORE
    if isinstance(heartbeat := tree.get("heartbeat"), dict):
        yield "heartbeat", heartbeat, HEARTBEAT
    for path, portal in sections(tree, "portals"):
        if isinstance(auth := portal.get("auth"), dict):
            yield f"{path}.auth", auth, AUTH
    for path, provider in sections(tree, "providers"):
        yield path, provider, provider_keys(provider.get("type")).secrets
    for path, receiver in sections(tree, "receivers"):
        yield path, receiver, secrets_of_type(receiver.get("type"))


def sections(tree: Section, key: str) -> Iterator[tuple[str, Section]]:
    """The mappings of a list, with their paths; what is no mapping is somebody else's finding."""
    rows = tree.get(key)
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            yield f"{key}[{index}]", row


def _settle(section: Section, name: str, path: str, found: Found) -> None:
    """Replace `name` or `name_file` of the section by a Secret under `name`."""
    inline, file = section.pop(name, None), section.pop(f"{name}_file", None)
    if inline is None and file is None:
        return
    where = f"{path}.{name}" if file is None else f"{path}.{name}_file"
    try:
        if inline is not None and file is not None:
            raise _Unusable(f"expected either {name} or {name}_file, got both")
        value = _from_file(file, where, found) if file is not None else _from_text(inline, name, found)
        section[name] = Secret(_one_line(value))
        found.secrets.append(section[name])
    except _Unusable as problem:
        found.problems.append(f"{where}: {problem}")
        section[name] = Secret("")


def _settle_address(section: Section, path: str, found: Found) -> None:
    """`url` of the store or of Alertmanager: plain text unless it holds a password."""
    raw = section.get("url")
    if raw is None and "url_file" not in section:
        return
    if isinstance(raw, str) and "url_file" not in section:
        literal = any(not _ENV.search(word) for word in passwords_in(raw))
        if not _ENV.search(raw) and not literal:
            return
        if literal and not found.literal:
            found.problems.append(f"{path}.url: {_literal('url')}")
            section.pop("url")
            return
    _settle(section, "url", path, found)
    if isinstance(secret := section.get("url"), Secret):
        found.secrets.extend(Secret(word) for word in passwords_in(secret.reveal()) or (secret.reveal(),))
        section["url"] = secret.reveal()
        if not secret.reveal():
            section.pop("url")


def _from_text(value: object, name: str, found: Found) -> str:
    if not isinstance(value, str):
        raise _Unusable(f"expected ${{ENV_NAME}}, or {name}_file with a path, got {_kind(value)}")
    if not _ENV.search(value) and not found.literal:
        raise _Unusable(_literal(name))
    secret = expand(value, found.env)
    if secret.startswith("/") and _is_file(secret):  # as ${CREDENTIALS_DIRECTORY}/NAME is
        raise _Unusable(f"expected a secret, got the path of a file: call the key {name}_file")
    return secret


def _literal(name: str) -> str:
    remedy = f"use {name}_file or ${{ENV_NAME}}, or set allow_literal_secrets: true"
    return f"expected no secret in the file itself, got a literal one: {remedy}"


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # where it lies is not ours to read, or it is no path at all
        return False


def _kind(value: object) -> str:
    return shown(value) if isinstance(value, bool | dict | list) else "a number: put it in quotes"


def expand(text: str, env: Mapping[str, str]) -> str:
    missing = [name for name in _ENV.findall(text) if not env.get(name)]
    if missing:
        raise _Unusable(f"expected the environment variable {missing[0]} to be set, got nothing")
    return _ENV.sub(lambda match: env[match[1]], text)


def _from_file(value: object, where: str, found: Found) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _Unusable(f"expected the path of a file, got {shown(value)}")
    path = found.folder / expand(value, found.env)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # who waits at a pipe waits for ever
            raise _Unusable(f"expected a file with the secret, got {path}: not a regular file")
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET + 1)
        text = raw.decode()
    except UnicodeDecodeError:
        raise _Unusable(f"expected a secret as text, got other bytes in {path}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise _Unusable(f"expected a readable file, got {path}: {reason}") from None
    if len(raw) > MAX_SECRET:
        raise _Unusable(f"expected a secret, got more than {MAX_SECRET // 1024} KiB in {path}")
    if not text.strip():
        raise _Unusable(f"expected a secret, got an empty file {path}")
    if mode & stat.S_IROTH:
        found.warnings.append(
            f"{where}: expected a file that only its owner reads, got one that everybody can read: chmod 600 {path}"
        )
    return text


def _one_line(text: str) -> str:
    value = text.strip()
    if not value:
        raise _Unusable("expected a secret, got an empty text")
    if not value.isprintable() or not value.isascii():
        raise _Unusable("expected a secret of one line of ASCII text, got other characters")
    return value
