"""Which licences of the config are those of a provider's account: by the words of the subject, never by its letters."""

from __future__ import annotations

import re
from functools import lru_cache

from monitor.core.policy import Expiry, Policy

# Letters and digits are words of their own: wazzup24-licence speaks of wazzup, w-10-licence not of w-1.
_WORD = re.compile(r"[^\W\d_]+|\d+")

Words = tuple[str, ...]


def is_paid_through_us(provider: str | None, policy: Policy) -> bool:
    """Whether the integrator sold it; what nobody told, he did not."""
    return provider is not None and any(one.paid_through_us for one in licences_of(provider, policy))


def licences_of(provider: str, policy: Policy) -> tuple[Expiry, ...]:
    """Those that name its entry; where there is none, those that name its type and no other entry of that type."""
    names = (*policy.provider_types, provider)
    own = tuple(one for one in policy.expiries if provider in _entries_in(one.subject, names))
    return own or tuple(one for one in policy.expiries if _speaks_of_its_type(one.subject, provider, policy))


def _speaks_of_its_type(subject: str, provider: str, policy: Policy) -> bool:
    type_ = policy.provider_types.get(provider, "")
    if not _is_in(_words(type_), _words(subject)):
        return False
    same = tuple(name for name, other in policy.provider_types.items() if other == type_)
    return len(same) == 1 or _entries_in(subject, tuple(policy.provider_types)).isdisjoint(same)


@lru_cache(maxsize=1024)  # asked at every poll, the same while the file is
def _entries_in(subject: str, names: tuple[str, ...]) -> frozenset[str]:
    """The entries that a subject names; the longer name says more: wappi-2-licence is not of the entry `wappi`."""
    found = {name: words for name in names if _is_in(words := _words(name), _words(subject))}
    less = {name for name, words in found.items() if any(words != one and _is_in(words, one) for one in found.values())}
    return frozenset(found.keys() - less)


def _words(name: str) -> Words:
    return tuple(_WORD.findall(name.lower()))


def _is_in(part: Words, whole: Words) -> bool:
    return bool(part) and any(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))
