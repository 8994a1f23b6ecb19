"""A value that must never be shown: its repr is mute, `reveal` is the one way to it."""

from __future__ import annotations


class Secret:
    """A token, key or webhook URL. Printing, logging or formatting it shows ***."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
