"""What a vendor's answer means when it is not the answer: HTTP status and error code to a Failure (signals.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from monitor.core.model import Failure, Reason

# Bitrix24's own words first: its status codes are unreliable (bitrix24-api.md 2.4).
BY_CODE: Mapping[str, Reason] = {
    "query_limit_exceeded": Reason.THROTTLED,
    "operation_time_limit": Reason.THROTTLED,
    "overload_limit": Reason.THROTTLED,
    "internal_server_error": Reason.UNREACHABLE,
    "error_unexpected_answer": Reason.UNREACHABLE,
    "connection_error": Reason.UNREACHABLE,
    "wrong_encoding": Reason.MALFORMED,
    "no_auth_found": Reason.DENIED,
    "expired_token": Reason.DENIED,
    "invalid_token": Reason.DENIED,
    "application_not_found": Reason.DENIED,
    "not_installed": Reason.DENIED,
    "payment_required": Reason.DENIED,
    "authorization_error": Reason.DENIED,
    "user_access_error": Reason.DENIED,
    "method_confirm_waiting": Reason.DENIED,
    "method_confirm_denied": Reason.DENIED,
    "access_denied": Reason.DENIED,
    "access_error": Reason.DENIED,
    "invalid_credentials": Reason.DENIED,
    "insufficient_scope": Reason.DENIED,
    "wrong_auth_type": Reason.DENIED,
    "wrong_license": Reason.DENIED,
    "portal_deleted": Reason.DENIED,
    "wrong_client": Reason.DENIED,
    "invalid_client": Reason.DENIED,
    "invalid_grant": Reason.DENIED,
    "invalid_scope": Reason.DENIED,
}

# Of these, too, the description is passed on; with another code it may be anything, such as a customer's words.
EXPLAINED = frozenset(
    {
        "",
        "invalid_request",
        "error_argument",
        "error_core",
        "error_batch_length_exceeded",
        "error_batch_method_not_allowed",
        "error_method_not_found",
        "error_manifest_is_not_available",
        "not_found",
    }
)
# What Bitrix24 says of a plan that has no REST, or of a subscription that has ended, all under one word with missing
# rights (bitrix24-api.md 2.4, 9): the word is ours then, beside theirs.
NOT_ON_PLAN = "rest_not_on_plan"
_OF_THE_PLAN = (
    "commercial plan",
    "subscription has been ended",
    "subscription has ended",
    "subscription has expired",
    "коммерческих тариф",
    "коммерческом тариф",
    "платных тариф",
    "подписка закончилась",
    "подписка истекла",
)
UNNAMED, STRUCK, LONGEST = "unknown_code", "***", 1000
_CODE = re.compile(r"[A-Za-z0-9_.:-]{0,60}")
_PRIVATE = re.compile(  # addresses, webhooks' paths, mail, numbers as long as a phone's, words as long as a token
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*+://\S++|/rest/\S++|(?<!\S)[^\s@]++@\S++"
    r"|(?<!\d)\+?\d(?:[\s()-]*+\d){6,}+|(?<![a-z0-9_-])(?=[a-z_-]*+\d)[a-z0-9_-]{20,}+",
    re.IGNORECASE | re.ASCII,
)

BY_STATUS: Mapping[int, Reason] = {
    401: Reason.DENIED,
    403: Reason.DENIED,
    410: Reason.DENIED,
    429: Reason.THROTTLED,
    408: Reason.TIMEOUT,
}


def by_error(code: object, description: object, status: int, retry_at: datetime | None = None) -> Failure:
    """A Failure from the vendor's error envelope. A word we do not know is `rejected`, also with a 5xx: it was
    answered; only 401, 403 and 429 say more than an unknown word."""
    if retry_at is None and type(code) is str and type(description) is str:
        return _said(code, description, status)  # ids that are no session say so at every poll
    return _failure(code, description, status, retry_at)


@lru_cache(maxsize=256)
def _said(code: str, description: str, status: int) -> Failure:
    return _failure(code, description, status, None)


def _failure(code: object, description: object, status: int, retry_at: datetime | None) -> Failure:
    word = _word(code)
    reason = BY_CODE.get(word.lower()) or BY_STATUS.get(status, Reason.REJECTED)
    is_known = word.lower() in BY_CODE or word.lower() in EXPLAINED
    text = description[:LONGEST] if isinstance(description, str) and is_known else ""
    detail = " ".join(_PRIVATE.sub(STRUCK, text).split())
    code = f"{word}:{NOT_ON_PLAN}" if _is_of_the_plan(word, detail) else word
    return Failure(reason=reason, code=code, detail=detail[:200], retry_at=retry_at)


def _is_of_the_plan(word: str, detail: str) -> bool:
    said = detail.lower()
    return word.lower() == "access_denied" and any(words in said for words in _OF_THE_PLAN)


def _word(code: object) -> str:
    """A code as the vendor's pages have them; a number is one, and anything else might be anybody's text."""
    word = str(code) if isinstance(code, int) and not isinstance(code, bool) else code
    is_one = isinstance(word, str) and _CODE.fullmatch(word) is not None and _PRIVATE.search(word) is None
    return word if is_one and isinstance(word, str) else UNNAMED


def without(failure: Failure, secrets: Iterable[str]) -> Failure:
    """The same without what we sent to be let in, which an answer may repeat."""
    code, detail = failure.code, failure.detail
    for secret in filter(None, secrets):
        code = UNNAMED if secret in code else code
        detail = detail.replace(secret, STRUCK)
    if (code, detail) == (failure.code, failure.detail):
        return failure
    return replace(failure, code=code, detail=detail)


def by_status(status: int, what: str, retry_at: datetime | None = None) -> Failure:
    """A Failure from a status whose body says nothing that we understand."""
    reason = Reason.MALFORMED if 200 <= status < 300 else _by_status(status)
    return Failure(reason=reason, code=f"http_{status}", detail=what, retry_at=retry_at)


def redirected(status: int, host: str) -> Failure:
    detail = f"the address answers with a redirect to {host or 'an unnamed host'}: set the new address if it has moved"
    return Failure(reason=Reason.REJECTED, code=f"http_{status}", detail=detail, moved_to=host)


def malformed(detail: str) -> Failure:
    return Failure(reason=Reason.MALFORMED, detail=detail)


def error_of(body: Any) -> tuple[Any, Any] | None:
    """(code, description) if the body is an error envelope: the key decides, since a code may be an empty text."""
    if isinstance(body, dict) and "error" in body and "result" not in body:
        error = body["error"]
        if isinstance(error, dict):  # REST 3.0
            return error.get("code", ""), error.get("message", "")
        return error, body.get("error_description", "")
    return None


def _by_status(status: int) -> Reason:
    if status in BY_STATUS:
        return BY_STATUS[status]
    return Reason.UNREACHABLE if status >= 500 else Reason.REJECTED
