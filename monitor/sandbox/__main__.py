"""`python -m monitor.sandbox`: one emulated portal as a process; prints its addresses and credentials as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import datetime

from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.presets import furnished, living, quiet
from monitor.sandbox.server import Sandbox


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monitor.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clock-rate", type=float, default=1.0)
    parser.add_argument("--clock-start", type=datetime.fromisoformat)
    parser.add_argument("--access-ttl", type=float, default=3600.0)
    parser.add_argument("--lines", type=int, default=1)
    parser.add_argument("--connectors", type=int, default=4)
    parser.add_argument("--past", type=float, default=3.0, help="days of life before the start")
    parser.add_argument("--idle", type=int, default=0, help="open, answered sessions")
    parser.add_argument("--per-second", type=float, default=2.0, help="how fast the bucket of requests drains")
    parser.add_argument("--burst", type=int, default=50, help="above how many requests the bucket refuses")
    parser.add_argument(
        "--per-day", type=float, default=0.0, help="customers a day and channel; 0 = no life of its own"
    )
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    clock = SandboxClock(options.clock_start, options.clock_rate)
    life = None
    if options.per_day:
        life = living(clock, seed=options.seed, lines=options.lines, per_day=options.per_day, days=options.past)
        world = life.world
    elif options.idle:
        world = quiet(clock, lines=options.lines, connectors=options.connectors, idle=options.idle)
    else:
        world = furnished(clock, lines=options.lines, connectors=options.connectors, hours=False)
    async with Sandbox(world, port=options.port, access_ttl=options.access_ttl, life=life) as sandbox:
        sandbox.bucket.per_second, sandbox.bucket.burst = options.per_second, options.burst
        print(json.dumps(sandbox.credentials), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(_serve(_options()))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
