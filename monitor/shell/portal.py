"""One portal's REST as one awaitable `call`: gathered, authorised, held back where the portal has said no."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import chain, islice
from typing import Any

import aiohttp

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import batch
from monitor.shell.authority import Authority
from monitor.shell.batch import Answered, Command, Outcome
from monitor.shell.clock import Clock
from monitor.shell.endpoint import Endpoint, is_redirect
from monitor.shell.gathering import Gathering
from monitor.shell.holds import Holds
from monitor.shell.oauth import Credentials, OAuthKeys, TokenServer, Webhook, oauth_url
from monitor.shell.pacer import Pacer, Rate
from monitor.shell.rest import Rest, Usage, free
from monitor.shell.vault import Tokens, Vault
from monitor.shell.wire import MAX_ANSWER, Limits, Trust


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
        """The command's `result`, or CallFailed."""
        return (await self.ask(method, params)).result

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Answered:
        """The command's whole answer, or CallFailed. Meant for reading: it may be sent twice."""
        return await self._gathering.ask(batch.command(method, params))

    async def several(
        self, questions: Iterable[tuple[str, Mapping[str, Any] | None]], *, unread: bool = False
    ) -> list[Any]:
        """Results in the order of the questions; a Failure stands where one was not answered."""
        commands = [batch.command(method, params, unread=unread) for method, params in questions]
        return list(map(_told, await self._gathering.ask_all(commands)))

    async def together(self, parts: Sequence[Sequence[tuple[str, Mapping[str, Any] | None]]]) -> list[list[Any]]:
        """What several ask in one piece, without waiting for company: each one's results, rows unread."""
        commands = [self._written(place, part) for place, part in enumerate(parts)]
        told = map(_told, await self._gathering.ask_at_once(list(chain.from_iterable(commands))))
        return [list(islice(told, len(part))) for part in commands]

    def _written(self, place: int, questions: Sequence[tuple[str, Mapping[str, Any] | None]]) -> Sequence[Command]:
        """The very questions of the last time are not written again; what is asked but once is not kept in writing."""
        before, written = self._asked_before.get(place, (None, None))
        if before is questions and written is not None:
            return written
        commands = [batch.command(method, params, unread=True) for method, params in questions]
        self._asked_before[place] = (questions, commands if before is questions else None)
        return commands

    def retry_now(self) -> None:
        """End the slow retry: the operator has changed something."""
        self._holds.lift()

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
        self._note(commands, outcomes, answer.get("time"))
        return outcomes

    def _note(self, commands: Sequence[Command], outcomes: list[Outcome], time: Any) -> None:
        """Of a method that was asked several times the last meter stands for all."""
        meters = {"batch": time}
        for index, outcome in enumerate(outcomes):
            if type(outcome) is Answered:
                meters[commands[index].key] = outcome.time
            elif isinstance(outcome, Failure):
                outcomes[index] = self._holds.failed(commands[index].key, outcome)
        for method, told in meters.items():
            self._holds.metered(method, told)
            spent = batch.operating_of(told)
            if spent is not None:
                self.usage.operating[method] = spent

    async def _authorised(self, commands: Sequence[Command]) -> dict[str, Any]:
        """The answer, after one change of tokens where the present ones turned out to be stale."""
        body = batch.body(commands)
        if self._authority is None:
            return await self._rest.post(self._endpoint.by_webhook(self._webhook), body, commands)
        tokens = await self._authority.tokens()
        try:
            answer = await self._post_as(tokens, body, commands)
        except CallFailed as error:
            failure = error.failure
        else:
            if not batch.expired_within(answer):
                return answer
            failure = Failure(reason=Reason.DENIED, code="expired_token")
        fresh = await self._fresher(self._authority, tokens, failure)
        if fresh is None:
            raise CallFailed(failure)
        return await self._post_as(fresh, body, commands)

    @staticmethod
    async def _fresher(authority: Authority, tokens: Tokens, failure: Failure) -> Tokens | None:
        if failure.code.lower() == "expired_token":
            return await authority.renewed(stale=tokens)
        if is_redirect(failure):  # a renamed portal: a renewal tells its new address
            return await authority.renewed_where_spent(tokens)
        if failure.reason is not Reason.DENIED:
            return None
        others = await authority.somebody_elses()
        if others is None and failure.code.lower() == "invalid_token":  # unknown to the portal, as after a restore
            return await authority.renewed_where_spent(tokens)
        return others

    async def _post_as(self, tokens: Tokens, body: dict[str, Any], commands: Sequence[Command]) -> dict[str, Any]:
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
        return list(map(_told, await self._gathering.ask_at_once(commands)))


def _told(outcome: Outcome) -> Any:
    return outcome.result if type(outcome) is Answered else outcome
