"""What a review leaves for the next one: its figures for the trend, its advice to be looked at again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.guarantee import review_days
from monitor.core.policy import Guarantee
from monitor.core.review import EXPIRING, Advice, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAdvice:
    """`share` in time then of what an employee had in hand; `count` of cases then; `subject`: an expiry, or the
    incident's id, whose words are the `summary`; of what has expired the subject is."""

    what: str
    count: int = 0
    user: int = 0
    subject: str = ""
    share: float | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReview:
    """A review as it was made. `corrects` 0 = none; `sum` is the SHA-256 of its page."""

    number: int
    since: datetime
    until: datetime
    made: datetime
    met: int
    n: int
    share: float | None
    missed: int
    advice: tuple[KeptAdvice, ...]
    sum: str = ""
    corrects: int = 0
    reason: str = ""
    found: int | None = None  # incidents of the period but for those of single replies; None = was not kept yet
    lost: timedelta | None = None  # working time of all channels that the guarantee covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One advice of the last review, a period later. `helped` None = it cannot be told."""

    advice: KeptAdvice
    count: int = 0
    share: float | None = None
    helped: bool | None = None


def kept_advice(told: Review, language: str) -> tuple[KeptAdvice, ...]:
    return tuple(_kept(one, told, language) for one in told.advice if one.what != "all_well")


def _kept(one: Advice, told: Review, language: str) -> KeptAdvice:
    share = told.own[one.user].share if one.what == "slow_manager" else None
    if one.incident is not None:
        summary = one.incident.subject if one.what == "expired" else one.incident.words[language].summary
        return KeptAdvice(what=one.what, subject=one.incident.id, summary=summary)
    return KeptAdvice(what=one.what, count=one.count, user=one.user, subject=one.subject, share=share)


def followed(before: KeptReview | None, told: Review) -> tuple[Followed, ...]:
    """What became of the last review's advice."""
    return tuple(_follow(one, told) for one in before.advice) if before is not None else ()


def _follow(advice: KeptAdvice, told: Review) -> Followed:
    if advice.what == "unanswered":
        return Followed(advice=advice, count=told.team.missed, helped=told.team.missed < advice.count)
    if advice.what == "nobody_takes":
        return Followed(advice=advice, count=told.untaken, helped=told.untaken < advice.count)
    if advice.what == "slow_manager":
        mine = told.own.get(advice.user)
        share = mine.share if mine is not None and mine.is_rated else None
        better = None if share is None or advice.share is None else share > advice.share
        return Followed(advice=advice, share=share, helped=better)
    if advice.what in ("channel_down", "expired"):
        still = {one.id for one in told.incidents if one.closed is None}
        return Followed(advice=advice, helped=advice.subject not in still)
    near = {subject for subject, at in told.expiries if at - told.until < EXPIRING}
    return Followed(advice=advice, helped=advice.subject not in near)


def missing_periods(
    guarantee: Guarantee, kept: Sequence[KeptReview], first_sight: datetime, now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The periods of the guarantee that are over and have no review yet, the oldest first.

    After a downtime each gets its own: the ledger knows them all. Of what was over before we came nothing is known.
    """
    made = {one.until for one in kept}
    for until in review_days(guarantee):
        if first_sight < until <= now and until not in made:
            yield until - guarantee.review, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a guarantee's reviews come to. `since`: the first of them that tells what was found and lost."""

    reviews: int
    found: int
    lost: timedelta
    since: datetime | None


def account_of(guarantee: Guarantee, kept: Sequence[KeptReview]) -> Account:
    """Of this guarantee's term; of a corrected review its correction counts."""
    mine = [one for one in trend(kept, len(kept)) if guarantee.start <= one.since < guarantee.end]
    told = [one for one in mine if one.found is not None]
    return Account(
        reviews=len(mine),
        found=sum(one.found or 0 for one in told),
        lost=sum((one.lost or timedelta() for one in told), timedelta()),
        since=min((one.since for one in told), default=None),
    )


def trend(kept: Sequence[KeptReview], most: int = 8) -> tuple[KeptReview, ...]:
    """The last reviews in order, a corrected one in the words of its correction."""
    corrected = {one.corrects for one in kept}
    standing = [one for one in kept if one.number not in corrected]
    return tuple(standing[max(0, len(standing) - most) :])
