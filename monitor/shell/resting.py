"""A provider's questions, each of which rests until the moment that the vendor named for its next chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from monitor.core.model import CallFailed, Failure
from monitor.core.plugin import Get
from monitor.shell.clock import Clock


class Resting:
    """`plugin.Get` on top of another one. What rests fails as it did, held: it was not sent again."""

    def __init__(self, get: Get, clock: Clock) -> None:
        self._get, self._clock = get, clock
        self._refused: dict[str, Failure] = {}  # by path, which may hold a token and is told to nobody

    async def __call__(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        secret_path: bool = False,
        post: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        refused = self._refused.pop(path, None)
        if refused is not None and refused.retry_at is not None and self._clock.now() < refused.retry_at:
            self._refused[path] = refused
            raise CallFailed(replace(refused, held=True))
        try:
            return await self._get(path, headers=headers, params=params, secret_path=secret_path, post=post)
        except CallFailed as error:
            if error.failure.retry_at is not None:
                self._refused[path] = error.failure
            raise

    def wake(self) -> bool:
        """Let all be asked again at once. Whether any rested."""
        rested = bool(self._refused)
        self._refused.clear()
        return rested
