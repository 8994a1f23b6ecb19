"""One provider account under watch: asked once for all its channels, on every portal that has one of them."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from monitor.core.model import CallFailed, Failure, Reason, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.policy import CanaryRule
from monitor.core.reading import AccountNoted, ProviderSeen, Reading
from monitor.shell.clock import Clock
from monitor.shell.resting import Resting
from monitor.shell.watch import Watch
from probes._words import untrusted

log = structlog.get_logger()


class AccountWatch:
    """Runs one provider's probe and hands what it read to the portals concerned."""

    def __init__(
        self,
        *,
        account: Account,
        probe: ProviderProbe,
        get: Get,
        watches: Callable[[str], Iterable[Watch]],
        clock: Clock,
        deadline: timedelta,
    ) -> None:
        self._account, self._probe, self._get = account, probe, get
        self._asking = Resting(get, clock)
        self._watches, self._clock, self._deadline = watches, clock, deadline
        self._failing: frozenset[str] = frozenset()  # the questions that do, "" = the poll as a whole
        self._blind = False  # the last poll told nothing
        self._refused: Reading | None = None  # the refusal that named a moment to ask again
        self.told: Reading | None = None  # the last whole answer, for what stands unbound

    async def poll(self) -> Reading:
        """Ask and hand on. Until the moment that the vendor named for its next chance it is not asked at all."""
        if self._refused is not None and _rests(self._refused, self._clock.now()):
            return self._refused
        started = self._clock.monotonic()
        reading = await self._read()
        self._blind = reading.failure is not None
        if reading.failure is not None:
            reading = untrusted(self._account, reading.at, reading.failure) or reading
        self._refused = reading if reading.failure is not None and reading.failure.retry_at is not None else None
        await self._hand_on(reading, seconds=self._clock.monotonic() - started)
        return reading

    def ask_again(self) -> bool:
        """Let the next poll ask though the vendor wants time: after a reload. Whether it rested."""
        rested, self._refused = self._refused, None
        return self._asking.wake() or rested is not None

    def again(self) -> None:
        """A vendor is asked at his own pace alone."""

    async def hear(self, key: str, body: object) -> bool:
        """A webhook body of the vendor, taken only with the account's `hook_key`; False = nobody here takes it."""
        ours = self._account.secrets.get("hook_key", "")
        if self._probe.hear is None or not ours or not hmac.compare_digest(key.encode(), ours.encode()):
            return False
        reading = self._probe.hear(body, self._account, self._clock.now())
        if reading is not None:
            self._account = replace(self._account, memory=reading.remember or self._account.memory)
            await self._hand_on(reading, seconds=0.0)
        return True

    def sender(self, rule: CanaryRule) -> str | None:
        """The account that can send now by the vendor's last word; one that is off would only queue it."""
        told = self.told.findings if self.told is not None and not self._blind else ()
        mine = [one for one in told if isinstance(one, ProviderSeen) and rule.account in (None, one.account)]
        return mine[0].account if len(mine) == 1 and mine[0].state is State.CONNECTED else None

    async def send(self, sender: str, to: str, text: str) -> str:
        """A test message. Why it was not taken, "" = it was."""
        if self._probe.send is None:
            return "no_sending"
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                await self._probe.send(self._get, self._account, sender=sender, to=to, text=text)
        except CallFailed as error:
            return f"{error.failure.reason.value} {error.failure.code}".rstrip()
        except TimeoutError:
            return Reason.TIMEOUT.value
        except MemoryError:
            raise
        except Exception:  # a probe's bug is contained where probes are run
            log.exception("probe.broke", provider=self._account.name, probe=self._probe.type)
            return Reason.BUG.value
        return ""

    async def _hand_on(self, reading: Reading, *, seconds: float) -> None:
        self._tell(reading)
        reading = replace(reading, account=self._account.name)
        if reading.failure is None and self._probe.keeps:
            reading = replace(reading, findings=(*reading.findings, self._noted()))
        for watch in self._watches(self._account.name):
            await watch.take([reading], seconds=seconds)

    def _noted(self) -> AccountNoted:
        account = self._account
        told = {key: _bound(account.memory.get(key), account.accounts) for key in self._probe.keeps}
        kept = {key: value for key, value in told.items() if value}
        return AccountNoted(provider=account.name, type=account.type, kept=kept)

    async def _read(self) -> Reading:
        asked = self._clock.now()
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                answers: Any = await self._probe.ask(self._asking, self._account)
            reading = self._probe.read(answers, self._account, self._clock.now())
        except CallFailed as error:
            failure = error.failure
        except TimeoutError:
            failure = Failure(reason=Reason.TIMEOUT, detail="the provider did not answer in time")
        except MemoryError:
            raise
        except Exception as error:  # a probe's bug is contained where probes are run
            log.exception("probe.broke", provider=self._account.name, probe=self._probe.type)
            failure = Failure(reason=Reason.BUG, code=type(error).__name__)
        else:
            self._account = replace(self._account, memory=getattr(reading, "remember", None) or self._account.memory)
            self.told = reading if reading.failure is None else self.told
            return reading
        return Reading(probe=self._probe.type, source=self._probe.type, at=asked, failure=failure)

    def _tell(self, reading: Reading) -> None:
        """Each question that fails is told once, until all are answered again."""
        failing = {_question(reading, one): one for one in (reading.failure, *reading.failures) if one is not None}
        for question in failing.keys() - self._failing:
            one = failing[question]
            told = {"reason": one.reason, "code": one.code, "detail": one.detail}
            log.warning("provider.failing", provider=self._account.name, **told)
        if self._failing and not failing:
            log.info("provider.recovered", provider=self._account.name)
        self._failing = self._failing | failing.keys() if failing else frozenset()
        for word in reading.news:
            log.warning("provider.unknown_word", provider=self._account.name, word=word[:100])


def _question(reading: Reading, failure: Failure) -> str:
    """A question beside the main one stands at the beginning of what is told of it (probes/_beside.py)."""
    return "" if failure is reading.failure else failure.detail.partition(":")[0]


def _bound(value: Any, accounts: tuple[str, ...]) -> Any:
    """Of what is remembered by account only that of the bound ones: others are nobody's to keep."""
    return {key: one for key, one in value.items() if key in accounts} if isinstance(value, dict) else value


def _rests(refused: Reading, now: datetime) -> bool:
    until = refused.failure.retry_at if refused.failure is not None else None
    return until is not None and now < until
