"""CPU of judging what has moved, without asking, decoding or keeping it: `python -m benchmarks.judging`.

The slope between polls of many and of few moved sessions is what one of them costs. `--profile tottime` profiles it.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import pstats
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from time import process_time
from typing import Any

from benchmarks.canned import START, Portal
from benchmarks.measure import Row, show
from monitor.core.desk import Context, judge
from monitor.core.memory import PortalState
from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.plugin import Params, View
from monitor.core.policy import Policy
from monitor.core.reading import HistorySeen, Reading
from monitor.core.recall import Recall
from probes import connector_status, dialogs, discovery

POLICY = Policy(portal="busy", url="https://busy.bitrix24.ru", timezone="Europe/Moscow")
STEP, WARM, POLLS = timedelta(seconds=60), 20, 150


class Answering:
    """A canned portal asked without a wire between."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def __call__(self, method: str, params: Params | None = None) -> Any:
        told = {name: [str(value)] for name, value in (params or {}).items()}
        if method == "crm.activity.list" and params and ">ID" in params["filter"]:
            return []
        answer = self._portal.answer(method, told)
        if answer is None:
            raise CallFailed(Failure(reason=Reason.DENIED, code="ACCESS_DENIED"))
        return answer


async def readings(call: Answering, view: View, probes: Iterable[Any]) -> list[Reading]:
    return [probe.read(await probe.ask(call, view), view, view.now) for module in probes for probe in module.PROBES]


def polls(moved: int, profile: cProfile.Profile | None) -> Iterator[tuple[float, int]]:
    """CPU seconds of each poll's judging, and how many sessions had moved in it."""
    call, recall, state = Answering(Portal(busy=True, step=60.0, moved=moved)), Recall(), PortalState(portal="busy")
    now, context = START, Context()
    for number in range(WARM + POLLS):
        now += STEP
        view = View(policy=POLICY, state=state, now=now, clock=lambda: START, recall=recall)
        asked = (dialogs, connector_status) if number else (discovery, dialogs, connector_status)
        told = asyncio.run(readings(call, view, asked))
        if profile and number >= WARM:
            profile.enable()
        begun = process_time()
        state = judge(state, told, POLICY, context, now=now, real_now=now).state
        spent = process_time() - begun
        if profile:
            profile.disable()
        if number >= WARM:
            yield spent, sum(isinstance(one, HistorySeen) for reading in told for one in reading.findings)


def quickest(moved: int, profile: cProfile.Profile | None = None) -> tuple[float, float]:
    """(seconds, sessions) of the quickest quarter of the polls: what else the machine does only slows them down."""
    told = sorted(polls(moved, profile))
    quarter = told[: len(told) // 4]
    return sum(spent for spent, _ in quarter) / len(quarter), sum(number for _, number in quarter) / len(quarter)


def main() -> None:
    gc.freeze()
    if "--profile" in sys.argv:
        profile = cProfile.Profile()
        quickest(10, profile)
        pstats.Stats(profile).sort_stats(sys.argv[-1]).print_stats(60)
        return
    told = {moved: quickest(moved) for moved in (1, 5, 10, 25)}
    rows = [
        Row(what=f"judging a poll with {moved:.1f} moved sessions", figure=f"{spent * 1000:.2f} ms")
        for spent, moved in told.values()
    ]
    (least, few), (most, many) = told[1], told[10]
    show([*rows, Row(what="judging each moved session more", figure=f"{(most - least) / (many - few) * 1000:.3f} ms")])


if __name__ == "__main__":
    main()
