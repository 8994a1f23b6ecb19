"""Sessions of those who signed in, and the limit on those who try to. Both live in memory: a restart signs out."""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

LASTS = 12 * 3600.0  # real seconds
MOST_SESSIONS = 10_000
WINDOW = 300.0
PER_NAME, PER_ADDRESS = 5, 30
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`user` names an entry of web.users, "" = the token's holder; `link` is the digest of a head's link.

    `proof` is what the key was when he signed in: a session ends when the key is changed.
    """

    csrf: str
    ends: float
    user: str = ""
    link: str = ""
    proof: str = ""


class Sessions:
    """Only digests of the cookies are kept."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open: dict[str, Session] = {}

    def begin(self, *, user: str = "", link: str = "", proof: str = "") -> str:
        """The cookie's value."""
        cookie = secrets.token_urlsafe(32)
        self._prune()
        ends = self._monotonic() + LASTS
        self._open[digest(cookie)] = Session(
            csrf=secrets.token_urlsafe(24), ends=ends, user=user, link=link, proof=digest(proof)
        )
        return cookie

    def of(self, cookie: str) -> Session | None:
        found = self._open.get(digest(cookie)) if cookie else None
        return found if found is not None and found.ends > self._monotonic() else None

    def end(self, cookie: str) -> None:
        self._open.pop(digest(cookie), None)

    def _prune(self) -> None:
        now = self._monotonic()
        for key in [key for key, session in self._open.items() if session.ends <= now]:
            del self._open[key]
        while len(self._open) >= MOST_SESSIONS:
            del self._open[next(iter(self._open))]


class Attempts:
    """Failures by address and name, and by address alone: nobody can lock another out from elsewhere."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failed: dict[tuple[str, str], deque[float]] = {}
        self._proven: dict[tuple[str, str], float] = {}

    def wait(self, address: str, name: str) -> float:
        """Seconds until the next try is let through; 0 = now."""
        return max(self._wait((address, ""), PER_ADDRESS), self._wait((address, f"={name}"), PER_NAME))

    def failed(self, address: str, name: str) -> None:
        for key in ((address, ""), (address, f"={name}")):
            self._count(key)

    def succeeded(self, address: str, name: str) -> None:
        """Takes back what was counted before the answer was known."""
        self._failed.pop((address, f"={name}"), None)
        if times := self._failed.get((address, "")):
            times.pop()

    def wait_alone(self, address: str, name: str) -> float:
        """Of keys that machines bring: a misconfigured one does not keep the people of its address from signing in."""
        return self._wait((address, f"={name}"), PER_NAME)

    def failed_alone(self, address: str, name: str) -> None:
        self._count((address, f"={name}"))

    def proved(self, address: str, name: str) -> None:
        """The right key came from there; it forgives no wrong one."""
        self._proven.pop((address, name), None)
        self._proven[address, name] = self._monotonic()
        if len(self._proven) > MOST_KEPT:
            del self._proven[next(iter(self._proven))]

    def is_proven(self, address: str, name: str) -> bool:
        return self._proven.get((address, name), -LASTS) > self._monotonic() - LASTS

    def _count(self, key: tuple[str, str]) -> None:
        self._failed.setdefault(key, deque(maxlen=PER_ADDRESS)).append(self._monotonic())
        if len(self._failed) > MOST_KEPT:
            self._prune()

    def _wait(self, key: tuple[str, str], most: int) -> float:
        recent = [at for at in self._failed.get(key, ()) if at > self._monotonic() - WINDOW]
        return recent[-most] + WINDOW - self._monotonic() if len(recent) >= most else 0.0

    def _prune(self) -> None:
        """What is older than the window counts for nothing; then the oldest go."""
        edge = self._monotonic() - WINDOW
        for key in [key for key, times in self._failed.items() if not times or times[-1] <= edge]:
            del self._failed[key]
        while len(self._failed) > MOST_KEPT:
            del self._failed[next(iter(self._failed))]


def digest(secret: str) -> str:
    """Of whatever came: bytes of a header that are no UTF-8 stand in it as surrogates."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
