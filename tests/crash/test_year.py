"""A guarantee lived by the emulated portal's own customers, managers and troubles, the daemon a new process at every
look and killed now and then: a review a fortnight, each incident in its own, reminders as the ladder says.

Six fortnights at each gate; `make year` lives the year, with more looks a day and more kills.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from crash_parts import live_at

from monitor.core.incident import Incident
from monitor.core.review import REPLIES
from monitor.review_making import kept_of
from monitor.shell.outbox import Outbox
from monitor.shell.store import Store
from monitor.shell.store_reviews import paper
from tests.shell.store_parts import free_port

MOSCOW = ZoneInfo("Europe/Moscow")
START = datetime(2026, 3, 1, tzinfo=MOSCOW)
DAY = timedelta(days=1)
FORTNIGHTS = int(os.environ.get("FORTNIGHTS", "5"))
DAYS = 14 * FORTNIGHTS + 2
LOOKS = int(os.environ.get("LOOKS", "1"))  # a day
KILLED = int(os.environ.get("KILLED", "50"))
EXPIRIES = [{"subject": "wazzup-licence", "date": "2026-04-20"}, {"subject": "green-licence", "date": "2026-05-08"}]
GUARANTEE = {"start": "2026-03-01", "service_price": 60000}


def moments() -> list[datetime]:
    """From the second day on, between ten and six; the sandbox's life begins with the second of March at nine."""
    hours = [10 + number * 8 / LOOKS for number in range(LOOKS)]
    days = [START + number * DAY for number in range(1, DAYS)]
    return [day + timedelta(hours=hour) for day in days for hour in hours]


@pytest.mark.long
async def test_a_guarantee_that_is_lived_is_a_review_a_fortnight_with_every_incident_and_three_reminders_an_end(
    tmp_path: Path,
) -> None:
    told, killed = live_at(
        tmp_path,
        moments(),
        kills=KILLED,
        seed=11,
        port=free_port(),
        guarantee=GUARANTEE,
        expiries=EXPIRIES,
        confirmations={"open": 1, "close": 1},
    )
    assert killed >= 50
    assert told["dead_refresh_uses"] == 0
    assert told["messages_twice"] == []

    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    incidents = {one.id: one for _, one in await store.incidents("acme", limit=100_000)}
    state = await store.load_portal("acme")
    turns = await store.turns("acme")
    reviews = await kept_of(store, "acme")
    papers = [await store.transaction(partial(paper, portal="acme", number=one.number)) for one in reviews]
    waiting = await Outbox(store).untold(START + (DAYS + 34) * DAY)
    await store.close()

    assert state is not None
    assert len(turns) > 3 * DAYS, "customers wrote all the time"
    kinds = Counter(one.kind.value for one in incidents.values())
    assert kinds["channel_down"] >= FORTNIGHTS // 5, "the troubles that last longer than a day were seen"
    assert [one.number for one in reviews] == list(range(1, FORTNIGHTS + 1))
    assert [one.until for one in reviews] == [START + 14 * number * DAY for number in range(1, FORTNIGHTS + 1)]
    for incident in incidents.values():
        named = [one.kept.number for one in papers if one is not None and f"/incidents/{incident.id}" in one.page]
        inside = [one.number for one in reviews if one.since <= incident.opened < one.until]
        assert len(inside) == (incident.opened < reviews[-1].until)
        if incident.kind not in REPLIES:  # of single replies a review tells the worst, and counts the rest
            assert inside == named[:1], incident
    assert not [row.notice.key for row in waiting if row.notice.due < START + DAYS * DAY]
    for subject in ("wazzup-licence", "green-licence"):
        assert state.reminders[subject].sent == 3
        assert reminders_of(subject, incidents, tmp_path / "state.db") == {
            "expiry_soon": ["opened", "step2", "step3", "step4"],
            "expired": ["opened"],
        }


def reminders_of(subject: str, incidents: dict[str, Incident], path: Path) -> dict[str, list[str]]:
    """What was told of an end, in its order, by the incident that it was told of; each once, to the one receiver."""
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(path)) as database:
        for one in sorted(incidents.values(), key=lambda one: one.opened):
            if one.subject == subject:
                query = "select key from outbox where key like ? and state = 'told' order by id"
                keys = [key.partition("/")[2] for (key,) in database.execute(query, (f"{one.id}/%",))]
                found[one.kind.value] = found.get(one.kind.value, []) + [key for key in keys if key != "closed"]
    return found
