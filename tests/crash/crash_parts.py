"""Hours lived by real processes that are killed at random moments, and all that is left of it in the end."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import create_engine

from monitor.shell.store_totals import NOTED, load_totals

HERE = Path(__file__).parent
START = datetime.fromisoformat("2026-03-02T09:00:00+03:00")  # a Monday
HEAD = 12
MOST_DEATHS = 4  # of one hour at the same await
LONGEST = 0.13  # seconds into an hour's work at which the last kills come
UNCOMPARED = ("alembic_version", "tokens")  # tokens are random; that they still work is asked of the portal


@dataclass(frozen=True)
class Left:
    """What a run left: rows of the store by table, what people and Alertmanager were told, how often it was killed;
    `awaits`: the most that one undisturbed hour waited for something."""

    rows: dict[str, list[str]]
    told: dict[str, Any]
    kills: int
    awaits: int = 0


def live(folder: Path, *, hours: int, kills: int, seed: int, port: int, stride: int = 0) -> Left:
    """`port`: of the portal, the same for both runs: its address stands in what people are told. `stride`: instead of
    at random the first hour dies at its first await, each next one at so many later, and again at the same number of
    awaits in what is left of it."""
    luck, done = random.Random(seed), 0
    with _outside(seed, port) as known, _zygote(_config(folder, known)) as zygote:
        for number in range(1, hours + 1):
            at = START + timedelta(hours=number)
            _post(f"{known['outside']}/hour", {"at": at.isoformat()})
            left = hours - number + 1
            wanted = min(_share(kills - done, left, luck), 25)
            if stride:
                done += _deaths(zygote, at, 1 + (number - 1) * stride)
                continue
            while not _hour(zygote, at, luck.uniform(0.0, LONGEST) if wanted > 0 else None):
                wanted, done = wanted - 1, done + 1
        with urllib.request.urlopen(f"{known['outside']}/told", timeout=10) as answer:
            told = json.loads(answer.read())
    awaits = max(int(line) for line in (folder / "awaits").read_text().split())
    return Left(rows=_rows(folder / "state.db"), told=told, kills=done, awaits=awaits)


def _deaths(zygote: subprocess.Popen[str], at: datetime, deadly: int) -> int:
    """How often the hour died before it was let live."""
    for died in range(MOST_DEATHS):
        if _hour(zygote, at, None, deadly):
            return died
    assert _hour(zygote, at, None)
    return MOST_DEATHS


def _share(kills: int, hours: int, luck: random.Random) -> int:
    """How many of the kills that are left fall into this hour."""
    each = kills / hours
    return int(each) + (luck.random() < each % 1)


def _hour(zygote: subprocess.Popen[str], at: datetime, after: float | None, deadly: int = 0) -> bool:
    """Whether the hour's work came to its end; `after` seconds, or at its `deadly` await, it is killed."""
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    zygote.stdin.write(f"{at.isoformat()} {deadly or ''}\n")
    zygote.stdin.flush()
    child = int(_line(zygote).removeprefix("began "))
    if after is not None and not select.select([zygote.stdout], [], [], after)[0]:
        with suppress(ProcessLookupError):  # it came to its end this very moment
            os.kill(child, signal.SIGKILL)
    status = int(_line(zygote).removeprefix("ended "))
    assert status in {0, signal.SIGKILL}, f"the daemon ended by itself: {status}"
    return status == 0


def _line(zygote: subprocess.Popen[str]) -> str:
    assert zygote.stdout is not None
    line = zygote.stdout.readline()
    assert line, "the zygote is gone"
    return line.strip()


def _rows(path: Path) -> dict[str, list[str]]:
    """Every row of every table without the numbers that a database gives."""
    database = sqlite3.connect(path)
    names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
    found = {}
    for name in names:
        if name.startswith("sqlite_") or name in UNCOMPARED:
            continue
        cursor = database.execute(f"select * from {name}")
        columns = [column[0] for column in cursor.description]
        kept = [place for place, column in enumerate(columns) if column != "id" or name == "incidents"]
        found[name] = sorted(_plain(name, columns, kept, row) for row in cursor if not _is_note(name, row))
    portals = [portal for (portal,) in database.execute("select portal from portals")]
    database.close()
    return found | {"totals": _totals(path, portals)}


def _is_note(table: str, row: tuple[Any, ...]) -> bool:
    return table == "remembered" and NOTED in row


def _totals(path: Path, portals: list[str]) -> list[str]:
    """What the counters have come to: of it some lies in sums and some in notes, where a death has left it."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        totals = [total for portal in portals for total in load_totals(connection, portal=portal)]
    engine.dispose()
    return sorted(json.dumps(total) for total in totals)


def _plain(table: str, columns: list[str], kept: list[int], row: tuple[Any, ...]) -> str:
    """Of a message only that it was told counts, not after how many attempts."""
    left_out = {"failed", "problem", "began", "again", "changed"} if table == "outbox" else set[str]()
    return json.dumps([row[place] for place in kept if columns[place] not in left_out], ensure_ascii=False, default=str)


@contextmanager
def _outside(seed: int, port: int) -> Iterator[dict[str, str]]:
    command = [sys.executable, str(HERE / "outside.py"), START.isoformat(), str(seed), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _zygote(config: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(HERE / "zygote.py"), str(config)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def live_at(
    folder: Path, moments: Sequence[datetime], *, kills: int, seed: int, port: int, **wishes: Any
) -> tuple[dict[str, Any], int]:
    """A life in which the daemon is a new process at each of the moments: what was told, and how often it was killed.
    `wishes`: keys of the portal's configuration."""
    luck, done = random.Random(seed), 0
    with _outside(seed, port) as known, _zygote(_config(folder, known, **wishes)) as zygote:
        for number, at in enumerate(moments):
            _post(f"{known['outside']}/hour", {"at": at.isoformat()})
            wanted = _share(kills - done, len(moments) - number, luck)
            while not _hour(zygote, at, luck.uniform(0.0, LONGEST) if wanted > 0 else None):
                wanted, done = wanted - 1, done + 1
        with urllib.request.urlopen(f"{known['outside']}/told", timeout=30) as answer:
            return json.loads(answer.read()), done


def _config(folder: Path, known: dict[str, str], **wishes: Any) -> Path:
    for name in ("client_secret", "refresh_token"):
        (folder / name).write_text(known[name])
        (folder / name).chmod(0o600)
    auth = {
        "client_id": known["client_id"],
        "client_secret_file": str(folder / "client_secret"),
        "refresh_token_file": str(folder / "refresh_token"),
        "oauth_url": known["oauth_url"],
    }
    portal = {
        "name": "acme",
        "url": known["url"],
        "auth": auth,
        "rate": {"per_second": 1000, "burst": 10000},
        "settle": "0s",
        "guarantee": {"start": "2026-03-01", "review": "1d", "service_price": 60000},
        "expiries": [{"subject": "licence", "date": "2026-04-12"}],
        **wishes,
    }
    tree = {
        "store": {"url": f"sqlite:///{folder / 'state.db'}"},
        "alertmanager": {"url": known["outside"]},
        "web": {"external_url": "http://127.0.0.1:9460"},
        "portals": [portal],
        "receivers": [
            {"name": "head", "type": "bitrix24", "to": HEAD},
            {"name": "chat", "type": "bitrix24", "as": "message", "to": HEAD, "audience": "integrator"},
        ],
    }
    path = folder / "monitor.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def _post(url: str, body: object) -> None:
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30).read()


def differences(one: Left, other: Left) -> dict[str, list[str]]:
    """What stands in one of the two and not in the other, by table."""
    apart = {}
    for name in sorted({*one.rows, *other.rows}):
        gone = [f"- {row}" for row in one.rows.get(name, []) if row not in other.rows.get(name, [])]
        more = [f"+ {row}" for row in other.rows.get(name, []) if row not in one.rows.get(name, [])]
        if gone or more or len(one.rows.get(name, [])) != len(other.rows.get(name, [])):
            apart[name] = [*gone, *more]
    return apart
