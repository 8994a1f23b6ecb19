"""The guarantee of a portal as its page tells it: what is covered, until when, the next review, what expires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.core.audit_words import fact_words, is_kept
from monitor.core.audits import standing_audits
from monitor.core.cover import DOCUMENTS_CHECK
from monitor.core.expiries import APPLICATION, GUARANTEE, TOKEN, Term
from monitor.core.expiries import terms as terms_of
from monitor.core.expiry_rules import subject_name
from monitor.core.guarantee import Standing, end_of, is_of_option, price_of, review_days, standing
from monitor.core.memory import Audit
from monitor.core.past_reviews import KeptReview, account_of
from monitor.core.policy import Guarantee
from monitor.core.words import percent, worked_of
from monitor.shell.sight import Sight

Row = dict[str, Any]
SOON = 30  # days
OURS = frozenset({GUARANTEE, TOKEN, APPLICATION})  # nothing that anybody pays for
SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€"}
LIGHTS = {Standing.AHEAD: "warn", Standing.IN_FORCE: "good", Standing.ENDED_EARLY: "bad", Standing.OVER: "bad"}


def guarantee(sight: Sight, kept: Sequence[KeptReview] = ()) -> Row:
    """`kept`: the reviews that were made. `terms` None where there is no guarantee."""
    terms = sight.policy.guarantee
    audits = [one for one in standing_audits(sight.state, sight.policy, sight.now) if _is_of_interest(one, terms)]
    upcoming = _next_review(terms, sight)
    return {
        "terms": _terms(terms, sight) if terms is not None else None,
        "next_review": upcoming,
        "account": _account(terms, kept, sight) if terms is not None else None,
        "audits": [_audit(one, sight) for one in sorted(audits, key=lambda one: (one.seen.line, one.seen.check))],
        "reviews": [_review(one, sight) for one in reversed(kept)],
        "no_reviews": sight.say("no_reviews" if upcoming else "no_more_reviews"),
        "expiries": [_expiry(one, sight) for one in terms_of(sight.state, sight.policy)],
    }


def _next_review(terms: Guarantee | None, sight: Sight) -> str:
    """Nothing where none will be made: without a guarantee, and after its last one."""
    days = review_days(terms) if terms is not None else ()
    return sight.at(next((day for day in days if day > sight.now), None))


def _account(terms: Guarantee, kept: Sequence[KeptReview], sight: Sight) -> Row | None:
    """What the year's reviews come to; None where nothing is to be summed up yet."""
    told = account_of(terms, kept)
    if not told.reviews or told.since is None:
        return None
    lost = worked_of(told.lost, sight.language) if told.lost else "0"
    whole = all(one.found is not None for one in kept if one.since >= terms.start)
    return {
        "reviews": told.reviews,
        "found": told.found,
        "lost": lost,
        "since": "" if whole else sight.say("account_since").format(at=sight.at(told.since)),
    }


def _review(one: KeptReview, sight: Sight) -> Row:
    return {
        "number": one.number,
        "link": f"/portals/{sight.state.portal}/reviews/{one.number}",
        "period": f"{sight.at(one.since)} – {sight.at(one.until)}",
        "made": sight.at(one.made),
        "share": percent(one.share, sight.language),
        "sum": one.sum,
        "found": "—" if one.found is None else str(one.found),
        "lost": "—" if one.lost is None else worked_of(one.lost, sight.language) if one.lost else "0",
        "corrects": f"{sight.say('corrects')} {one.corrects}: {one.reason}" if one.corrects else "",
    }


def _terms(terms: Guarantee, sight: Sight) -> Row:
    stands = standing(terms, sight.now)
    left = (end_of(terms) - sight.now).days
    return {
        "option": sight.say(f"option_{terms.option}"),
        "start": sight.at(terms.start),
        "end": sight.at(end_of(terms)),
        "days_left": max(0, left),
        "light": "warn" if stands is Standing.IN_FORCE and left < SOON else LIGHTS[stands],
        "word": sight.say(f"term_{stands.value}"),
        "review_days": terms.review.days,
        "price": _money(terms.service_price, terms.currency) if terms.service_price else "",
        "yearly": _money(terms.price or price_of(terms.service_price, terms.currency).amount, terms.currency),
    }


def _money(amount: int, currency: str) -> str:
    return f"{amount:,} {SIGNS.get(currency, currency)}".replace(",", " ")


def _is_of_interest(one: Audit, terms: Guarantee | None) -> bool:
    """What the guarantee does not cover is shown only when something is found."""
    of_documents = one.seen.check == DOCUMENTS_CHECK
    return one.seen.holds is not None or (terms is not None and of_documents == (terms.option == "documents"))


def _audit(audit: Audit, sight: Sight) -> Row:
    holds = is_kept(audit.seen)
    return {
        "check": sight.say(f"check_{audit.seen.check}") + _aside(audit, sight),
        "line": sight.line(audit.seen.line) if audit.seen.line else "",
        "light": "none" if holds is None else "good" if holds else "bad",
        "word": sight.say("untold" if holds is None else "holds" if holds else "broken"),
        "since": sight.at(audit.since),
        "facts": "; ".join(fact_words(fact, sight.language) for fact in audit.seen.facts),
    }


def _aside(audit: Audit, sight: Sight) -> str:
    terms = sight.policy.guarantee
    is_mine = terms is None or is_of_option(audit.seen.check, terms.option)
    return "" if is_mine else f" ({sight.say('other_option')})"


def _expiry(one: Term, sight: Sight) -> Row:
    left = (one.at - sight.now).days
    is_over = sight.now >= one.at
    told = sight.state.reminders.get(one.subject)
    return {
        "subject": subject_name(one.subject, sight.language),
        "at": sight.at(one.at),
        "left": sight.say("expired") if is_over else sight.span(one.at - sight.now),
        "light": "bad" if is_over else "warn" if left < SOON else "good",
        "paid_through_us": "" if one.subject in OURS else sight.say("yes" if one.paid_through_us else "no"),
        "reminders": f"{told.sent if told is not None else 0} / 3",
    }
