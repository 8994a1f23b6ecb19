"""What is not asked for a while: the whole portal after a refusal, one method that has used up its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.core.model import Failure
from monitor.shell.batch import reset_at
from monitor.shell.oauth import is_refused

SLOW_RETRY = timedelta(minutes=5)
SLACK = timedelta(seconds=1)  # a poll that comes a little early is not put off to the next one
# The cost of a method is summed in ten buckets of a minute (bitrix24-api.md 2.2).
ONE_BUCKET, ALL_BUCKETS = timedelta(minutes=1), timedelta(minutes=10)


class Holds:
    """In daemon time. Until a hold ends, its failure is the answer and nothing is sent."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._all: tuple[Failure, datetime] | None = None
        self._methods: dict[str, tuple[Failure, datetime]] = {}
        self._meters: dict[str, Any] = {}  # what was said beside the last answer of each method

    @property
    def refused(self) -> bool:
        """Whether a human has to authorise us again."""
        return self._all is not None and is_refused(self._all[0])

    @property
    def are_none(self) -> bool:
        return self._all is None and not self._methods

    def of(self, method: str) -> Failure | None:
        for held in (self._all, self._methods.get(method.lower())):
            if held is not None and self._now() < held[1]:
                return held[0]
        return None

    def lift(self) -> None:
        self._all = None
        self._methods.clear()

    def request_failed(self, failure: Failure) -> None:
        if failure.held:
            return
        if failure.code.lower() == "overload_limit" or is_refused(failure):
            self._all = (replace(failure, held=True), self._now() + SLOW_RETRY - SLACK)
        elif failure.code.lower() == "operation_time_limit":
            until = self._end_of_block(failure.retry_at or self._reset_of("batch"))
            self._all = (replace(failure, held=True), until)

    def metered(self, told: Mapping[str, Any]) -> None:
        """What the meters of methods said beside their last answers; the methods in small letters."""
        self._meters.update(told)

    def failed(self, method: str, failure: Failure) -> Failure:
        """Learns from one command's failure; a blocked method's leaves with the moment it may be asked."""
        if failure.code.lower() != "operation_time_limit":
            return failure
        until = self._end_of_block(failure.retry_at or self._reset_of(method))
        self._methods[method] = (replace(failure, retry_at=until, held=True), until)
        return replace(failure, retry_at=until)

    def _reset_of(self, method: str) -> datetime | None:
        return reset_at(self._meters.get(method))

    def _end_of_block(self, told: datetime | None) -> datetime:
        """What the portal said, where our clocks agree well enough to believe it; else when a bucket has passed."""
        now = self._now()
        if told is not None and now < told <= now + ALL_BUCKETS + ONE_BUCKET:
            return told
        return now + ONE_BUCKET
