"""The review in sentences of one language, made once for every form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor import charts
from monitor.core.audit_words import fact_words, is_kept
from monitor.core.availability import Availability
from monitor.core.cover_words import why_covered
from monitor.core.delays import Own
from monitor.core.guarantee import end_of
from monitor.core.incident import Incident
from monitor.core.memory import Audit, PortalState
from monitor.core.parity import Parity
from monitor.core.past_reviews import Followed, KeptReview
from monitor.core.policy import Policy
from monitor.core.replies import Figures
from monitor.core.review import Advice, ChannelReview, Review
from monitor.core.stories import story
from monitor.core.turn import Turn
from monitor.core.words import MESSENGERS, percent, worked_of
from monitor.review_speech import Speech
from monitor.review_words import WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A review in words of one language, ready for both templates."""

    facts: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a review stands among the others. `number` 0 = made on demand and not kept."""

    number: int = 0
    corrects: int = 0
    reason: str = ""
    past: tuple[KeptReview, ...] = ()
    followed: tuple[Followed, ...] = ()


def tell(
    told: Review, state: PortalState, policy: Policy, language: str, now: datetime, place: Place | None = None
) -> Told:
    teller = _Teller(told, state, policy, language, now, place or Place())
    facts = teller.facts()
    plain = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str)
    digest = hashlib.sha256(plain.encode()).hexdigest()[:16]
    facts["made"] = WORDS[language]["made"].format(at=teller.it.at(now), digest=digest)
    return Told(facts=facts, digest=digest)


class _Teller:
    def __init__(
        self, told: Review, state: PortalState, policy: Policy, language: str, now: datetime, place: Place
    ) -> None:
        self.place = place
        self.told, self.state, self.policy, self.language, self.now = told, state, policy, language, now
        self.words = WORDS[language]
        self.names = {one.id: one.name for one in state.managers.values() if one.name}
        self.it = Speech(language=language, zone=policy.timezone, names=self.names, now=now)
        self.address = (state.memory.server_address or policy.url).rstrip("/")

    def facts(self) -> dict[str, Any]:
        told = self.told
        return {
            "w": self.words,
            "language": self.language,
            "period": self.it.say(
                "period", portal=told.portal, since=self.it.day(told.since), until=self.it.last(told.until)
            ),
            "guaranteed": self.guaranteed(),
            "zone": self.it.say("zone", zone=self.policy.timezone),
            "number": self.number(),
            "followed": [self.followed(one) for one in self.place.followed],
            "trend": [self.past(one) for one in self.place.past],
            "trend_chart": Markup(charts.trend(self.shares(), self.language)),  # noqa: S704 - numbers of our own
            "audits": [self.audit(one) for one in told.audits],
            "channels": [self.channel(one) for one in told.channels],
            "fast": list(self.fast()),
            "advice": [self.advice(one) for one in told.advice],
            "incidents": [self.incident(one) for one in told.incidents],
            "reply_alarms": self.it.say("reply_alarms", count=told.reply_alarms) if told.reply_alarms else "",
            "worst": [self.dialog(turn) for turn in told.worst],
            "managers": [self.manager(user, one) for user, one in sorted(told.managers.items()) if one.turns],
            "heat": Markup(charts.heat(told.heat, self.words["days"].split())),  # noqa: S704 - numbers of our own
            "has_heat": bool(told.heat),
            "expiries": [(self.it.subject(name), self.it.until(at)) for name, at in told.expiries],
            "portal": self.portal(told.parity),
        }

    def channel(self, one: ChannelReview) -> dict[str, Any]:
        memory = self.state.channels[one.key].channel
        line = self.state.lines.get(one.key.line)
        carrier = MESSENGERS.get(memory.messenger, memory.title or one.key.connector)
        name = f"{carrier}, {line.name if line else one.key.line}"
        share, knowledge = one.told.share, one.told.knowledge
        if share is None:
            text = self.it.say("never", name=name)
        else:
            parts = [self.it.say("available", name=name, share=percent(share, self.language))]
            if one.told.down:
                parts.append(self.it.say("lost", lost=worked_of(one.told.down, self.language)))
                if self.policy.guarantee is not None:
                    parts.append(self.whose_fault(one.told))
            if knowledge is not None and knowledge < 0.95:
                parts.append(self.it.say("unseen", share=percent(1 - knowledge, self.language)))
            text = ", ".join(parts)
        days = [(day.astimezone(ZoneInfo(self.policy.timezone)), state) for day, state in one.days]
        return {
            "name": name,
            "text": text + ".",
            "well": share is None or share > 0.99,
            "strip": Markup(charts.strip(days, self.words)),  # noqa: S704 - escaped where it is made
        }

    def whose_fault(self, told: Availability) -> str:
        """What was lost is ours as far as the guarantee covers it."""
        if told.lost == told.down:
            return self.words["lost_ours"]
        return (
            self.it.say("lost_partly", ours=worked_of(told.lost, self.language))
            if told.lost
            else self.words["lost_theirs"]
        )

    def guaranteed(self) -> str:
        """What was bought and for how long; whatever else is told is beside it."""
        terms = self.policy.guarantee
        if terms is None:
            return ""
        option = self.words[f"option_{terms.option}"]
        return self.it.say(
            "guaranteed", option=option, since=self.it.day(terms.start), until=self.it.last(end_of(terms))
        )

    def number(self) -> str:
        place = self.place
        if not place.number:
            return ""
        if place.corrects:
            return self.it.say("corrects", number=place.number, corrects=place.corrects, reason=place.reason)
        return self.it.say("number", number=place.number)

    def followed(self, one: Followed) -> dict[str, str]:
        advice, helped = one.advice, one.helped
        facts = {
            "name": self.it.name(advice.user),
            "before": percent(advice.share, self.language) if advice.what == "slow_manager" else advice.count,
            "after": percent(one.share, self.language) if advice.what == "slow_manager" else one.count,
            "subject": self.it.subject(advice.subject),
            "summary": self.it.subject(advice.summary) if advice.what == "expired" else advice.summary,
        }
        word = "untold" if helped is None else "helped" if helped else "not_helped"
        return {"what": self.it.say(f"was_{advice.what}", **facts), "word": self.words[word], "well": str(helped)}

    def past(self, one: KeptReview) -> dict[str, str]:
        return {
            "number": str(one.number),
            "period": f"{self.it.day(one.since)} – {self.it.last(one.until)}",
            "share": percent(one.share, self.language),
            "n": str(one.n),
            "missed": str(one.missed),
        }

    def shares(self) -> list[tuple[str, float | None]]:
        told = [(self.it.last(one.until)[:5], one.share) for one in self.place.past]
        return [*told, (self.it.last(self.told.until)[:5], self.told.team.share)]

    def audit(self, one: Audit) -> dict[str, str]:
        line = self.state.lines.get(one.seen.line)
        check = self.words[f"check_{one.seen.check}"]
        holds = is_kept(one.seen)
        return {
            "what": f"{check} ({line.name})" if line else check,
            "word": self.words["untold" if holds is None else "holds" if holds else "broken"],
            "well": str(holds),
            "facts": "; ".join(fact_words(fact, self.language) for fact in one.seen.facts),
        }

    def fast(self) -> list[str]:
        team, before = self.told.team, self.told.before
        if not team.n:
            return [self.words["share_none"]]
        lines = [
            self.it.say(
                "share" if team.is_rated else "share_few",
                met=team.met,
                n=team.n,
                of_requests=self.it.form("of_requests", team.n),
                share=percent(team.share, self.language),
            )
        ]
        if team.is_rated and before.is_rated and team.share is not None and before.share is not None:
            now, then = (percent(one.share, self.language) for one in (team, before))
            trend = "same" if now == then else "better" if team.share > before.share else "worse"  # by what is printed
            lines.append(self.it.say(trend, before=then))
        if team.team.p50 is not None and team.team.p90 is not None:
            half, ninety = self.it.waited("half", team.team.p50), self.it.waited("ninety", team.team.p90)
            lines.append(self.it.say("typical", half=half, ninety=ninety))
            if team.team.p90.at_least:
                lines.append(self.words["typical_never"])
        if team.missed:
            lines.append(self.it.say("lost_customers", missed=team.missed))
        return lines

    def advice(self, one: Advice) -> str:
        if one.incident is not None:
            begun = self.it.day(one.incident.since or one.incident.opened)
            if one.what == "expired":
                return self.it.say("expired", subject=self.it.subject(one.incident.subject), at=begun)
            said = one.incident.words[self.language]
            return self.it.say(one.what, summary=said.summary, recommendation=said.recommendation)
        form = "unanswered_queue" if one.what == "unanswered" and not one.user else one.what
        if form == "expiring" and dict(self.told.expiries).get(one.subject, self.now) < self.now:
            form = "expired"
        own = self.told.own.get(one.user, Own())
        expiry = next((at for subject, at in self.told.expiries if subject == one.subject), self.now)
        return self.it.say(
            form,
            count=one.count,
            times=self.it.form("times", one.count),
            name=self.it.name(one.user),
            n=own.n,
            subject=self.it.subject(one.subject),
            at=self.it.day(expiry),
        )

    def incident(self, one: Incident) -> dict[str, Any]:
        said = one.words.get(self.language) or next(iter(one.words.values()))
        begun = one.since or one.opened
        ended = one.until or one.closed
        lasted = f"{self.words['lasted']} {self.it.span(ended - begun)}" if ended else self.words["still"]
        return {
            "summary": said.summary,
            "from": self.it.at(begun),
            "lasted": lasted,
            "covered": why_covered(one, self.language) if self.policy.guarantee is not None else "",
            "link": f"{self.policy.pages}/incidents/{one.id}" if self.policy.pages else "",
        }

    def dialog(self, turn: Turn) -> dict[str, Any]:
        return {
            "link": f"{self.address}/online/?IM_HISTORY=imol|{turn.session}",
            "lines": list(story(turn, self.names, self.policy.timezone, self.language, self.now)),
        }

    def manager(self, user: int, one: Figures) -> dict[str, Any]:
        return {
            "name": self.it.name(user),
            "n": one.n,
            "share": percent(one.share, self.language) if one.is_rated else self.words["few"],
            "low": one.is_rated and (one.share or 0.0) < 0.8,
            "median": self.it.wait(one.team.p50),
            "ninety": self.it.wait(one.team.p90),
            "own": self.it.wait(one.own.p50),
            "late": one.late + one.overdue,
            "missed": one.missed,
            "closed": one.closed_unanswered,
            "skipped": one.skipped,
        }

    def portal(self, told: Parity) -> dict[str, Any] | None:
        if told.portal_mean is None or told.ours_mean is None:
            return None
        reasons = sorted(told.by_reason.items(), key=lambda one: -one[1][0])
        portal, ours, counted = self.it.span(told.portal_mean), self.it.span(told.ours_mean), self.told.team.n
        return {
            "text": self.it.say("portal_mean", portal=portal, ours=ours),
            "more": self.it.say("portal_more", n=told.n, of=counted) if told.n != counted else "",
            "reasons": [
                (self.words[f"why_{why.value}"], self.it.say("times", count=count, times=self.it.form("times", count)))
                for why, (count, _) in reasons
            ],
        }
