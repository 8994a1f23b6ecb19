"""The configuration: one YAML file in, one frozen Config out, or every problem at once, each with its path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor import config_shape as shape
from monitor.config_providers import entry_problems, provider_probes, secrets_of, settings_of
from monitor.config_secrets import reveal, sections
from monitor.config_types import is_loopback, safe_address, shown, split
from monitor.config_values import Config, ConfigProblems, Listen, Logging, PortalConfig, ProviderConfig
from monitor.config_yaml import read_yaml
from monitor.core.model import ChannelKey
from monitor.core.plugin import Account
from monitor.core.policy import (
    ChannelPolicy,
    Expiry,
    Guarantee,
    LinePolicy,
    Maintenance,
    Policy,
    ScheduleRule,
    Targets,
)
from monitor.shell.oauth import Credentials, OAuthKeys, Webhook
from monitor.shell.pacer import Rate

__all__ = ["Config", "ConfigProblems", "PortalConfig", "ProviderConfig", "load", "provider_probes"]

FIRST, NEXT = timedelta(minutes=15), timedelta(minutes=30)
DEFAULT_ZONE = "Europe/Moscow"


def load(path: Path, env: Mapping[str, str] | None = None) -> Config:
    """The file as a Config. ConfigProblems holds every problem of it."""
    tree, found = reveal(read_yaml(path), os.environ if env is None else env, path.parent)
    problems = list(found.problems)
    providers = [row for _, row in sections(tree, "providers")]
    for where, row in sections(tree, "providers"):
        problems += entry_problems(row, where)
    bare = {**tree, "providers": [_common(row) for row in providers]} if "providers" in tree else tree
    root = _validated(bare, problems)
    if root is not None:
        problems += _across(root)
    if problems or root is None:
        raise ConfigProblems(tuple(dict.fromkeys(problems)))
    return _config(root, providers, path, found.warnings, tuple(found.secrets))


def _common(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key in shape.Provider.model_fields}


def _validated(tree: dict[str, Any], problems: list[str]) -> shape.Root | None:
    try:
        return shape.Root.model_validate(tree)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems += _said(detail)
    return None


def _said(detail: ErrorDetails) -> Iterator[str]:
    where, context = _path(detail["loc"]), detail.get("ctx") or {}
    if detail["type"] == "several":
        yield from (f"{_below(where, at)}: {text}" for at, text in context["several"])
    elif detail["type"] == "unexpected":
        yield f"{_below(where, str(context['at']))}: {context['text']}"
    elif detail["type"] == "extra_forbidden":
        yield f"{where}: unknown key{_near(detail['loc'])}"
    elif detail["type"] == "missing":
        yield f"{where}: expected this key, got nothing"
    else:
        yield f"{where}: expected {_wanted(detail)}, got {shown(detail.get('input'))}"


def _wanted(detail: ErrorDetails) -> str:
    message = detail["msg"]
    return message.removeprefix("Input should be ").removeprefix("a valid ") or message


def _path(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def _below(where: str, at: str) -> str:
    return f"{where}{at}" if at.startswith("[") else f"{where}.{at}" if at else where


_SHAPES: dict[str, type[shape.Shape]] = {
    "web": shape.Web,
    "store": shape.Store,
    "alertmanager": shape.Alertmanager,
    "log": shape.Log,
    "defaults": shape.Rhythm,
    "targets": shape.Targets,
    "confirmations": shape.Confirmations,
    "auth": shape.Auth,
    "rate": shape.Rate,
    "head": shape.Head,
    "lines": shape.Line,
    "channels": shape.Channel,
    "maintenance": shape.Maintenance,
    "guarantee": shape.Guarantee,
    "expiries": shape.Expiry,
    "portals": shape.Portal,
    "providers": shape.Provider,
}


def _near(loc: tuple[int | str, ...]) -> str:
    """What the writer may have meant: a key of the same section."""
    owner = next((str(part) for part in reversed(loc[:-1]) if isinstance(part, str)), "")
    fields = _SHAPES.get(owner, shape.Root).model_fields
    known = [field.alias or name for name, field in fields.items()]
    near = get_close_matches(str(loc[-1]), [*known, *(f"{name}_file" for name in known)], n=1)
    return f": did you mean {near[0]}?" if near else f": expected one of {', '.join(known)}"


def _across(root: shape.Root) -> Iterator[str]:
    """What only the whole file can tell."""
    yield from _web_problems(root.web)
    yield from _twice("portals", [one.name for one in root.portals])
    yield from _twice("providers", [one.name for one in root.providers])
    names = {one.name for one in root.providers}
    for index, portal in enumerate(root.portals):
        yield from _plain(f"portals[{index}].url", portal.url, root)
        yield from _plain(f"portals[{index}].auth.oauth_url", portal.auth.oauth_url, root)
        if portal.auth.webhook_url is not None:
            yield from _plain(f"portals[{index}].auth.webhook_url", portal.auth.webhook_url.reveal(), root)
        for place, channel in enumerate(portal.channels):
            if channel.provider is not None and channel.provider not in names:
                known = ", ".join(sorted(names)) or "none"
                where = f"portals[{index}].channels[{place}].provider"
                yield f"{where}: expected the name of an entry of providers ({known}), got {shown(channel.provider)}"
    for index, provider in enumerate(root.providers):
        yield from _plain(f"providers[{index}].url", provider.url, root)
    yield from _plain("alertmanager.url", root.alertmanager.url, root)


def _web_problems(web: shape.Web) -> Iterator[str]:
    host = (split(f"//{web.listen}") or split("//x")).hostname or ""  # type: ignore[union-attr]  # checked before
    if web.token is None and not is_loopback(host):
        yield f"web.token_file: expected a token since {web.listen} is reached from outside, got nothing"


def _plain(where: str, url: str | None, root: shape.Root) -> Iterator[str]:
    parts = split(url) if url else None
    host = parts.hostname or "" if parts else ""
    if parts is None or parts.scheme != "http" or is_loopback(host) or host in root.allow_plain_http:
        return
    if where == "alertmanager.url":
        return  # inside one's own network; no secret goes there
    yield f"{where}: expected https:// beyond this machine, got {safe_address(url)}"


def _twice(where: str, names: list[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{where}[{index}].name: expected each name once, got {name} again"


# --- the frozen outcome -------------------------------------------------------------------------------


def _config(
    root: shape.Root, providers: list[dict[str, Any]], path: Path, warnings: list[str], secrets: tuple[Any, ...]
) -> Config:
    parts = split(f"//{root.web.listen}")
    host, port = (parts.hostname or "127.0.0.1", parts.port or 0) if parts else ("127.0.0.1", 0)
    listen = Listen(host=host, port=port, token=root.web.token, external_url=root.web.external_url or "")
    pages = listen.external_url or f"http://{root.web.listen}"
    types = {one.name: one.type for one in root.providers}
    return Config(
        web=listen,
        store_url=root.store.url,
        alertmanager_url=root.alertmanager.url,
        log=Logging(format=root.log.format, level=root.log.level),
        language=root.language,
        portals=tuple(_portal(one, root, types, pages) for one in root.portals),
        providers=tuple(_provider(one, row, root) for one, row in zip(root.providers, providers, strict=True)),
        source_path=path,
        warnings=tuple(warnings),
        secrets=secrets,
    )


def _portal(portal: shape.Portal, root: shape.Root, types: Mapping[str, str], pages: str) -> PortalConfig:
    defaults = root.defaults
    return PortalConfig(
        name=portal.name,
        url=portal.url,
        credentials=_credentials(portal.auth),
        rate=Rate(per_second=portal.rate.per_second, burst=portal.rate.burst),
        timeout=portal.timeout or defaults.timeout or timedelta(seconds=20),
        ca_file=portal.ca_file,
        policy=_policy(portal, defaults, types, pages, root.language),
    )


def _credentials(auth: shape.Auth) -> Credentials:
    if auth.webhook_url is not None:
        return Webhook(url=auth.webhook_url)
    assert auth.client_id is not None and auth.client_secret is not None  # noqa: S101, PT018 - the shape says so
    return OAuthKeys(
        client_id=auth.client_id,
        client_secret=auth.client_secret,
        refresh_token=auth.refresh_token,
        oauth_url=auth.oauth_url,
    )


def _policy(
    portal: shape.Portal, defaults: shape.Rhythm, types: Mapping[str, str], pages: str, language: str
) -> Policy:
    zone = portal.timezone or defaults.timezone or DEFAULT_ZONE
    targets = _targets(portal.targets, _targets(defaults.targets, Targets(first=FIRST, next=NEXT)))
    return Policy(
        portal=portal.name,
        url=portal.url,
        timezone=zone,
        language=language,
        poll=portal.poll or defaults.poll or timedelta(seconds=60),
        history=_first(portal.history, defaults.history, timedelta(days=14)),
        targets=targets,
        confirm_open=portal.confirmations.open or defaults.confirmations.open or 2,
        confirm_close=portal.confirmations.close or defaults.confirmations.close or 2,
        settle=_first(portal.settle, defaults.settle, timedelta(minutes=3)),
        webhook_only=portal.auth.webhook_url is not None,
        lines={line.id: _line(line, zone, targets) for line in portal.lines},
        channels={ChannelKey(one.line, one.connector.lower()): _channel(one) for one in portal.channels},
        maintenance=tuple(_window(one, zone) for one in portal.maintenance),
        guarantee=_guarantee(portal.guarantee, zone),
        expiries=tuple(_expiry(one, zone) for one in portal.expiries),
        head=portal.head.user_id if portal.head else None,
        provider_types=dict(types),
        pages=pages,
    )


def _first(*spans: timedelta | None) -> timedelta:
    """A span of nothing is a wish too."""
    return next(span for span in spans if span is not None)


def _targets(wish: shape.Targets, otherwise: Targets) -> Targets:
    return Targets(first=wish.first or otherwise.first, next=wish.next or otherwise.next)


def _line(line: shape.Line, zone: str, targets: Targets) -> LinePolicy:
    plan = line.schedule
    rule = None
    if plan is not None:
        rule = ScheduleRule(
            timezone=line.timezone or zone, week=plan.week, holidays=plan.holidays, exceptions=plan.exceptions
        )
    return LinePolicy(schedule=rule, timezone=line.timezone, targets=_targets(line.targets, targets))


def _channel(channel: shape.Channel) -> ChannelPolicy:
    return ChannelPolicy(messenger=channel.messenger, provider=channel.provider, account=channel.account)


def _window(window: shape.Maintenance, zone: str) -> Maintenance:
    return Maintenance(start=_at(window.start, zone), end=_at(window.end, zone), reason=window.reason or "")


def _at(moment: datetime, zone: str) -> datetime:
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)


def _guarantee(wish: shape.Guarantee | None, zone: str) -> Guarantee | None:
    if wish is None:
        return None
    return Guarantee(
        option=wish.option,
        start=_midnight(wish.start, zone),
        end=_midnight(a_year_after(wish.start), zone),
        service_price=wish.service_price,
        currency=wish.currency,
        review=wish.review,
        department=wish.department,
    )


def a_year_after(day: date) -> date:
    """The same day of the next year; 29 February ends on 1 March."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def _expiry(wish: shape.Expiry, zone: str) -> Expiry:
    return Expiry(subject=wish.subject, at=_midnight(wish.date, zone), paid_through_us=wish.paid_through_us)


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _provider(one: shape.Provider, row: dict[str, Any], root: shape.Root) -> ProviderConfig:
    probe = provider_probes()[one.type]
    bound = {channel.account for portal in root.portals for channel in portal.channels if channel.provider == one.name}
    account = Account(
        name=one.name,
        type=one.type,
        url=(one.url or probe.default_url).rstrip("/"),
        settings=settings_of(row),
        secrets=secrets_of(row),
        accounts=tuple(sorted(filter(None, bound))),
    )
    return ProviderConfig(
        account=account,
        poll=max(one.poll or root.defaults.poll or timedelta(seconds=60), probe.fastest),
        timeout=one.timeout or root.defaults.timeout or timedelta(seconds=20),
        ca_file=one.ca_file,
    )
