"""Secrets at rest: tokens are sealed with a key that does not lie in the store (Fernet: AES-128-CBC and HMAC)."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from monitor.secret import Secret


class WrongKey(Exception):
    """What lies there was sealed with another key, or with one where there is none now."""


class Seal:
    """`keys`: one or several, separated by blanks or commas; the first seals, all of them open."""

    def __init__(self, keys: Secret | None) -> None:
        words = split_keys(keys)
        self._fernet = MultiFernet([Fernet(word) for word in words]) if words else None
        self._first = Fernet(words[0]) if words else None

    def close(self, body: bytes) -> bytes:
        """As it is, where there is no key."""
        return self._fernet.encrypt(body) if self._fernet else body

    def open(self, sealed: bytes) -> bytes:
        """Also what was kept before there was a key. WrongKey where it cannot be read."""
        if is_plain(sealed):
            return sealed
        if self._fernet is None:
            raise WrongKey("its tokens are encrypted: set store.key_file to the key they were encrypted with")
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise WrongKey("its tokens were encrypted with another key: put that one into store.key_file too") from None

    def is_fresh(self, sealed: bytes) -> bool:
        """Whether it need not be sealed anew: by the first key, or as plain as no key makes it."""
        if self._first is None:
            return is_plain(sealed)
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True


def is_plain(body: bytes) -> bool:
    """A record is a JSON map; a sealed one is base64."""
    return body.startswith(b"{")


def split_keys(keys: Secret | None) -> list[str]:
    return keys.reveal().replace(",", " ").split() if keys else []


def new_key() -> Secret:
    return Secret(Fernet.generate_key().decode())


def are_keys(words: Iterable[str]) -> bool:
    try:
        return len([Fernet(word) for word in words]) > 0
    except ValueError:
        return False
