"""From the checked keys to the values that the daemon uses: defaults applied, times in their zones, names resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from socket import gethostname
from typing import Any
from zoneinfo import ZoneInfo

from monitor import config_promises as promises
from monitor import config_shape as shape
from monitor.config_polls import poll_of
from monitor.config_providers import provider_keys, provider_probes, secrets_of, settings_of
from monitor.config_receivers import Addressee, addressee
from monitor.config_replies import options_of
from monitor.config_schedule import WeekPlan
from monitor.config_types import split
from monitor.config_values import (
    Cluster,
    Config,
    Listen,
    Logging,
    PortalConfig,
    ProviderConfig,
    own_address,
)
from monitor.config_web import User as WebUser
from monitor.config_web import Web
from monitor.core import policy
from monitor.core.guarantee import usual_checks, year_after
from monitor.core.model import ChannelKey
from monitor.core.plugin import Account
from monitor.secret import Secret
from monitor.shell.credentials import Credentials, OAuthKeys, Webhook
from monitor.shell.pacer import Rate
from monitor.shell.retention import Retention
from monitor.shell.switch import Switch
from monitor.shell.visitors import Role, User

_TIMEOUT = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What one portal takes from the rest of the file."""

    defaults: shape.Rhythm
    language: str
    pages: str
    provider_types: Mapping[str, str]
    folder: Path
    addressees: tuple[Addressee, ...] = ()


def build(root: shape.Root, tree: Mapping[str, Any], path: Path) -> Config:
    """`tree` still holds the providers' own keys."""
    web = _listen(root.web)
    frame = Frame(
        defaults=root.defaults,
        language=root.language,
        pages=web.external_url,
        provider_types={provider.name: provider.type for provider in root.providers},
        folder=path.parent,
        addressees=_addressees(root, tree),
    )
    addressees = frame.addressees
    entries = zip(root.providers, tree.get("providers", ()), strict=True)
    return Config(
        web=web,
        store_url=root.store.url,
        alertmanager_url=root.alertmanager.url if root.alertmanager else None,
        log=Logging(format=root.log.format, level=root.log.level),
        language=root.language,
        portals=tuple(_portal(portal, frame) for portal in root.portals),
        providers=tuple(
            _provider(one, entry, root, path.parent) for one, entry in entries if one.type in provider_probes()
        ),
        source_path=path,
        allow_link_local=frozenset(root.allow_link_local),
        store_key=root.store.key,
        retention=Retention(
            turns=root.store.retention.turns,
            ledger=root.store.retention.ledger,
            incidents=root.store.retention.incidents,
        ),
        receivers=addressees,
        heartbeat=Switch(url=root.heartbeat.url, every=root.heartbeat.every) if root.heartbeat else None,
        cluster=_cluster(root.cluster) if root.cluster else None,
    )


def _cluster(one: shape.Cluster) -> Cluster:
    name = one.name or gethostname()[:40]
    return Cluster(name=name, shards=one.shards, lease=one.lease, url=(one.url or "").replace("{name}", name))


def _addressees(root: shape.Root, tree: Mapping[str, Any]) -> tuple[Addressee, ...]:
    entries = zip(root.receivers, tree.get("receivers", ()), strict=True)
    return tuple(addressee(one, entry, root.language) for one, entry in entries)


def _listen(web: Web) -> Listen:
    parts = split(f"//{web.listen}")
    host, port = (parts.hostname or "0.0.0.0", parts.port or 0) if parts else ("127.0.0.1", 9460)  # noqa: S104 - asked for
    users = tuple(_user(user) for user in web.users)
    url = web.external_url or own_address(host, port)
    return Listen(host=host, port=port, token=web.token, users=users, external_url=url)


def _user(user: WebUser) -> User:
    portals = frozenset(user.portals) if user.portals else None
    return User(name=user.name, password_hash=user.password_hash, role=Role(user.role), portals=portals)


def _portal(portal: shape.Portal, frame: Frame) -> PortalConfig:
    return PortalConfig(
        name=portal.name,
        url=portal.url,
        credentials=_credentials(portal.auth),
        rate=Rate(per_second=portal.rate.per_second, burst=portal.rate.burst),
        timeout=portal.timeout or frame.defaults.timeout or _TIMEOUT,
        ca_file=frame.folder / portal.ca_file if portal.ca_file else None,
        ca_digest=_digest(frame.folder, portal.ca_file),
        policy=_policy(portal, frame),
    )


def _digest(folder: Path, file: Path | None) -> str:
    """Of what a file holds now; it was read before, so one that is gone meanwhile is not our finding."""
    try:
        return sha256((folder / file).read_bytes()).hexdigest() if file else ""
    except OSError:
        return ""


def _credentials(auth: shape.Auth) -> Credentials:
    if auth.webhook_url is not None:
        return Webhook(url=auth.webhook_url)
    return OAuthKeys(
        client_id=auth.client_id or "",
        client_secret=auth.client_secret or Secret(""),
        refresh_token=auth.refresh_token,
        oauth_url=auth.oauth_url,
    )


def _policy(portal: shape.Portal, frame: Frame) -> policy.Policy:
    usual = policy.Policy(portal=portal.name, url=portal.url, timezone="UTC")
    defaults = frame.defaults
    zone = portal.timezone or defaults.timezone or "Europe/Moscow"
    targets = _targets(portal.targets, _targets(defaults.targets, usual.targets))
    open_, close = portal.confirmations.open, portal.confirmations.close
    return policy.Policy(
        portal=portal.name,
        url=portal.url,
        timezone=zone,
        language=frame.language,
        poll=portal.poll or defaults.poll or usual.poll,
        history=_first(portal.history, defaults.history, usual.history),
        targets=targets,
        confirm_open=open_ or defaults.confirmations.open or usual.confirm_open,
        confirm_close=close or defaults.confirmations.close or usual.confirm_close,
        confirm_again=_first(portal.confirmations.again, defaults.confirmations.again, usual.confirm_again),
        settle=_first(portal.settle, defaults.settle, usual.settle),
        webhook_only=portal.auth.webhook_url is not None,
        lines={line.id: _line(line, zone, targets) for line in portal.lines},
        channels={
            ChannelKey(channel.line, channel.connector.lower()): _channel(channel) for channel in portal.channels
        },
        maintenance=tuple(_maintenance(window, ZoneInfo(zone)) for window in portal.maintenance),
        guarantee=_guarantee(portal.guarantee, ZoneInfo(zone)),
        expiries=tuple(_expiry(expiry, ZoneInfo(zone)) for expiry in portal.expiries),
        ladder=_ladder(portal.reminders, defaults.reminders),
        audits=portal.audits or defaults.audits or usual.audits,
        head=portal.head.user_id if portal.head else None,
        receivers=tuple(one.rule for one in frame.addressees if one.portals is None or portal.name in one.portals),
        replies=options_of(portal.replies, ZoneInfo(zone)),
        provider_types=frame.provider_types,
        pages=frame.pages,
    )


def _first(*spans: timedelta | None) -> timedelta:
    """Zero counts as said."""
    return next(span for span in spans if span is not None)


def _targets(said: shape.Targets, inherited: policy.Targets) -> policy.Targets:
    return policy.Targets(first=said.first or inherited.first, next=said.next or inherited.next)


def _line(line: shape.Line, zone: str, targets: policy.Targets) -> policy.LinePolicy:
    own = line.targets.first is not None or line.targets.next is not None
    return policy.LinePolicy(
        schedule=_schedule(line.schedule, line.timezone or zone),
        timezone=line.timezone,
        targets=_targets(line.targets, targets) if own else None,
    )


def _schedule(plan: WeekPlan | None, zone: str) -> policy.ScheduleRule | None:
    if plan is None:
        return None
    return policy.ScheduleRule(timezone=zone, week=plan.week, holidays=plan.holidays, exceptions=plan.exceptions)


def _channel(channel: shape.Channel) -> policy.ChannelPolicy:
    return policy.ChannelPolicy(
        messenger=channel.messenger,
        provider=channel.provider,
        account=channel.account,
        phone_holder=channel.phone_holder,
        canary=_canary(channel.canary) if channel.canary else None,
    )


def _canary(canary: shape.Canary) -> policy.CanaryRule:
    return policy.CanaryRule(
        through=canary.through, to=canary.to, account=canary.account, every=canary.every, wait=canary.wait
    )


def _maintenance(window: shape.Maintenance, zone: ZoneInfo) -> policy.Maintenance:
    return policy.Maintenance(
        start=_aware(window.start, zone), end=_aware(window.end, zone), reason=window.reason or ""
    )


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _aware(datetime.combine(day, time()), zone)


def _guarantee(guarantee: promises.Guarantee | None, zone: ZoneInfo) -> policy.Guarantee | None:
    if guarantee is None:
        return None
    return policy.Guarantee(
        option=guarantee.option,
        start=_midnight(guarantee.start, zone),
        end=_midnight(year_after(guarantee.start), zone),
        service_price=guarantee.service_price,
        currency=guarantee.currency,
        review=guarantee.review,
        department=guarantee.department,
        ended=_midnight(guarantee.ended, zone) if guarantee.ended else None,
        price=guarantee.price,
        checks=usual_checks(guarantee.option) if guarantee.checks is None else tuple(guarantee.checks),
    )


def _ladder(*wishes: promises.Reminders | None) -> policy.Ladder:
    wish = next((wish for wish in wishes if wish is not None), None)
    if wish is None:
        return policy.Ladder()
    first, second, third = wish.then
    return policy.Ladder(early=wish.early, reminders=(first, second, third))


def _expiry(expiry: promises.Expiry, zone: ZoneInfo) -> policy.Expiry:
    return policy.Expiry(
        subject=expiry.subject, at=_midnight(expiry.date, zone), paid_through_us=expiry.paid_through_us
    )


def _accounts_named(channel: shape.Channel) -> tuple[tuple[str | None, str | None], ...]:
    own = (channel.provider, channel.account)
    return (own, (channel.canary.through, channel.canary.account)) if channel.canary else (own,)


def _provider(provider: shape.Provider, entry: Mapping[str, Any], root: shape.Root, folder: Path) -> ProviderConfig:
    keys = provider_keys(provider.type)
    bound = {
        account
        for portal in root.portals
        for channel in portal.channels
        for name, account in _accounts_named(channel)
        if name == provider.name and account
    }
    account = Account(
        name=provider.name,
        type=str(provider.type),
        url=provider.url or keys.default_url,
        settings=settings_of(entry),
        secrets=secrets_of(entry),
        accounts=tuple(sorted(bound)),
    )
    return ProviderConfig(
        account=account,
        poll=poll_of(provider, root),
        timeout=provider.timeout or root.defaults.timeout or _TIMEOUT,
        ca_file=folder / provider.ca_file if provider.ca_file else None,
        ca_digest=_digest(folder, provider.ca_file),
    )
