"""Reviews that were made: numbered, never changed, corrected under a number of their own, looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from guarantee_parts import DAY, GUARANTEE, START, kept, make_policy

from monitor.core.desk import Context
from monitor.core.memory import Cursor, PortalMemory, PortalState
from monitor.core.model import Line, Manager
from monitor.core.past_reviews import Followed, KeptAdvice, followed, missing_periods, trend
from monitor.core.receivers import Receiver
from monitor.core.replies import by_manager, of_team
from monitor.core.review import Review
from monitor.review_making import Subject, draft, kept_of, make
from monitor.shell.outbox import Outbox
from monitor.shell.store import Store
from monitor.shell.store_reviews import Paper, paper, put_review

SINCE, UNTIL = GUARANTEE.start, GUARANTEE.start + 14 * DAY
HEAD = Receiver(name="head", type="bitrix24")
NEAR, FAR = (("licence", UNTIL + 9 * DAY),), (("licence", UNTIL + 99 * DAY),)
SUBJECT = Subject(
    state=PortalState(
        portal="acme",
        lines={1: Line(id=1, name="Продажи")},
        managers={12: Manager(id=12, name="Анна Петрова")},
        cursor=Cursor(first_sight=SINCE),
        memory=PortalMemory(last_success=UNTIL),
    ),
    policy=make_policy(receivers=(HEAD,), pages="http://127.0.0.1:9460"),
    context=Context(),
)


def empty_review(**wishes: object) -> Review:
    return replace(draft(SUBJECT, [], [], [], SINCE, UNTIL, UNTIL), **wishes)  # type: ignore[arg-type]  # as above


async def test_a_review_is_made_once_kept_with_its_checksum_and_sent_to_the_head_in_the_morning(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    made = await make(store, SUBJECT, SINCE, UNTIL, UNTIL)
    assert made is not None
    assert (made.number, made.since, made.until) == (1, SINCE, UNTIL)
    assert (made.found, made.lost) == (0, timedelta())
    assert await make(store, SUBJECT, SINCE, UNTIL, UNTIL) is None
    assert await kept_of(store, "acme") == (made,)
    found = await store.transaction(partial(paper, portal="acme", number=1))
    assert found is not None
    assert made.sum in found.page
    assert "Отчёт № 1" in found.page
    assert "Отчёт № 1" in found.plain
    (row,) = await Outbox(store).untold(UNTIL + 7 * DAY)
    assert (row.notice.key, row.notice.urgent) == ("review/1", False)
    assert row.notice.subject == "acme: Отчёт о переписке с клиентами, Отчёт № 1"
    assert row.notice.text.endswith("Весь отчёт: http://127.0.0.1:9460/portals/acme/reviews/1")
    assert row.notice.due.astimezone(UNTIL.tzinfo).hour == 6, "09:00 in Moscow"
    await store.close()


async def test_each_head_gets_the_first_page_in_the_language_that_he_reads(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    both = (HEAD, replace(HEAD, name="owner", language="en"))
    subject = replace(SUBJECT, policy=make_policy(receivers=both, pages="http://127.0.0.1:9460"))
    made = await make(store, subject, SINCE, UNTIL, UNTIL)
    assert made is not None
    told = {row.notice.receiver: row.notice for row in await Outbox(store).untold(UNTIL + 7 * DAY)}
    assert told["head"].subject == "acme: Отчёт о переписке с клиентами, Отчёт № 1"
    assert told["owner"].subject == "acme: How customers were answered, Review no. 1"
    assert "По гарантии: мессенджеры на открытых линиях" in told["head"].text
    assert "Under guarantee: messengers on open lines" in told["owner"].text
    assert "Is the channel alive?" in told["owner"].text
    found = await store.transaction(partial(paper, portal="acme", number=1))
    assert found is not None
    assert "Канал жив?" in found.page, "it is kept in the portal's own language"
    await store.close()


async def test_a_correction_is_a_review_of_its_own_and_the_sent_one_stays_as_it_was(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    await make(store, SUBJECT, SINCE, UNTIL, UNTIL)
    before = await store.transaction(partial(paper, portal="acme", number=1))
    again = await make(store, SUBJECT, SINCE, UNTIL, UNTIL, corrects=1, reason="выходной посчитан рабочим")
    assert again is not None
    assert (again.number, again.corrects) == (2, 1)
    assert await make(store, SUBJECT, SINCE, UNTIL, UNTIL, corrects=1, reason="ещё раз") is None
    assert await store.transaction(partial(paper, portal="acme", number=1)) == before
    found = await store.transaction(partial(paper, portal="acme", number=2))
    assert found is not None
    assert "Отчёт № 2, исправляет отчёт № 1: выходной посчитан рабочим" in found.page
    assert [one.number for one in trend(await kept_of(store, "acme"))] == [2]
    await store.close()


async def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    put = partial(put_review, portal="acme", notices=())
    assert await store.transaction(partial(put, paper=Paper(kept=kept(1), page="1", plain="1")))
    other = kept(1, since=SINCE + 14 * DAY, until=SINCE + 28 * DAY)
    assert not await store.transaction(partial(put, paper=Paper(kept=other, page="2", plain="2")))
    await store.close()


def test_each_missed_period_is_made_up_for_but_not_those_before_we_came() -> None:
    now = SINCE + 60 * DAY
    first, second, third = missing_periods(GUARANTEE, [kept(2)], SINCE, now)
    assert [(until - SINCE).days for _, until in (first, second, third)] == [14, 42, 56]
    assert [(until - SINCE).days for _, until in missing_periods(GUARANTEE, [], SINCE + 30 * DAY, now)] == [42, 56]


def test_after_an_early_end_no_period_is_reviewed_any_more() -> None:
    ended = replace(GUARANTEE, ended=SINCE + 30 * DAY)
    assert [(until - SINCE).days for _, until in missing_periods(ended, [], SINCE, SINCE + 300 * DAY)] == [14, 28]


@pytest.mark.parametrize(
    ("advice", "wishes", "said"),
    [
        (KeptAdvice(what="nobody_takes", count=5), {"untaken": 2}, (2, None, True)),
        (KeptAdvice(what="nobody_takes", count=5), {"untaken": 5}, (5, None, False)),
        (KeptAdvice(what="unanswered", count=1), {}, (0, None, True)),
        (KeptAdvice(what="slow_manager", user=12, share=0.5), {}, (0, None, None)),
        (KeptAdvice(what="channel_down", subject="a1"), {}, (0, None, True)),
        (
            KeptAdvice(what="expiring", subject="licence"),
            {"expiries": (("licence", UNTIL + 9 * DAY),)},
            (0, None, False),
        ),
        (
            KeptAdvice(what="expiring", subject="licence"),
            {"expiries": (("licence", UNTIL + 99 * DAY),)},
            (0, None, True),
        ),
    ],
)
def test_advice_is_looked_at_again_in_the_next_review(
    advice: KeptAdvice, wishes: dict[str, object], said: tuple[int, float | None, bool | None]
) -> None:
    (one,) = followed(kept(1, advice=(advice,)), empty_review(**wishes))
    assert one == Followed(advice=advice, count=said[0], share=said[1], helped=said[2])


def test_without_an_earlier_review_there_is_no_advice_to_look_at() -> None:
    assert followed(None, empty_review()) == ()
    assert of_team([], START).n == 0
    assert by_manager([], START) == {}


def test_the_trend_is_the_last_eight_reviews() -> None:
    assert [one.number for one in trend([kept(number) for number in range(1, 12)])] == list(range(4, 12))
    assert trend([kept(1)])[0].until - SINCE == timedelta(days=14)
