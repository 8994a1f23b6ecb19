"""What the file may say of a portal's dialogs where its data cannot tell: automatic texts, mailings, our own tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from monitor.config_types import Moment, checked, duration
from monitor.core.policy import ReplyOptions

Whole = Annotated[int, Field(ge=1)]
Patience = Annotated[timedelta, duration("1m", "7d")]
Phrase = Annotated[
    str,
    checked(
        lambda text: len(text.replace("*", "").strip()) >= 8 and len(text) <= 500 and text.count("*") <= 5,
        "a text of 8 to 500 characters, with * for what varies (five at the most)",
        "a shorter one would swallow what people write",
    ),
]


class Replies(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    automatic: list[Phrase] = []
    canned: list[Phrase] = []
    exclude_customers: list[Whole] = []
    campaigns: list[Moment] = []
    phone_users: list[Whole] = []
    reaction_ends_turn: bool = False
    call_ends_turn: bool = True
    groups_after: Patience | None = None


def options_of(said: Replies, zone: ZoneInfo) -> ReplyOptions:
    """Moments without an offset are in the portal's zone."""
    return ReplyOptions(
        automatic=tuple(said.automatic),
        canned=tuple(said.canned),
        excluded=frozenset(said.exclude_customers),
        campaigns=tuple(at if at.tzinfo else at.replace(tzinfo=zone) for at in said.campaigns),
        phone_users=frozenset(said.phone_users),
        reaction_ends_turn=said.reaction_ends_turn,
        call_ends_turn=said.call_ends_turn,
        groups=said.groups_after,
    )
