"""What the guarantee covers and what it never does (mission G8): the table by which each incident is judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from monitor.core.assessment import Assessment
from monitor.core.guarantee import Standing, standing
from monitor.core.incident import IncidentKind
from monitor.core.licences import is_paid_through_us
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import State
from monitor.core.policy import Policy

DOCUMENTS_CHECK = "document_numbers"


class Cover(StrEnum):
    """Whether the guarantee covers an incident, and if not, why."""

    COVERED = "covered"
    NUMBER_BANNED = "number_banned"
    LICENCE_ELSEWHERE = "licence_elsewhere"
    PHONE_GONE = "phone_gone"
    PEOPLE = "people"
    PORTAL_LICENCE = "portal_licence"
    PORTAL_SHUT = "portal_shut"
    NOT_COVERED = "not_covered"
    OTHER_OPTION = "other_option"
    NOT_IN_FORCE = "not_in_force"
    NO_GUARANTEE = "no_guarantee"


# What is never covered, by the state a channel is in; a licence paid through us is the exception below.
STATE_COVER: Mapping[State, Cover] = {
    State.BANNED: Cover.NUMBER_BANNED,
    State.RESTRICTED: Cover.NUMBER_BANNED,
    State.UNPAID: Cover.LICENCE_ELSEWHERE,
}

# States in which a phone is asked for: gone with the employee who held it, nobody can bring it back.
PHONE_STATES = frozenset({State.PHONE_OFFLINE, State.QR_REQUIRED, State.CONNECTING})

# What people do or leave undone, although they are reminded.
KIND_COVER: Mapping[IncidentKind, Cover] = {
    IncidentKind.SLOW_REPLY: Cover.PEOPLE,
    IncidentKind.NO_REPLY: Cover.PEOPLE,
    IncidentKind.CLOSED_WITHOUT_ANSWER: Cover.PEOPLE,
    IncidentKind.LOW_COMPLIANCE: Cover.PEOPLE,
    IncidentKind.PORTAL_UNREACHABLE: Cover.PORTAL_LICENCE,
    IncidentKind.PORTAL_AUTH_FAILED: Cover.PORTAL_LICENCE,
    IncidentKind.EXPIRY_SOON: Cover.LICENCE_ELSEWHERE,
    IncidentKind.EXPIRED: Cover.LICENCE_ELSEWHERE,
}


def cover_of_channel(memory: ChannelMemory, state: PortalState, policy: Policy) -> Cover:
    """Of the state that the channel is judged to be in."""
    found = STATE_COVER.get(memory.diagnosis.state, Cover.COVERED)
    if found is Cover.LICENCE_ELSEWHERE and is_paid_through_us(memory.channel.provider, policy):
        return Cover.COVERED
    if memory.diagnosis.state in PHONE_STATES and _is_holder_gone(memory, state, policy):
        return Cover.PHONE_GONE
    return found


def _is_holder_gone(memory: ChannelMemory, state: PortalState, policy: Policy) -> bool:
    """By the config's word who holds the phone, and the portal's word that he was dismissed."""
    wish = policy.channels.get(memory.channel.key)
    holder = state.managers.get(wish.phone_holder) if wish is not None and wish.phone_holder else None
    return holder is not None and not holder.active


def cover_of(one: Assessment, policy: Policy, now: datetime) -> Cover:
    """The table's word on what a rule says: only COVERED is guaranteed."""
    guarantee = policy.guarantee
    if guarantee is None:
        return Cover.NO_GUARANTEE
    if standing(guarantee, now) is not Standing.IN_FORCE:
        return Cover.NOT_IN_FORCE
    if not one.covered:
        return Cover(one.cover) if one.cover else KIND_COVER.get(one.kind, Cover.NOT_COVERED)
    if not _is_of_option(one, guarantee.option):
        return Cover.OTHER_OPTION
    return Cover.COVERED


def _is_of_option(one: Assessment, option: str) -> bool:
    """The guarantee covers one named option: the documents' check is its own, all the rest are the messengers."""
    of_documents = dict(one.labels).get("check") == DOCUMENTS_CHECK
    return of_documents == (option == "documents")
