"""A million messages in a hundred thousand sessions judged from scratch; one session judged again."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from time import process_time

from monitor.core.calendar import Schedule
from monitor.core.model import Author, Message, Person, Session
from monitor.core.policy import Targets
from monitor.core.turn_rules import Rules
from monitor.core.turns import judge

SESSIONS, START = 100_000, datetime(2026, 3, 2, 6, tzinfo=UTC)
NOW = START + timedelta(days=400)
# Seconds after the start, who, [USER=id] of a notice: two turns and a close.
SHAPE = ((0, "s", ()), (1, "c", ()), (2, "a", ()), (90, "n", (12,)), (240, "m", ()), (400, "c", ()), (430, "c", ()))
SHAPE += ((900, "m", ()), (950, "m", ()), (9000, "e", (12,)))
WHO = {"c": (Author.CUSTOMER, 844), "m": (Author.MANAGER, 12), "a": (Author.AUTOMATIC, 0)}
MARKS = {"s": "start", "e": "end"}


def session_with(number: int) -> tuple[Session, tuple[Message, ...]]:
    start = START + timedelta(minutes=5 * (number % 100_000))
    messages = []
    for step, (seconds, what, named) in enumerate(SHAPE):
        author, user = WHO.get(what, (Author.NOTICE, 0))
        messages.append(
            Message(
                id=number * 10 + step + 1,
                session=number,
                chat=number,
                at=start + timedelta(seconds=seconds),
                author=author,
                user=user,
                mark=MARKS.get(what, ""),
                mentions=named,
            )
        )
    closed = messages[-1].at
    facts = Session(id=number, chat=number, line=1, connector="max", customer=844, created=start, closed=closed)
    return facts, tuple(messages)


def main() -> None:
    week = (((540, 780), (840, 1080)),) * 5 + ((), ())
    rules = Rules(
        schedule=Schedule(zone="Europe/Moscow", week=week),
        targets=Targets(first=timedelta(minutes=15), next=timedelta(minutes=30)),
        staff=frozenset({12, 15}),
    )
    people = {12: Person(id=12, name=""), 844: Person(id=844, name="", connector=True)}
    cases = [session_with(number) for number in range(1, SESSIONS + 1)]
    gc.freeze()
    begun, turns = process_time(), 0
    for session, messages in cases:
        turns += len(judge(session, messages, people=people, rules=rules, now=NOW).turns)
    spent = process_time() - begun
    print(f"{len(SHAPE) * SESSIONS:,} messages, {SESSIONS:,} sessions, {turns:,} turns: {spent:.2f} s")
    session, messages = cases[0]
    before = judge(session, messages, people=people, rules=rules, now=NOW).turns
    begun = process_time()
    for _ in range(1000):
        judge(session, messages, people=people, rules=rules, previous=before, now=NOW)
    print(f"one session judged again: {(process_time() - begun):.4f} ms")


if __name__ == "__main__":
    main()
