"""`check`: every probe once, judged but neither kept nor posted; it may run beside the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.building import build_account, build_watch
from monitor.check_audits import audit, audit_rows
from monitor.check_rows import Row
from monitor.config import Config, PortalConfig, ProviderConfig
from monitor.context import context_of
from monitor.core.binding import Unwatched, unbound_accounts, unwatched
from monitor.core.expiries import terms
from monitor.core.lateness import is_late
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import UP_STATES, ChannelKey, Failure, Reason, State
from monitor.core.reading import FlagSeen, Reading
from monitor.core.turn import Verdict
from monitor.remedies import remedy_of, scopes_remedy, typed
from monitor.shell.clock import Clock
from monitor.shell.http import session
from monitor.shell.store import Store, StoreError
from monitor.shell.watch import Watch

EXIT_WELL, EXIT_WRONG, EXIT_UNKNOWN = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Wrong is what was seen to be wrong; what could not be seen counts only where nothing else does."""
        verdicts = {row.verdict for row in self.rows}
        if "wrong" in verdicts:
            return EXIT_WRONG
        return EXIT_UNKNOWN if "unknown" in verdicts or self.problems or not self.rows else EXIT_WELL


@dataclass(slots=True)
class _Nothing:
    """Neither kept nor shown: a look must not change what the daemon remembers."""

    readings: list[Reading] = field(default_factory=list)

    async def commit(self, portal: str, before: PortalState, judgement: Judgement) -> None:
        del portal, before, judgement

    def polled(
        self, watch: Watch, before: PortalState, readings: Sequence[Reading], judgement: Judgement, seconds: float
    ) -> None:
        del watch, before, judgement, seconds
        self.readings += readings


async def check(config: Config) -> Report:
    """Poll every portal and provider once, side by side."""
    try:
        store = await Store.open(config.store_url, shared=True, key=config.store_key)
    except StoreError as error:
        return Report(rows=(), problems=(str(error),))
    try:
        async with session(allowed=config.allow_link_local) as http:
            return await _look(config, store, http)
    finally:
        await store.close()


async def _look(config: Config, store: Store, http: Any) -> Report:
    clock = Clock()
    context = context_of(config, clock.now())
    silent = _Nothing()
    watches: dict[str, Watch] = {}
    for wish in config.portals:
        state = await store.load_portal(wish.name) or PortalState(portal=wish.name)
        watches[wish.name] = build_watch(
            wish, state, context, http=http, store=store, clock=clock, views=(silent, silent)
        )
    async with asyncio.TaskGroup() as group:
        for watch in watches.values():
            group.create_task(_all_of(watch, clock))
    told: list[Reading] = []
    for account in config.providers:
        bound = [watches[wish.name] for wish in config.portals if _uses(wish, account)]
        one = build_account(account, lambda _, bound=bound: bound, http=http, clock=clock)  # type: ignore[misc]
        told.append(await one.poll())
    rows = [row for wish in config.portals for row in rows_of(watches[wish.name], config.language)]
    for account, reading in zip(config.providers, told, strict=True):
        rows += failed_rows("", f"{account.account.name} ({account.account.type})", reading)
    return Report(rows=(*rows, *binding_rows(list(watches.values()), told)))


async def _all_of(watch: Watch, clock: Clock) -> None:
    await watch.poll()
    await audit(watch, clock.now())


def binding_rows(watches: Sequence[Watch], told: Sequence[Reading]) -> list[Row]:
    """Which channels no provider is asked about, and which accounts no channel is bound to. Neither is wrong."""
    left = unbound_accounts(told, [watch.policy for watch in watches])
    rows = [
        _unwatched_row(watch.policy.portal, one)
        for watch in watches
        for one in unwatched(watch.state, watch.policy, left)
    ]
    accounts = [(name, account) for name, several in left.items() for account in several]
    detail = "no channel is bound to this account: name it in `channels`"
    return rows + [
        Row(portal="", subject=f"{name} {account}", verdict="ok", state="unbound", detail=detail)
        for name, account in accounts
    ]


def _unwatched_row(portal: str, one: Unwatched) -> Row:
    detail = f"looks like {one.guess.type}" if one.guess else "no provider is known by its name"
    subject = f"{one.key.connector} line {one.key.line}"
    action = f"channels: {one.entry}" if one.entry else ""
    return Row(portal=portal, subject=subject, verdict="ok", state="unwatched", detail=detail, action=action)


def _uses(wish: PortalConfig, account: ProviderConfig) -> bool:
    return any(channel.provider == account.account.name for channel in wish.policy.channels.values())


def rows_of(watch: Watch, language: str) -> list[Row]:
    """What one portal's look brought: the portal itself, its channels, what is guaranteed, those who wait."""
    state = watch.state
    rows = [_portal_row(state, webhook=watch.policy.webhook_only)]
    if watch.policy.webhook_only:
        detail = "a webhook cannot see connectors: register a local application"
        rows.append(Row(portal=state.portal, subject="channels", verdict="ok", state="not visible", detail=detail))
    failing = bool(state.memory.failed or state.memory.denied)
    if not failing:
        for reading in watch.readings.values():
            rows += failed_rows(state.portal, reading.probe, reading, webhook=watch.policy.webhook_only)
    flags = _flags_seen(watch)
    for memory in state.channels.values():
        if not memory.gone:
            stale = failing or memory.channel.key not in flags
            rows.append(_channel_row(state.portal, memory, language, stale=stale, webhook=watch.policy.webhook_only))
    rows += audit_rows(watch, language, _now(watch))
    rows += _expired_rows(watch)
    open_turns = [turn for turn in state.turns.values() if turn.verdict is Verdict.OPEN and watch.readings]
    late = [turn for turn in open_turns if is_late(turn, state, watch.policy, _now(watch))]
    if late:
        text = f"{len(late)} {'customer waits' if len(late) == 1 else 'customers wait'} beyond the target"
        asked = f"see who: {typed('replies', state.portal)}"
        overdue = Row(
            portal=state.portal, subject="replies", verdict="wrong", state="overdue", detail=text, action=asked
        )
        rows.append(overdue)
    return rows


def failed_rows(portal: str, subject: str, reading: Reading, *, webhook: bool = False) -> list[Row]:
    """What this look could not see, each reason once: nobody may take it for well."""
    failures = (reading.failure,) if reading.failure is not None else reading.failures
    told = {_told(one): one for one in failures}
    actions = {
        detail: remedy_of(one, portal, webhook=webhook) if reading.source == "bitrix24" else ""
        for detail, one in told.items()
    }
    return [
        Row(portal=portal, subject=subject, verdict="unknown", state="not read", detail=detail, action=action)
        for detail, action in actions.items()
    ]


def _told(failure: Failure) -> str:
    return " ".join(filter(None, (failure.reason.value, failure.code, failure.detail)))


def _flags_seen(watch: Watch) -> set[ChannelKey]:
    """Of which channels the portal has told the flag in this look."""
    readings = [reading for reading in watch.readings.values() if reading.failure is None]
    return {one.key for reading in readings for one in reading.findings if isinstance(one, FlagSeen)}


def _expired_rows(watch: Watch) -> list[Row]:
    now, portal = _now(watch), watch.policy.portal
    return [
        Row(
            portal=portal,
            subject=term.subject,
            verdict="wrong",
            state="expired",
            since=term.at.isoformat(),
            action="renew it; a date that stands in the configuration is corrected there",
        )
        for term in terms(watch.state, watch.policy)
        if term.at <= now
    ]


def _now(watch: Watch) -> Any:
    return max(reading.at for reading in watch.readings.values())


def _portal_row(state: PortalState, *, webhook: bool) -> Row:
    memory = state.memory
    failure = memory.last_failure
    if failure is not None:
        return Row(
            portal=state.portal,
            subject="portal",
            verdict="unknown",
            state="denied" if failure.reason is Reason.DENIED else "not reached",
            detail=_told(failure),
            action=remedy_of(failure, state.portal, webhook=webhook),
        )
    if memory.missing_scopes:
        detail = f"missing scopes: {', '.join(memory.missing_scopes)}"
        action = scopes_remedy(state.portal, webhook=webhook)
        return Row(
            portal=state.portal, subject="portal", verdict="wrong", state="reached", detail=detail, action=action
        )
    return Row(portal=state.portal, subject="portal", verdict="ok", state="reached")


def _channel_row(portal: str, memory: Any, language: str, *, stale: bool, webhook: bool) -> Row:
    diagnosis = memory.diagnosis
    verdict = "ok" if diagnosis.state in UP_STATES else "wrong"
    if stale or diagnosis.state in {State.UNKNOWN, State.UNREACHABLE, State.CONNECTING}:
        verdict = "ok" if webhook else "unknown"
    return Row(
        portal=portal,
        subject=f"{memory.channel.connector} line {memory.channel.line}",
        verdict=verdict,
        state=diagnosis.state.value,
        detail=f"{memory.channel.messenger.value}, {diagnosis.certainty.value}",
        since=memory.since.isoformat(timespec="seconds"),
        actor="" if verdict == "ok" or diagnosis.actor == "nobody" else diagnosis.actor,
        action=diagnosis.action_ru if language == "ru" else diagnosis.action_en,
    )
