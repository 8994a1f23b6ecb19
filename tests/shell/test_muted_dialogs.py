"""Customers whose next message moves no activity (bitrix24-api.md 6.1): they are heard all the same."""

from __future__ import annotations

import pytest
from found_parts import Polls

from monitor.core.model import Failure, Reason
from monitor.core.plugin import View
from monitor.core.turn import Verdict
from monitor.sandbox.records import Dialog
from probes import dialogs
from probes.dialogs import MUTED_CHECKS

LISTED = 2  # the line with CRM
SILENT = Failure(reason=Reason.TIMEOUT)


async def answered_dialogs(many: int) -> tuple[Polls, list[Dialog]]:
    """On a line with CRM; read, and nothing is due."""
    polls = Polls()
    written = polls.write(many, line=LISTED)
    for dialog in written:
        polls.world.operator_writes(dialog, 12)
    await polls.poll(40)
    assert set(polls.state.sessions) >= {one.id for one in written}
    return polls, written


def waits(polls: Polls, dialog: Dialog) -> list[int]:
    """Messages that somebody waits for an answer to, but for thanks."""
    turns = [turn for turn in polls.state.turns.values() if turn.session == dialog.id and turn.verdict is Verdict.OPEN]
    return [turn.message for turn in turns if "courtesy" not in turn.marks]


async def test_a_question_after_the_thanks_is_heard_at_once_though_no_activity_moves() -> None:
    polls, (dialog,) = await answered_dialogs(1)
    polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "спасибо")
    await polls.poll(3)
    moved = dialog.updated
    polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "А когда привезут?")
    assert dialog.updated == moved
    asked = dialog.messages[-1].id
    await polls.poll(2)
    assert waits(polls, dialog) == [asked]


async def test_a_question_in_the_queue_is_heard_though_no_activity_moves() -> None:
    polls, (dialog,) = await answered_dialogs(1)
    polls.world.return_to_queue(dialog)
    moved = dialog.updated
    polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "Есть кто?")
    assert dialog.updated == moved
    await polls.poll(2)
    assert waits(polls, dialog) == [dialog.messages[-1].id]


@pytest.mark.parametrize("many", [3, 12, 40])
async def test_of_many_each_is_looked_at_in_its_turn_by_a_few_at_a_poll(many: int) -> None:
    polls, all_of_them = await answered_dialogs(many)
    for dialog in all_of_them:
        polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "спасибо")
    await polls.poll(60)
    seen: set[int] = set()
    for _ in range(2 * -(-many // MUTED_CHECKS) + 1):
        await polls.poll()
        chats = polls.chats()
        assert len(chats) <= MUTED_CHECKS
        seen |= set(chats)
    assert seen == {dialog.chat for dialog in all_of_them}
    assert polls.call.requests == 1


async def test_who_waits_by_our_account_too_is_not_looked_at_before_he_has_waited_too_long() -> None:
    polls, (dialog,) = await answered_dialogs(1)
    polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "Когда привезут?")
    await polls.poll(3)
    assert waits(polls, dialog) == [dialog.messages[-1].id]
    await polls.poll()
    assert polls.chats() == []


async def test_a_glance_that_fails_says_nothing() -> None:
    polls, (dialog,) = await answered_dialogs(1)
    polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "спасибо")
    await polls.poll(5)  # and looked at once more after two minutes
    polls.call.fails["imopenlines.dialog.get"] = SILENT
    polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "А когда?")
    await polls.poll(3)
    assert waits(polls, dialog) == []
    polls.call.fails.clear()
    await polls.poll(2)
    assert waits(polls, dialog) == [dialog.messages[-1].id]


@pytest.mark.parametrize("reason", [Reason.DENIED, Reason.REJECTED])
async def test_a_glance_that_is_refused_is_no_failure_of_a_listed_dialog(reason: Reason) -> None:
    polls, (dialog,) = await answered_dialogs(1)
    polls.world.customer_writes(dialog.connector, LISTED, dialog.customer, "спасибо")
    await polls.poll(3)
    view = View(policy=polls.policy, state=polls.state, now=polls.clock.now(), clock=polls.clock.now)
    for failure, told in ((Failure(reason=reason, code="ACCESS_ERROR"), False), (SILENT, True)):
        polls.call.fails["imopenlines.dialog.get"] = failure
        polls.call.questions.clear()
        reading = dialogs.PROBE.read(await dialogs.PROBE.ask(polls.call, view), view, view.now)
        assert polls.chats() == [dialog.chat]
        assert (failure in reading.failures) is told
