"""One portal's REST as one awaitable `call`: gathered, authorised, held back where the portal has said no."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

import aiohttp

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import batch
from monitor.shell.authority import Authority
from monitor.shell.batch import NAMES, Command, Envelope, Meter, Outcome
from monitor.shell.clock import Clock
from monitor.shell.credentials import Credentials, OAuthKeys, Webhook
from monitor.shell.endpoint import Endpoint, is_redirect
from monitor.shell.gathering import Gathering
from monitor.shell.holds import Holds
from monitor.shell.oauth import TokenServer, oauth_url
from monitor.shell.pacer import Pacer, Rate
from monitor.shell.rest import Rest, Usage, free
from monitor.shell.vault import Tokens, Vault
from monitor.shell.wire import MAX_ANSWER, Limits, Trust

EXPIRED = "expired_token"


class Portal:
    """`await portal(method, params)` is the command's `result`; every failure is a CallFailed without a secret."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        credentials: Credentials,
        http: aiohttp.ClientSession,
        vault: Vault,
        clock: Clock,
        rate: Rate | None = None,
        timeout: timedelta = timedelta(seconds=20),
        trusted: Trust = True,
        max_answer: int = MAX_ANSWER,
        permit: Callable[[], None] = free,
    ) -> None:
        self.usage = Usage()
        self.pacer = Pacer(rate or Rate(), clock.monotonic)
        limits = Limits(timeout=timeout, trusted=trusted, max_answer=max_answer)
        self._rest = Rest(http=http, pacer=self.pacer, usage=self.usage, clock=clock, limits=limits, permit=permit)
        self._endpoint = Endpoint(name, url)
        self._holds = Holds(clock.now)
        self._asked_before: dict[int, tuple[Any, Sequence[Command] | None]] = {}  # by place among the parts
        self._gathering = Gathering(self._send)
        self.alone = Alone(self._gathering)
        self._webhook = credentials if isinstance(credentials, Webhook) else None
        self._authority: Authority | None = None
        if isinstance(credentials, OAuthKeys):
            address = oauth_url(credentials, url)
            server = TokenServer(http=http, url=address, keys=credentials, limits=limits)
            self._authority = Authority(portal=name, server=server, vault=vault, clock=clock)

    async def __call__(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The command's `result`, or CallFailed. Meant for reading: it may be sent twice."""
        return await self._gathering.ask(batch.command(method, params))

    async def several(
        self, questions: Iterable[tuple[str, Mapping[str, Any] | None]], *, unread: bool = False
    ) -> list[Any]:
        """Results in the order of the questions; a Failure stands where one was not answered."""
        commands = [batch.command(method, params, unread=unread) for method, params in questions]
        return await self._gathering.ask_all(commands)

    async def together(self, parts: Sequence[Sequence[tuple[str, Mapping[str, Any] | None]]]) -> list[list[Any]]:
        """What several ask in one piece, without waiting for company: each one's results, rows unread."""
        commands = [self._written(place, part) for place, part in enumerate(parts)]
        told = iter(await self._gathering.ask_at_once([one for part in commands for one in part]))
        return [list(islice(told, len(part))) for part in commands]

    def _written(self, place: int, questions: Sequence[tuple[str, Mapping[str, Any] | None]]) -> Sequence[Command]:
        """The very questions of the last time are not written again; what is asked but once is not kept in writing."""
        before, written = self._asked_before.get(place, (None, None))
        if before is questions and written is not None:
            return written
        commands = [batch.command(method, params, unread=True) for method, params in questions]
        if type(questions) is tuple:  # a list is made anew each time: it is not worth its memory
            self._asked_before[place] = (questions, commands if before is questions else None)
        return commands

    def retry_now(self) -> None:
        """End the slow retry and the wait that was told: the operator has changed something."""
        self._holds.lift()
        self.pacer.open()

    async def _send(self, commands: Sequence[Command]) -> list[Outcome]:
        """Outcomes in order. What is held back is not sent."""
        await self._notice_new_tokens()
        if self._holds.are_none:
            return await self._asked(commands)
        held = [self._holds.of(command.method) for command in commands]
        free = [command for command, failure in zip(commands, held, strict=True) if failure is None]
        answered = iter(await self._asked(free) if free else ())
        return [failure or next(answered) for failure in held]

    async def _notice_new_tokens(self) -> None:
        if self._authority and self._holds.refused and await self._authority.somebody_elses():
            self._holds.lift()

    async def _asked(self, commands: Sequence[Command]) -> list[Outcome]:
        try:
            answer = await self._authorised(commands)
        except CallFailed as error:
            self._holds.request_failed(error.failure)
            raise
        outcomes = batch.outcomes(answer, len(commands))
        self._note(commands, outcomes, answer)
        return outcomes

    def _note(self, commands: Sequence[Command], outcomes: list[Outcome], answer: Envelope) -> None:
        """Of a method that was asked several times the last meter stands for all."""
        times = answer.parts.time if answer.parts is not None else {}
        meters = {one.key: times[name] for name, one in zip(NAMES, commands, strict=False) if name in times}
        meters["batch"] = answer.time
        self._holds.metered(meters)
        for method, told in meters.items():
            spent = told.operating if type(told) is Meter else batch.operating_of(told)
            if spent is not None:
                self.usage.operating[method] = spent
        for index, outcome in enumerate(outcomes):
            if type(outcome) is Failure:
                outcomes[index] = self._holds.failed(commands[index].key, outcome)

    async def _authorised(self, commands: Sequence[Command]) -> Envelope:
        """The answer, after one change of tokens where the present ones turned out to be stale."""
        body = batch.body(commands)
        if self._authority is None:
            return await self._rest.post(self._endpoint.by_webhook(self._webhook), body, commands)
        tokens, partly = await self._authority.tokens(), None
        try:
            answer = await self._post_as(tokens, body, commands)
        except CallFailed as error:
            failure = error.failure
        else:
            if not batch.expired_within(answer):
                return answer
            partly, failure = answer, Failure(reason=Reason.DENIED, code=EXPIRED)
        fresh = await self._fresher(self._authority, tokens, failure)
        if fresh is not None:
            return await self._post_renewed(self._authority, fresh, body, commands)
        if partly is None:
            raise CallFailed(failure)
        return partly

    async def _post_renewed(
        self, authority: Authority, fresh: Tokens, body: dict[str, Any], commands: Sequence[Command]
    ) -> Envelope:
        try:
            answer = await self._post_as(fresh, body, commands)
        except CallFailed as error:
            if error.failure.code.lower() == EXPIRED:
                authority.expired_at_once(fresh)
            raise
        if batch.expired_within(answer):
            authority.expired_at_once(fresh)
        return answer

    @staticmethod
    async def _fresher(authority: Authority, tokens: Tokens, failure: Failure) -> Tokens | None:
        if failure.code.lower() == EXPIRED:
            return await authority.renewed_where_expired(tokens)
        if is_redirect(failure):  # a renamed portal: a renewal tells its new address
            return await authority.renewed_where_spent(tokens)
        if failure.reason is not Reason.DENIED:
            return None
        others = await authority.somebody_elses()
        if others is None and failure.code.lower() == "invalid_token":  # unknown to the portal, as after a restore
            return await authority.renewed_where_spent(tokens)
        return others

    async def _post_as(self, tokens: Tokens, body: dict[str, Any], commands: Sequence[Command]) -> Envelope:
        url = self._endpoint.of(tokens.endpoint)
        try:
            return await self._rest.post(url, {**body, "auth": tokens.access.reveal()}, commands)
        except CallFailed as error:
            self._endpoint.failed(tokens.endpoint, error.failure)
            raise


class Alone:
    """The same portal for one who knows that nobody else asks meanwhile: his questions leave at once."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    async def __call__(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The command's `result`, or CallFailed."""
        (told,) = await self.several([(method, params)])
        if isinstance(told, Failure):
            raise CallFailed(told)
        return told

    async def several(
        self, questions: Iterable[tuple[str, Mapping[str, Any] | None]], *, unread: bool = False
    ) -> list[Any]:
        """Results in the order of the questions; a Failure stands where one was not answered."""
        commands = [batch.command(method, params, unread=unread) for method, params in questions]
        return await self._gathering.ask_at_once(commands)
