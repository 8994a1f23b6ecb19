"""The table of rules: what each says of every incident that could be open (signals.md, "Incidents and alerts")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from monitor.core.assessment import NONE, Assessment, Say, Scene
from monitor.core.audit_rules import audits
from monitor.core.channel_rules import channels
from monitor.core.expiry_rules import expiries
from monitor.core.memory import PortalState
from monitor.core.outage_rules import provider_outages, without_shared
from monitor.core.outcome_rules import compliance, left_unanswered
from monitor.core.policy import Policy
from monitor.core.portal_rules import PORTAL_KINDS, portal
from monitor.core.reply_rules import replies
from monitor.core.shared_cause import Outage
from monitor.core.turn import Turn

Rule = Callable[[Scene], Iterator[Assessment]]


def own_channels(scene: Scene) -> Iterator[Assessment]:
    said = channels(scene)
    return without_shared(scene, said) if scene.outages else said


RULES: tuple[Rule, ...] = (
    *(portal, provider_outages, own_channels),
    *(replies, left_unanswered, compliance),
    *(expiries, audits),
)


def assess(
    state: PortalState,
    policy: Policy,
    now: datetime,
    *,
    working: Callable[[Turn], timedelta | None] = lambda _: None,
    is_open: Callable[[int, datetime], bool] = lambda _line, _at: True,
    outages: Mapping[str, Outage] = NONE,
) -> tuple[Assessment, ...]:
    """What the facts say of each possible incident of a portal; of what is not named nothing is said: it holds.

    `working` tells how long an open turn has waited on its line's working clock, for the texts; None = not told.
    `is_open` whether a line works at a moment. `outages` of providers, by their type, as all portals together show
    them.
    """
    scene = Scene(state, policy, now, working, is_open, outages)
    return tuple(assessment for rule in RULES for assessment in rule(scene))


def is_blind(state: PortalState, policy: Policy, now: datetime) -> bool:
    """Whether the portal is out of sight: one of its own incidents is open, or is about to open (Decided, 4).

    A maintenance hides the incident but opens nobody's eyes.
    """
    scene = Scene(state, policy, now)
    said = {(one.kind, one.subject): one.say for one in portal(scene)}
    names = [(one.kind, one.subject) for one in scene.opened(*PORTAL_KINDS)]
    return Say.OPEN in said.values() or any(said.get(name) is not Say.CLOSE for name in names)
