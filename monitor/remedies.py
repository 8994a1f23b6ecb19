"""What to do about a portal that does not answer as it should: for `check` and `doctor`, in the operator's English."""

from __future__ import annotations

import shlex

import click

from monitor.auth_words import remedy
from monitor.core.model import Failure, Reason
from monitor.core.words_en import WORDS_EN

_REMEDIES = {
    Reason.TIMEOUT: "look at the network, then at the portal in a browser",
    Reason.UNREACHABLE: "look at the network, then at the portal in a browser",
    Reason.THROTTLED: "wait; then lower rate.per_second or poll less often",
    Reason.REJECTED: "correct portals[].url: the portal does not take our request",
    Reason.MALFORMED: "look for a proxy or a login page between this machine and the portal",
    Reason.BUG: "report this with `messenger-monitor support-bundle`",
}


def remedy_of(failure: Failure, portal: str, *, webhook: bool) -> str:
    if failure.reason is not Reason.DENIED:
        return _of_server(failure) or _REMEDIES[failure.reason]
    if webhook:
        return WORDS_EN.new_webhook
    return (failure.server and remedy(failure)) or f"authorise it: {typed('auth', portal)}"


def _of_server(failure: Failure) -> str:
    if not failure.server:
        return ""
    asked = f"the OAuth server {failure.server}"
    if failure.moved_to:
        return f"look for a proxy before {asked}, which redirects to {failure.moved_to}, and correct auth.oauth_url"
    return f"look at the network to {asked} and at auth.oauth_url; if both are right, wait for Bitrix24"


def scopes_remedy(portal: str, *, webhook: bool) -> str:
    if webhook:
        return "tick them in the webhook's settings"
    return f"tick them in the application, then {typed('auth', portal)}"


def typed(command: str, portal: str) -> str:
    """A command for a portal, with the file that the present one was given: to be pasted as it stands."""
    words = ["messenger-monitor", command]
    context = click.get_current_context(silent=True)
    if context is not None and context.get_parameter_source("file") is click.core.ParameterSource.COMMANDLINE:
        words += ["-c", str(context.params["file"])]
    return shlex.join([*words, "--portal", portal])
