"""The guarantee of a portal as its page tells it: what is covered, until when, the next review, what expires."""

from __future__ import annotations

from typing import Any

from monitor.core.policy import Expiry, Guarantee
from monitor.core.reviews import next_review
from monitor.shell.sight import Sight

Row = dict[str, Any]
SOON = 30  # days


def guarantee(sight: Sight) -> Row:
    """`terms` None where there is no guarantee."""
    terms = sight.policy.guarantee
    expiries = sorted(sight.policy.expiries, key=lambda one: one.at)
    return {
        "terms": _terms(terms, sight) if terms is not None else None,
        "next_review": sight.at(next_review(sight.policy, sight.now)),
        "expiries": [_expiry(one, sight) for one in expiries],
    }


def _terms(terms: Guarantee, sight: Sight) -> Row:
    left = (terms.end - sight.now).days
    is_over, is_ahead = sight.now >= terms.end, sight.now < terms.start
    return {
        "option": sight.say(f"option_{terms.option}"),
        "start": sight.at(terms.start),
        "end": sight.at(terms.end),
        "days_left": max(0, left),
        "light": "bad" if is_over else "warn" if is_ahead or left < SOON else "good",
        "word": sight.say("term_over" if is_over else "term_ahead" if is_ahead else "term_runs"),
        "review_days": terms.review.days,
        "price": f"{terms.service_price:,}".replace(",", " ") + f" {terms.currency}" if terms.service_price else "",
    }


def _expiry(one: Expiry, sight: Sight) -> Row:
    left = (one.at - sight.now).days
    is_over = sight.now >= one.at
    return {
        "subject": one.subject,
        "at": sight.at(one.at),
        "left": sight.say("expired") if is_over else sight.span(one.at - sight.now),
        "light": "bad" if is_over else "warn" if left < SOON else "good",
        "paid_through_us": one.paid_through_us,
    }
