"""The yearly guarantee as it is sold (mission G10): its term, its price, its standing, the days of its reviews."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from monitor.core.policy import CHECKS, Guarantee

FLOOR = 24_000  # roubles a year, however cheap the service was
CURRENCY = "RUB"
OPTIONS = ("messengers", "documents")
OF_DOCUMENTS = "document_numbers"  # what the option `documents` is about (G11); no other option has a share in it


class Standing(StrEnum):
    """Where a guarantee stands at a moment. What ended early is not refunded, and what it did stays on record."""

    AHEAD = "ahead"
    IN_FORCE = "in_force"
    ENDED_EARLY = "ended_early"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a year costs. `by_floor`: 40 % of the service would have been less."""

    amount: int
    currency: str
    by_floor: bool
    refund: int = 0  # on an early end: nothing, always


def price_of(service_price: int, currency: str = CURRENCY) -> Price:
    """40 % of the service, rounded up to a whole unit; in roubles never below the floor."""
    share = (service_price * 2 + 4) // 5
    floor = FLOOR if currency == CURRENCY else 0
    return Price(amount=max(share, floor), currency=currency, by_floor=share < floor)


def price_problem(price: int, service_price: int, currency: str = CURRENCY) -> str:
    """Why a price agreed upon is refused; "" when it is well."""
    least = price_of(service_price, currency)
    if price >= least.amount:
        return ""
    why = "the least a year costs" if least.by_floor else f"40 % of {service_price}"
    return f"at least {least.amount} {currency} ({why})"


def told_price(guarantee: Guarantee) -> str:
    """The sum of a year and why it is that: agreed upon, or by the rule."""
    rule = price_of(guarantee.service_price, guarantee.currency)
    if guarantee.price is not None:
        return f"{guarantee.price} {guarantee.currency} a year (agreed upon; by the rule {rule.amount})"
    why = "the least there is" if rule.by_floor else f"40 % of {guarantee.service_price}"
    return f"{rule.amount} {rule.currency} a year ({why})"


def usual_checks(option: str) -> tuple[str, ...]:
    """What is audited where the file names no checks: the channels are watched under either option."""
    return tuple(check for check in CHECKS if check != OF_DOCUMENTS or option == "documents")


def is_of_option(check: str, option: str) -> bool:
    """Whether an audit is of what the option promises."""
    return (check == OF_DOCUMENTS) == (option == "documents")


def year_after(day: date) -> date:
    """The first day that the guarantee no longer covers; begun on 29 February, that is 1 March."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def term_problem(start: date, end: date) -> str:
    """Why an end is refused; "" for one year, told as the first day after it or as the last day in it."""
    right = year_after(start)
    if (right - end).days in (0, 1):
        return ""
    return f"{right.isoformat()}: a guarantee is sold for one year only"


def standing(guarantee: Guarantee, now: datetime) -> Standing:
    if now < guarantee.start:
        return Standing.AHEAD
    if guarantee.ended is not None and guarantee.ended < guarantee.end and now >= guarantee.ended:
        return Standing.ENDED_EARLY
    return Standing.IN_FORCE if now < guarantee.end else Standing.OVER


def end_of(guarantee: Guarantee) -> datetime:
    """When it really ends: the term's end, or earlier."""
    return min(guarantee.end, guarantee.ended or guarantee.end)


def review_days(guarantee: Guarantee) -> tuple[datetime, ...]:
    """When each review is due: one rhythm after another while the guarantee lasts; 26 in a year of fortnights."""
    return tuple(_reviews(guarantee))


def _reviews(guarantee: Guarantee) -> Iterator[datetime]:
    due = guarantee.start + guarantee.review
    while due <= end_of(guarantee):
        yield due
        due += guarantee.review
