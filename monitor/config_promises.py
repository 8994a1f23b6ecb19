"""What the file may say of what was sold: the guarantee, what ends, and how often it is told."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.config_types import Day, Slug, checked, duration, unexpected
from monitor.core.guarantee import price_problem, term_problem, year_after
from monitor.core.policy import CHECKS

Review = Annotated[timedelta, duration("1d", "366d")]
Ahead = Annotated[timedelta, duration("1d", "366d")]
Check = Annotated[str, checked(lambda text: text in CHECKS, f"one of {', '.join(CHECKS)}")]
Whole = Annotated[int, Field(ge=1)]


def _is_currency(text: str) -> bool:
    return len(text) == 3 and text.isalpha() and text.isupper()


class Promise(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class Reminders(Promise):
    """How long before an end it is told: one early warning, then exactly three reminders."""

    early: Ahead = timedelta(days=30)
    then: list[Ahead] = [timedelta(days=14), timedelta(days=7), timedelta(days=1)]

    @model_validator(mode="after")
    def _three_in_order(self) -> Self:
        if len(self.then) != 3:
            raise unexpected("exactly three reminders, such as [14d, 7d, 1d]", f"{len(self.then)}", at="then")
        steps = [self.early, *self.then]
        if any(later >= earlier for earlier, later in pairwise(steps)):
            raise unexpected("each reminder nearer to the end than the one before", "another order", at="then")
        return self


class Guarantee(Promise):
    """Bought for one year, neither more nor less; it covers one named option and is not refunded."""

    option: Literal["messengers", "documents"] = "messengers"
    start: Day
    end: Day | None = None
    ended: Day | None = None
    term: Annotated[
        str, checked(lambda text: text in ("1y", "1 year"), "1y: a guarantee is sold for one year only")
    ] = "1y"
    service_price: Annotated[int, Field(ge=0)] = 0
    price: Whole | None = None
    currency: Annotated[str, checked(_is_currency, "a currency such as RUB")] = "RUB"
    review: Review = timedelta(days=14)
    department: Whole | None = None
    checks: list[Check] | None = None

    @model_validator(mode="after")
    def _lasts_one_year(self) -> Self:
        if self.end is not None and (problem := term_problem(self.start, self.end)):
            raise unexpected(problem, self.end, "leave `end` out, or sell the next year anew", at="end")
        if self.ended is not None and not self.start <= self.ended < year_after(self.start):
            raise unexpected("a day of the guarantee's year", self.ended, at="ended")
        return self

    @model_validator(mode="after")
    def _costs_enough(self) -> Self:
        if self.price is not None and (problem := price_problem(self.price, self.service_price, self.currency)):
            raise unexpected(problem, self.price, "leave `price` out to have it computed", at="price")
        return self


class Expiry(Promise):
    subject: Slug
    date: Day
    paid_through_us: bool = False
