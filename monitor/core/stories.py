"""A turn's story in words a head understands, every number traceable to a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from monitor.core.calendar import NEVER
from monitor.core.parity import Why, compare
from monitor.core.story_words import BLAME, CONTENT, MARKS, PORTAL, REASONS, SENTENCES
from monitor.core.turn import Turn, Verdict
from monitor.core.words import moment, span_of, worked_of

Names = Mapping[int, str]


def story(
    turn: Turn, names: Names, zone: str, language: str, now: datetime, working: timedelta | None = None
) -> tuple[str, ...]:
    """Sentences in order. `names` of employees by id; `working`: how long an open turn has waited, None = not known."""
    return tuple(_Teller(turn, names, zone, language, now, working).sentences())


class _Teller:
    def __init__(
        self, turn: Turn, names: Names, zone: str, language: str, now: datetime, working: timedelta | None
    ) -> None:
        self.turn, self.names, self.zone, self.language, self.now = turn, names, zone, language, now
        self.waited = working
        self.texts = SENTENCES[language]

    def sentences(self) -> Iterator[str]:
        turn = self.turn
        did = CONTENT[self.language].get(turn.content, CONTENT[self.language]["file"])
        yield self.say(turn.kind, at=self.at(turn.opened), did=did, message=turn.message)
        yield from self.holders()
        if turn.deadline < NEVER:
            yield self.say("due", target=self.span(turn.target), deadline=self.at(turn.deadline))
        elif turn.verdict is Verdict.OPEN:
            yield self.say("bot")
        yield from self.ending()
        yield self.verdict()
        if len(turn.held) > 1 and turn.ended is not None:
            parts = (f"{self.name(part.user)} {self.worked(part.working)}" for part in turn.held)
            yield self.say("held", parts=", ".join(parts))
        if turn.blame:
            yield self.say("blame", whom=BLAME[self.language][turn.blame].format(name=self.name(turn.culprit)))
        yield from (MARKS[self.language][mark] for mark in turn.marks if self.is_told(mark))
        yield from self.portal()

    def is_told(self, mark: str) -> bool:
        """That the phone is not seen matters only where nobody is known to have answered."""
        return mark in MARKS[self.language] and (mark != "no_phone" or not self.turn.ended_by)

    def holders(self) -> Iterator[str]:
        for part in self.turn.held:
            proof = self.say("proof", notice=part.notice) if part.notice else ""
            if part.user:
                yield self.say("taken", at=self.at(part.since), name=self.name(part.user), proof=proof)
            elif part.notice:
                yield self.say("queued", at=self.at(part.since), proof=proof)

    def ending(self) -> Iterator[str]:
        turn = self.turn
        if turn.ended is None:
            calendar = self.span(self.now - turn.opened)
            working = "" if self.waited is None else self.worked(self.waited)
            yield self.say("waits" if working else "waits_unknown", calendar=calendar, working=working)
            return
        facts = {"at": self.at(turn.ended), "proof": self.say("proof", notice=turn.proof) if turn.proof else ""}
        if turn.ended_by:
            yield from self.answer(facts["at"])
        elif turn.verdict is Verdict.WAIVED:
            yield self.say("waived", **facts)
        elif turn.closer:
            yield self.say("closed", name=self.name(turn.closer), **facts)
        elif turn.verdict is not Verdict.VOID:
            yield self.say("closed_auto", **facts)

    def answer(self, at: str) -> Iterator[str]:
        turn = self.turn
        yield self.say(
            "answered" if turn.responder else "answered_phone",
            at=at,
            name=self.name(turn.responder),
            message=turn.ended_by,
            calendar=self.span(turn.calendar),
            working=self.worked(turn.working),
        )
        if turn.manager_working is not None and turn.manager_working != turn.working:
            yield self.say("own", name=self.name(turn.responder), own=self.worked(turn.manager_working))

    def verdict(self) -> str:
        turn = self.turn
        why = REASONS[self.language].get(turn.cause, turn.cause)
        if turn.verdict is Verdict.OPEN:
            return self.say("open_late" if self.now > turn.deadline else "open")
        if turn.verdict is Verdict.LATE:
            return self.say("late", over=self.worked((turn.working or turn.target) - turn.target))
        name = "waived_verdict" if turn.verdict is Verdict.WAIVED else turn.verdict.value
        return self.say(name, why=why)

    def portal(self) -> Iterator[str]:
        told = compare(self.turn, self.now)
        if told is not None and told.why is not Why.SAME:
            yield self.say("portal", portal=self.span(told.portal), why=PORTAL[self.language][told.why.value])

    def say(self, name: str, /, **facts: object) -> str:
        return self.texts[name].format(**facts)

    def at(self, at: datetime) -> str:
        return moment(at, self.zone, self.language)

    def span(self, span: timedelta | None) -> str:
        return span_of(span or timedelta(), self.language)

    def worked(self, span: timedelta | None) -> str:
        return worked_of(span or timedelta(), self.language)

    def name(self, user: int) -> str:
        if not user:
            return self.texts["queue"]
        return self.names.get(user) or self.texts["employee"].format(id=user)
