"""A review made of what the store holds: the same for the daemon, the command and a correction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from monitor.core.desk import Context
from monitor.core.incident import Incident
from monitor.core.ladder import office_of
from monitor.core.memory import Flip, PortalState
from monitor.core.notices import next_digest
from monitor.core.past_reviews import KeptReview, followed, kept_advice, trend
from monitor.core.policy import Policy
from monitor.core.receivers import Notice
from monitor.core.review import Review, review
from monitor.core.schedules import schedule_of
from monitor.core.turn import Turn
from monitor.review_forms import as_html, as_markdown
from monitor.review_page import Place, Told, tell
from monitor.review_words import WORDS
from monitor.shell.store import Store
from monitor.shell.store_reviews import Paper, kept_reviews, last_number, put_review

MOST = 100_000  # rows of a ledger that a review looks at


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The portal that is reviewed."""

    state: PortalState
    policy: Policy
    context: Context


def draft(
    subject: Subject,
    turns: Iterable[Turn],
    flips: Iterable[Flip],
    incidents: Iterable[Incident],
    since: datetime,
    until: datetime,
    now: datetime,
) -> Review:
    state, policy = subject.state, subject.policy
    schedule = partial(schedule_of, state=state, policy=policy, public_days=subject.context.public_days)
    return review(
        state, policy, list(turns), list(flips), list(incidents), schedule=schedule, since=since, until=until, now=now
    )


async def drafted(store: Store, subject: Subject, since: datetime, until: datetime, now: datetime) -> Review:
    """Counted in a thread: a busy fortnight takes a while, and polls go on."""
    portal = subject.policy.portal
    turns = await store.turns(portal, since=since - (until - since))
    flips = await store.flips(portal, limit=MOST)
    incidents = [one for _, one in await store.incidents(portal, limit=MOST)]
    return await asyncio.to_thread(draft, subject, turns, flips, incidents, since, until, now)


async def kept_of(store: Store, portal: str) -> tuple[KeptReview, ...]:
    return await store.transaction(partial(kept_reviews, portal=portal))


async def make(
    store: Store,
    subject: Subject,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    corrects: int = 0,
    reason: str = "",
) -> KeptReview | None:
    """Make the review of a period, keep it and let the heads have it, all at once. None: it was made before."""
    portal = subject.policy.portal
    told = await drafted(store, subject, since, until, now)
    earlier = [one for one in await kept_of(store, portal) if one.until <= since]
    place = Place(
        number=await store.transaction(partial(last_number, portal=portal)) + 1,
        corrects=corrects,
        reason=reason,
        past=trend(earlier),
        followed=followed(trend(earlier)[-1] if earlier else None, told),
    )
    said_in = {
        language: await asyncio.to_thread(tell, told, subject.state, subject.policy, language, now, place)
        for language in _languages(subject.policy)
    }
    said = said_in[subject.policy.language]
    kept = _kept(told, said, place, subject.policy.language, now)
    paper = Paper(kept=kept, page=await asyncio.to_thread(as_html, said), plain=as_markdown(said))
    notices = tuple(_notices(subject, kept, said_in, now))
    done = await store.transaction(partial(put_review, portal=portal, paper=paper, notices=notices), portal)
    return kept if done else None


def _kept(told: Review, said: Told, place: Place, language: str, now: datetime) -> KeptReview:
    return KeptReview(
        number=place.number,
        since=told.since,
        until=told.until,
        made=now,
        met=told.team.met,
        n=told.team.n,
        share=told.team.share,
        missed=told.team.missed,
        advice=kept_advice(told, language),
        sum=said.digest,
        corrects=place.corrects,
        reason=place.reason,
        found=sum(one.opened >= told.since for one in told.incidents),
        lost=sum((one.told.lost for one in told.channels), timedelta()),
    )


def _languages(policy: Policy) -> set[str]:
    """The portal's own, in which the whole review is kept, and those in which its first page goes to people."""
    return {policy.language, *(one.language for one in policy.receivers)}


def _notices(subject: Subject, kept: KeptReview, said_in: Mapping[str, Told], now: datetime) -> Iterable[Notice]:
    """The page for the head goes to every head's receiver with the next digest, in his own language."""
    policy = subject.policy
    office = office_of(subject.state, policy, subject.context.public_days)
    for receiver in policy.receivers:
        if receiver.audience.value == "head" and not receiver.routed and not receiver.kinds:
            said = said_in[receiver.language]
            yield Notice(
                receiver=receiver.name,
                key=f"review/{kept.number}",
                due=next_digest(receiver, policy, office, now),
                urgent=False,
                alone=True,
                subject=f"{policy.portal}: {said.facts['w']['title']}, {said.facts['number'] or kept.number}",
                text=_first_page(said, policy, kept.number),
            )


def _first_page(said: Told, policy: Policy, number: int) -> str:
    facts, words = said.facts, said.facts["w"]
    about = [facts["period"], *([facts["guaranteed"]] if facts["guaranteed"] else [])]
    rows = [*about, "", words["alive"], *(one["text"] for one in facts["channels"])]
    rows += ["", words["fast"], *facts["fast"]]
    rows += ["", words["todo" if len(facts["advice"]) == 3 else "todo_one"]]
    rows += [f"{place}. {one}" for place, one in enumerate(facts["advice"], 1)]
    link = f"{policy.pages.rstrip('/')}/portals/{policy.portal}/reviews/{number}"
    language = WORDS[facts["language"]]
    return "\n".join([*rows, "", language["whole"].format(link=link)] if policy.pages else rows)
