"""Whether a poll changed anything of the channels that has to be written at once."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter

from monitor.core.memory import ChannelMemory
from monitor.core.model import ChannelKey

# A channel but for what each poll writes anew: when a witness was heard, and streaks beyond what anybody asks for.
_LASTING = attrgetter(
    *("channel", "diagnosis", "since", "well_since", "flag", "was_configured", "provider", "flips", "last_inbound"),
    *("last_outbound", "received", "sent", "outages", "hidden", "phone_gone", "gone"),
    *("echoes_phone", "habit", "patience", "deliveries", "canaries"),
)
_STREAKS_ASKED_FOR = 10


def same_channels(before: Mapping[ChannelKey, ChannelMemory], after: Mapping[ChannelKey, ChannelMemory]) -> bool:
    """Whether a crash that loses `after` would lose nothing that the next poll does not tell again."""
    return before.keys() == after.keys() and all(
        after[key] is known or (_is_steady(known) and _LASTING(known) == _LASTING(after[key]))
        for key, known in before.items()
    )


def _is_steady(memory: ChannelMemory) -> bool:
    return memory.streak >= _STREAKS_ASKED_FOR and (memory.well == 0 or memory.well >= _STREAKS_ASKED_FOR)
