"""What a type of receiver is: one file of this package with the constant RECEIVER."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from monitor.core.messages import Message
from monitor.core.plugin import Call
from monitor.core.receivers import Receiver
from monitor.plugins import Plugins


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message on its way. `again`: an earlier attempt ended without a word, so it may have arrived already.

    `call`: the portal's REST; `head`: the user it is for inside Bitrix24, None = nobody is known; `by_webhook`: we
    are no application there. `secrets`: the receiver's own.
    """

    message: Message
    receiver: Receiver
    call: Call
    head: int | None = None
    by_webhook: bool = False
    again: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """`delivered`, `retried` (later, perhaps) or `refused` (never: sending it again would change nothing).

    `unknown`: it may have arrived all the same. `problem` holds no secret and names the remedy.
    """

    result: Literal["delivered", "retried", "refused"]
    problem: str = ""
    unknown: bool = False


DELIVERED = Delivered(result="delivered")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverType:
    """`required` and `optional`: its plain keys of the file, `secrets` those given as files or from the environment.
    `choices`: what a key may be, where not any text."""

    type: str
    deliver: Callable[[Parcel], Awaitable[Delivered]]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def receiver_types() -> Mapping[str, ReceiverType]:
    return Plugins(sys.modules[__name__], "RECEIVER", ReceiverType)
