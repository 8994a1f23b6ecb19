"""A file that says every key, one change of each, and what a daemon works with once it has adopted a file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import structlog
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import BaseModel

from monitor.config import load
from monitor.config_providers import provider_keys
from monitor.config_shape import Root
from monitor.daemon import Daemon
from monitor.logs import configure
from monitor.receivers import receiver_types
from monitor.secret import Secret
from monitor.shell.clock import Clock
from monitor.shell.http import session
from monitor.shell.passwords import hashed
from monitor.shell.portal import Portal
from monitor.shell.store import Store
from monitor.shell.store_seal import Seal, new_key

NOWHERE, ELSEWHERE = "http://127.0.0.1:9", "http://127.0.0.1:19"  # nobody listens there
AGES = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)


PASSWORDS = [hashed("one"), hashed("two")]
KEYS = [new_key().reveal(), new_key().reveal()]


def hook(key: str) -> str:
    return f"{NOWHERE}/rest/1/{key}/"


def whole(folder: Path) -> dict[str, Any]:
    """Every key that is no alternative of another one."""
    portal = {
        "name": "acme",
        "url": NOWHERE,
        "auth": {
            "client_id": "local.1",
            "client_secret_file": secret(folder, "client", "client-secret-1"),
            "refresh_token_file": secret(folder, "refresh", "refresh-token-1"),
            "oauth_url": NOWHERE,
        },
        "poll": "60s",
        "timeout": "20s",
        "history": "14d",
        "timezone": "Europe/Moscow",
        "targets": {"first": "15m", "next": "30m"},
        "confirmations": {"open": 2, "close": 2, "again": "2s"},
        "settle": "3m",
        "audits": "1h",
        "reminders": {"early": "30d", "then": ["14d", "7d", "1d"]},
        "rate": {"per_second": 2, "burst": 50},
        "ca_file": certificate(folder, "portal.pem"),
        "head": {"user_id": 12},
        "lines": [{"id": 1, "schedule": {"mon-fri": "09:00-18:00", "holidays": "RU"}, "timezone": "Europe/Moscow",
                   "targets": {"first": "10m", "next": "20m"}}],
        "channels": [{"connector": "wz", "line": 1, "messenger": "whatsapp", "provider": "green", "account": "1",
                      "phone_holder": 15,
                      "canary": {"through": "waha", "to": "7@c.us", "account": "2", "every": "12h", "wait": "15m"}}],
        "maintenance": [{"from": "2026-12-30T22:00", "to": "2026-12-31T02:00", "reason": "moving"}],
        "guarantee": {"option": "messengers", "start": "2026-03-01", "end": "2027-03-01", "ended": "2026-09-01",
                      "term": "1y", "service_price": 60_000, "price": 24_000, "currency": "RUB", "review": "14d",
                      "department": 7, "checks": ["crm_notified"]},
        "expiries": [{"subject": "licence", "date": "2026-12-20", "paid_through_us": True}],
        "replies": {"automatic": ["Thank you for writing"], "canned": ["How may I help you?"],
                    "exclude_customers": [990], "campaigns": ["2026-12-01T10:00"], "phone_users": [12],
                    "reaction_ends_turn": False, "call_ends_turn": True, "groups_after": "30m"},
    }  # fmt: skip
    # What a portal says itself is not asked of `defaults`: another one has nothing of its own.
    plain = {"name": "beta", "url": NOWHERE, "auth": {"webhook_url_file": secret(folder, "hook", hook("one"))}}
    return {
        "web": {
            "listen": "127.0.0.1:9460",
            "token_file": secret(folder, "token", "web-token-of-16-characters"),
            "users": [{"name": "olga", "role": "integrator", "portals": ["acme"],
                       "password_hash_file": secret(folder, "olga", PASSWORDS[0])}],
            "external_url": "https://monitor.example",
        },
        "store": {"url": "postgresql://monitor@db/monitor", "key_file": secret(folder, "key", KEYS[0]),
                  "retention": {"turns": "400d", "ledger": "400d", "incidents": "400d"}},
        "alertmanager": {"url": NOWHERE},
        "heartbeat": {"url_file": secret(folder, "beat", f"{NOWHERE}/one"), "every": "60s"},
        "cluster": {"name": "one", "shards": 64, "lease": "30s", "url": "https://one.example"},
        "log": {"format": "json", "level": "error"},
        "language": "ru",
        "allow_literal_secrets": False,
        "allow_plain_http": ["inside.example"],
        "allow_link_local": ["169.254.7.7"],
        "defaults": {key: portal[key] for key in ("poll", "timeout", "history", "timezone", "targets", "confirmations",
                                                  "settle", "audits", "reminders")},
        "portals": [portal, plain],
        "providers": [
            {"name": "green", "type": "green_api", "instance": "1", "url": NOWHERE,
             "token_file": secret(folder, "green", "token-1-long"), "poll": "60s", "timeout": "20s",
             "product": "max", "ca_file": certificate(folder, "p.pem"),
             "partner_token_file": secret(folder, "partner", "partner-1"), "partner_url": NOWHERE},
            {"name": "waha", "type": "waha", "url": NOWHERE, "api_key_file": secret(folder, "waha", "waha-1-long")},
        ],
        "receivers": [
            {"name": "head", "type": "bitrix24", "as": "notify", "to": 12, "audience": "head", "portals": ["acme"],
             "language": "ru", "kinds": ["no_reply"], "hours": "office", "via": "daemon", "digest_at": "09:00",
             "per_day": 20},
            {"name": "duty", "type": "apprise", "url_file": secret(folder, "duty", "json://127.0.0.1:9/1")},
        ],
    }  # fmt: skip


def secret(folder: Path, name: str, value: str) -> str:
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)
    return str(path)


def certificate(folder: Path, name: str) -> str:
    """Another one each time, in the same file."""
    key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ours")])
    made = x509.CertificateBuilder(issuer_name=who, subject_name=who, public_key=key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(AGES[0]).not_valid_after(AGES[1])
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    (folder / name).write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return str(folder / name)


def keys_of(tree: object, path: str = "") -> Iterator[str]:
    """The paths of a tree's leaves: portals[0].targets.first. A schedule and a list of values are one leaf."""
    if isinstance(tree, dict) and not path.endswith(".schedule"):
        for key, value in tree.items():
            yield from keys_of(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list) and tree and isinstance(tree[0], dict):
        for index, value in enumerate(tree):
            yield from keys_of(value, f"{path}[{index}]")
    else:
        yield path


def keys_of_shape(shape: type[BaseModel] = Root, path: str = "") -> Iterator[str]:
    """The same of what may be written, [] for an entry of any list."""
    for name, field in shape.model_fields.items():
        place = f"{path}.{field.alias or name}" if path else name
        inner = [one for one in _types(field.annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
        listed = "list[" in str(field.annotation)
        if inner:
            yield from keys_of_shape(inner[0], place + "[]" * listed)
        else:
            yield place


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _types(inner)


def own_keys() -> set[str]:
    """Those of the provider and receiver types that the file has."""
    providers = {key for type_ in ("green_api", "waha") for key in (*_all_of(provider_keys(type_)),)}
    receivers = {key for type_ in ("bitrix24", "apprise") for key in (*_all_of(receiver_types()[type_]),)}
    return {f"providers[].{key}" for key in providers} | {f"receivers[].{key}" for key in receivers}


def _all_of(type_: Any) -> tuple[str, ...]:
    return (*type_.required, *type_.optional, *type_.secrets)


def changed(tree: dict[str, Any], path: str, value: object) -> None:
    """Set one leaf; of a secret or a certificate the content of its file."""
    steps = [int(step) if step.isdecimal() else step for step in path.replace("[", ".").replace("]", "").split(".")]
    place: Any = tree
    for step in steps[:-1]:
        place = place[step]
    if str(steps[-1]).endswith("_file") and steps[-1] != "ca_file":
        Path(place[steps[-1]]).write_text(str(value))
    elif steps[-1] == "ca_file":
        certificate(Path(place["ca_file"]).parent, Path(place["ca_file"]).name)
    else:
        place[steps[-1]] = value


def written(folder: Path, tree: dict[str, Any]) -> Path:
    path = folder / "monitor.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True))
    return path


@asynccontextmanager
async def daemon_of(folder: Path, path: Path, clock: Clock | None = None) -> AsyncIterator[Daemon]:
    """As app.py builds it, without a web server; its portals answer nothing."""
    config, clock = load(path), clock or Clock()
    store = await Store.open(f"sqlite:///{folder / 'state.db'}", key=config.store_key)
    log, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        async with session() as http, asyncio.TaskGroup() as group:
            daemon = Daemon(config=config, clock=clock, store=store, http=http, group=group, path=path)
            configure(config.log.format, config.log.level, config.secrets)
            await daemon.adopt(config)
            yield daemon
            await daemon.stop()
    finally:
        structlog.configure(**log)
        root.handlers = handlers
        root.setLevel(level)
        await store.close()


def works_with(daemon: Daemon) -> dict[str, Any]:
    """Everything a running daemon has from its file, where it is used and not where it is kept."""
    (handler,) = logging.getLogger().handlers
    renderer = type(handler.formatter.processors[-1]).__name__  # type: ignore[union-attr]  # structlog's own
    return {
        "portals": {name: _portal(kept) for name, kept in daemon._portals.kept.items()},
        "accounts": {name: _account(kept) for name, kept in daemon._accounts.kept.items()},
        "receivers": daemon.courier._addressees,
        "switch": daemon.heartbeat._switch,
        "alertmanager": daemon.pusher._url,
        "retention": daemon.pruning._retention,
        "key": [daemon._store._seal.is_fresh(Seal(Secret(key)).close(b"{}")) for key in KEYS],
        "log": (structlog.get_config()["wrapper_class"].__name__, logging.getLogger().level, renderer),
        "language": daemon.language,
        "access": daemon.config.web.access,
        "holidays": set(daemon._outcome._context.public_days),
        "restart": (
            daemon.config.web.host,
            daemon.config.web.port,
            daemon.config.store_url,
            daemon.config.cluster,
            daemon.config.allow_link_local,
        ),
    }


def _portal(kept: Any) -> Any:
    client = kept.run.call
    assert isinstance(client, Portal)
    keys = client._webhook or client._authority._server.keys
    server = client._authority._server.url if client._authority else ""
    limits = client._rest.limits
    return (
        kept.run.policy,
        set(kept.run.context.public_days),
        kept.rhythm.every,
        kept.run._deadline,
        client._endpoint._url,
        client.pacer._rate,
        (keys, server),
        (limits.timeout, _trusted(limits.trusted)),
    )


def _account(kept: Any) -> Any:
    limits = kept.run._get._limits
    account = replace(kept.run._account, memory={})
    return account, kept.rhythm.every, kept.run._deadline, kept.run._get._url, limits.timeout, _trusted(limits.trusted)


def _trusted(trusted: Any) -> Any:
    """The serial numbers of authorities of one's own."""
    if trusted is True:
        return ()
    return tuple(one["serialNumber"] for one in trusted.get_ca_certs() if "ours" in str(one["subject"]))
