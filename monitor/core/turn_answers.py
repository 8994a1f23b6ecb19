"""Which outgoing message is an answer: human, public, accepted by the provider (response-time.md D1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from monitor.core.model import Author, Delivery, Message
from monitor.core.turn_rules import Aside
from monitor.core.turn_wait import Dialog, Wait

UNCONFIRMED = timedelta(minutes=5)  # after which a message that nobody confirmed is looked at closely (case 34)
NOT_CONTENT = frozenset({"reaction", "form"})
ACCEPTED, FAILED = Delivery.ACCEPTED, Delivery.FAILED


def is_answer(
    dialog: Dialog, wait: Wait | None, message: Message, messages: Sequence[Message], problems: list[str]
) -> bool:
    """Marks on the wait what kept a message from being one."""
    rules = dialog.rules
    if message.deleted:
        if wait is not None and message.delivery is ACCEPTED:
            wait.mark("answer_deleted")
        return False
    if message.content in NOT_CONTENT and not (message.content == "reaction" and rules.reaction_ends_turn):
        return False
    if message.user not in rules.staff and not _is_employee(dialog, message.user, problems):
        return False
    return message.delivery is ACCEPTED or _is_taken(dialog, wait, message, messages)


def is_thanks(message: Message) -> bool:
    """What needs no reply where something was answered (case 14)."""
    return message.closing_phrase or message.content == "sticker"


def _is_employee(dialog: Dialog, user: int, problems: list[str]) -> bool:
    """Somebody of the portal, also one who has left since: his words were said."""
    person = dialog.people.get(user)
    if person is None:
        problem = f"replies.unknown_author session={dialog.session.id} user={user}"
        problems += [] if problem in problems else [problem]
        return False
    return not person.bot and not person.connector


def _is_taken(dialog: Dialog, wait: Wait | None, message: Message, messages: Sequence[Message]) -> bool:
    """What is not confirmed is no answer, unless nothing on this connector ever is and nobody complained."""
    confirms = dialog.rules.confirms
    if confirms is False and message.delivery is not FAILED:
        return True
    is_stuck = message.delivery is FAILED or dialog.now - message.at >= UNCONFIRMED
    if not is_stuck:
        return False
    is_lost = message.delivery is FAILED or confirms or _was_complained_of(message, messages)
    if wait is not None:
        wait.send_failed = wait.send_failed or bool(is_lost)
        wait.mark("send_failed" if is_lost else "unconfirmed")
    return not is_lost


def _was_complained_of(message: Message, messages: Sequence[Message]) -> bool:
    """Others of this session were confirmed, or the portal itself says that this one was not."""
    return any(
        (other.author is Author.MANAGER and other.delivery is ACCEPTED)
        or (other.author is Author.NOTICE and other.mark == "attention" and other.id > message.id)
        for other in messages
    )


def as_message(call: Aside, dialog: Dialog) -> Message:
    """A call to the same contact, as if it had been said in the chat (case 37)."""
    session = dialog.session
    return Message(
        id=call.message,
        session=session.id,
        chat=session.chat,
        at=call.at,
        author=Author.MANAGER,
        user=call.user,
        content="call",
    )
