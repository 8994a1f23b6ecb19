"""The installed daemon is ended from outside in the midst of each work, and started again: nothing lost or doubled."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from all_faults import BLOWS, ORDER
from installed import Installed, disk, installed
from installed_faults import Blow
from postgres_server import served
from reliability import Row, write_page
from stage import Outcome, doubled, lost, told_besides

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("installed")]

CROWD = 120  # who write at the same moment: a poll that has much to keep


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, Row]]:
    rows: dict[str, Row] = {}
    yield rows
    write_page(rows, ORDER)


async def lived(folder: Path, blow: Blow | None) -> tuple[Installed, Outcome, timedelta]:
    with ExitStack() as stack:
        server = stack.enter_context(served()) if blow is not None and blow.on_postgres else None
        store = stack.enter_context(disk(folder / "disk")) if blow is not None and blow.small_disk else ""
        async with installed(folder, server, store) as it:
            again = await _lived(it, blow)
            return it, await it.outcome(), again


async def _lived(it: Installed, blow: Blow | None) -> timedelta:
    """How long it took until it had polled again, from its start where it had ended."""
    one = it.one
    one.customer("A")
    one.customer("B", "max")
    await it.start()
    await it.until_waiting(2)

    def goes() -> None:
        one.customer("C")
        for number in range(CROWD):
            one.customer(f"crowd {number}")
        one.lose_qr()

    await blow.hit(it, goes) if blow is not None else goes()
    again = await it.start() if it.process is None else await it.goes_on()
    one.answer("A")
    await it.until_waiting(CROWD + 2)
    one.customer("D")
    await it.until_waiting(CROWD + 3)
    one.answer("B", 18)
    one.answer("C", 15)
    one.answer("D")
    await it.until_waiting(CROWD)
    await it.until_told()
    await it.stop()
    return again


@pytest.fixture(scope="module")
def meant(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The same life without a blow."""
    it, undisturbed, _ = asyncio.run(lived(tmp_path_factory.mktemp("meant"), None))
    assert it.ends == [0]
    assert undisturbed.alerts == undisturbed.beginnings == 1
    assert len(undisturbed.turns) == CROWD + 4
    assert sum(ended > 0 for ended in undisturbed.turns.values()) == 4
    return undisturbed


@pytest.mark.parametrize("blow", BLOWS, ids=[blow.name for blow in BLOWS])
async def test_a_blow_to_the_process_loses_nothing_doubles_nothing_and_is_told_in_a_sentence(
    blow: Blow, tmp_path: Path, meant: Outcome, table: dict[str, Row]
) -> None:
    if blow.small_disk and os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    it, was, again = await lived(tmp_path, blow)
    table[blow.name] = Row(
        area="process",
        name=blow.name,
        seen=told(it, blow),
        lost="; ".join(lost(was, meant)) or "nothing",
        doubled="; ".join(doubled(was, meant)) or "nothing",
        besides=", ".join(told_besides(was, meant)) or "nothing",
        recovery=again,
        hand=blow.hand,
    )
    assert lost(was, meant) == []
    assert doubled(was, meant) == []
    assert set(told_besides(was, meant)) <= blow.besides
    assert it.ends == ([0] if blow.stays else [blow.code, 0])
    assert len(it.sentences()) == bool(blow.says)
    assert all(blow.says in sentence for sentence in it.sentences())
    assert "Traceback" not in it.log.read_text()


def told(it: Installed, blow: Blow) -> str:
    """How it ended, and what it said of that."""
    if blow.stays:
        problems = [f"log: config.problem {row['problem']}" for row in it.words() if row["event"] == "config.problem"]
        return "; ".join(dict.fromkeys(problems)) or "no word of it: nothing is amiss"
    how = f"exit {blow.code}" if blow.code >= 0 else "killed"
    said = [sentence.replace(str(it.one.folder), "DIR") for sentence in it.sentences()]
    ended = f"after {it.took:.1f} s" if blow.code == 0 else ""
    return "; ".join([" ".join([f"{how}:", *said] if said else filter(None, [how, ended])), "it was started again"])
