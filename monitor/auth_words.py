"""What an operator reads when tokens could not be had: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.model import PASSING, Failure, Reason
from monitor.shell.oauth import is_refused

USED_CODE = {
    "invalid_grant": "the code is not valid: it lives 30 seconds and works once, so open the address again and be quick"
}
USED_REFRESH = {"invalid_grant": "the refresh token is used up or too old: take a new one, or run auth without it"}
_REMEDIES: Mapping[str, str] = {
    "wrong_client": "the OAuth server does not know this client_id: compare it with the application's page, or set "
    "auth.oauth_url to the server of the portal's region",
    "invalid_client": "client_secret does not belong to client_id: compare both with the application's page",
    "invalid_scope": "the application asks for permissions the portal does not have: correct them on its page",
    "insufficient_scope": "the application lacks permissions: tick them on its page and install it again",
    "not_installed": "the application is not installed: open its page in the portal and finish the installation",
    "payment_required": "the portal's plan has ended: renew it",
    "application_not_found": "the application was deleted from the portal: create it again",
    "authorization_error": "this account is dismissed or blocked: authorise with another one",
    "user_access_error": "this account may not use the application: allow it on the application's page",
}
NOTHING_SPECIAL: Mapping[str, str] = {}
_WAITING = "try again in a few minutes"


def sentence(failure: Failure, server: str, special: Mapping[str, str] = NOTHING_SPECIAL) -> str:
    """What is wrong and what to do. `server` is the OAuth host, `special` remedies go before the usual ones."""
    code = failure.code.rpartition(":")[2].lower()
    known = special.get(code) or remedy(failure)
    if known:
        return f"{known} ({code})"
    if is_refused(failure) or failure.reason is Reason.DENIED:
        return f"access was refused ({word(code) or 'no word why'}): check the application's page in the portal"
    what = failure.detail or word(failure.code) or str(failure.reason)
    waiting = failure.reason in PASSING
    return f"{what}: {_WAITING if waiting else f'check the portal url and the OAuth server {server}'}"


def remedy(failure: Failure) -> str:
    """Of what the OAuth server's word tells; "" where it tells nothing special."""
    return _REMEDIES.get(failure.code.rpartition(":")[2].lower(), "")


def word(text: str) -> str:
    """A vendor's word, safe to print."""
    return "".join(letter for letter in text[:60] if letter.isalnum() or letter in "_-. ")
