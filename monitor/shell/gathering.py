"""Calls of one tick leave together: whoever asks first sends for all who ask in the same turns of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import batch
from monitor.shell.batch import Command, Outcome

# Loop turns in which the probes of one tick get their questions out, also through a gather or a TaskGroup of theirs.
GATHERING_TURNS = 5

# What hits one request of a tick with these hits the next one too: it is not worth its time.
EVERYONES = frozenset({Reason.TIMEOUT, Reason.UNREACHABLE, Reason.THROTTLED, Reason.DENIED})

Send = Callable[[Sequence[Command]], Awaitable[list[Outcome]]]
Place = asyncio.Future[Outcome]
GAVE_UP: Outcome = object()  # who sent for us did


class Gathering:
    """Collects commands and hands them on as batches, one batch after another, never two at once.

    `send` answers at most 50 commands in their order; its CallFailed is every waiting command's. If the one who
    sends for all is cancelled, the others ask again: commands must bear being asked twice.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[tuple[Command, Place]] = []
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, command: Command) -> Any:
        """The command's result, or CallFailed."""
        (outcome,) = await self.ask_all([command])
        if isinstance(outcome, Failure):
            raise CallFailed(outcome)
        return outcome

    async def ask_all(self, commands: Sequence[Command]) -> list[Outcome]:
        """Every command's answer or failure, in their order."""
        told: dict[int, Outcome] = {}
        while missing := [index for index in range(len(commands)) if index not in told]:
            outcomes = await self._outcomes([commands[index] for index in missing])
            told |= {index: one for index, one in zip(missing, outcomes, strict=True) if one is not GAVE_UP}
        return [told[index] for index in range(len(commands))]

    async def ask_at_once(self, commands: Sequence[Command]) -> list[Outcome]:
        """The same, without waiting for others to ask something too."""
        async with self._one_at_a_time:
            if batch.is_one(commands):
                return await self._answers(commands)
            outcomes: dict[int, Outcome] = {}
            async for indices, told in self._batches(commands):
                outcomes.update(zip(indices, told, strict=True))
            return [outcomes[index] for index in range(len(commands))]

    async def _answers(self, commands: Sequence[Command]) -> list[Outcome]:
        """Of one batch."""
        try:
            return await self._send(commands)
        except CallFailed as error:
            return [error.failure] * len(commands)

    async def _outcomes(self, commands: Sequence[Command]) -> list[Outcome]:
        loop = asyncio.get_running_loop()
        places: list[Place] = [loop.create_future() for _ in commands]
        is_first = not self._waiting
        self._waiting += zip(commands, places, strict=True)
        if is_first:
            await self._send_for_all()
        return [await place for place in places]

    async def _send_for_all(self) -> None:
        taken: list[tuple[Command, Place]] = []
        try:
            async with self._one_at_a_time:
                for _ in range(GATHERING_TURNS):
                    await asyncio.sleep(0)
                taken, self._waiting = self._waiting, []
                await self._send_batches([row for row in taken if not row[1].cancelled()])
        finally:
            if not taken:
                taken, self._waiting = self._waiting, []
            _settle([place for _, place in taken], [GAVE_UP] * len(taken))

    async def _send_batches(self, rows: Sequence[tuple[Command, Place]]) -> None:
        async for indices, outcomes in self._batches([command for command, _ in rows]):
            _settle([rows[index][1] for index in indices], outcomes)

    async def _batches(self, commands: Sequence[Command]) -> AsyncIterator[tuple[list[int], Sequence[Outcome]]]:
        """Batch by batch, which of the commands were in it and what was answered."""
        common: Failure | None = None
        for indices in batch.split(commands):
            outcomes: Sequence[Outcome] = [common] * len(indices) if common else []
            if common is None:
                try:
                    outcomes = await self._send([commands[index] for index in indices])
                except CallFailed as error:
                    outcomes = [error.failure] * len(indices)
                    common = error.failure if error.failure.reason in EVERYONES else None
            yield indices, outcomes


def _settle(places: Sequence[Place], outcomes: Sequence[Outcome]) -> None:
    for place, outcome in zip(places, outcomes, strict=True):
        if not place.done():
            place.set_result(outcome)
