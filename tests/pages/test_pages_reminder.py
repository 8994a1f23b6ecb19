"""The page behind a reminder's link: what it says of an end that is open, known, moved or gone, and who is stopped."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from pages_parts import NOW, PageBoard
from sqlalchemy import select
from test_pages_doors import pages

from monitor.core.memory import Reminder
from monitor.shell import store_expiry_links as links
from monitor.shell.sign_in import digest
from monitor.shell.store_tables import expiry_links
from monitor.shell.visitors import Access

END = NOW + timedelta(days=12)
OPEN = Access(token=None, users=(), address="http://monitor.example")


async def link_of(board: PageBoard, subject: str = "known", until: timedelta = timedelta()) -> str:
    key = secrets.token_urlsafe(32)
    link = links.ExpiryLink(portal="acme", subject=subject, until=END + until)
    await board.store.transaction(partial(links.keep, digest=digest(key), link=link, now=NOW))
    return f"/e/{key}"


def remind(board: PageBoard, **facts: object) -> None:
    state, policy = board.shown["acme"]
    reminder = Reminder(**{"until": END, "step": 1, **facts})  # type: ignore[arg-type]
    board.shown["acme"] = (replace(state, reminders={"known": reminder}), policy)


async def test_an_open_end_has_a_button_and_looking_at_it_changes_nothing(tmp_path: Path) -> None:
    async with pages(tmp_path, OPEN) as (client, board):
        remind(board)
        link = await link_of(board)
        text = await (await client.get(link)).text()
        assert "Знаю, больше не напоминать" in text
        assert "acme" in text
        await client.head(link)
        assert board.acknowledged == []
        await client.post(link)
        assert board.acknowledged == [("acme", "known")]


@pytest.mark.parametrize(
    ("facts", "moved", "word"),
    [
        ({"acknowledged": True}, timedelta(), "Принято: об этом сроке больше не напомним."),
        ({}, timedelta(days=-365), "Срок с тех пор изменился, эта ссылка о прежнем."),
    ],
)
async def test_what_is_known_or_renewed_has_no_button_and_a_press_changes_nothing(
    tmp_path: Path, facts: dict[str, object], moved: timedelta, word: str
) -> None:
    async with pages(tmp_path, OPEN) as (client, board):
        remind(board, **facts)
        link = await link_of(board, until=moved)
        for answer in (await client.get(link), await client.post(link)):
            text = await answer.text()
            assert word in text
            assert "<button>" not in text
        assert board.acknowledged == []


async def test_a_subject_that_is_gone_says_so(tmp_path: Path) -> None:
    async with pages(tmp_path, OPEN) as (client, board):
        link = await link_of(board, subject="gone")
        assert "За этим сроком больше не следят." in await (await client.post(link)).text()
        assert board.acknowledged == []


async def test_a_wrong_link_says_nothing_of_anything_and_guessing_is_stopped(tmp_path: Path) -> None:
    async with pages(tmp_path, OPEN) as (client, board):
        remind(board)
        right = await link_of(board)
        answers = [await client.post(f"/e/{secrets.token_urlsafe(32)}") for _ in range(40)]
        assert {answer.status for answer in answers} == {404, 429}
        assert "Эта ссылка больше не действует." in await answers[0].text()
        assert "known" not in await answers[0].text()
        assert (await client.post(right)).status == 429
        assert board.acknowledged == []


async def test_old_links_leave_the_store_when_new_ones_come(tmp_path: Path) -> None:
    async with pages(tmp_path, OPEN) as (_, board):
        await link_of(board)
        link = links.ExpiryLink(portal="acme", subject="known", until=END)
        later = NOW + links.LASTS + timedelta(days=1)
        await board.store.transaction(partial(links.keep, digest="new", link=link, now=later))
        rows = select(expiry_links.c.digest)
        left = await board.store.transaction(lambda connection: connection.execute(rows).scalars().all())
        assert left == ["new"]
