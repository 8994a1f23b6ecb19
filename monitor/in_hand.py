"""What of a configuration is in this process's hands, and what in others', where several share its portals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from monitor.building import providers_of
from monitor.config import Config, PortalConfig, ProviderConfig
from monitor.core.sharing import EVERYBODYS, shard_of
from monitor.shell.board import Neighbour
from monitor.shell.fence import Fence

if TYPE_CHECKING:
    from monitor.sharing import Sharing  # its job queue is loaded where portals are shared


def portals_in_hand(config: Config, fence: Fence | None, held: Collection[int]) -> list[PortalConfig]:
    """Portals of the shards in hand; all of them where nothing is shared."""
    if fence is None:
        return list(config.portals)
    return [one for one in config.portals if shard_of(one.name, fence.shards) in held]


def names_in_hand(config: Config, fence: Fence | None, held: Collection[int]) -> set[str]:
    """Of portals, and of what belongs to all of them together."""
    names = {one.name for one in portals_in_hand(config, fence, held)}
    return names | {EVERYBODYS} if fence is not None and shard_of(EVERYBODYS, fence.shards) in held else names


def accounts_in_hand(
    config: Config, fence: Fence | None, held: Collection[int], portals: Sequence[PortalConfig]
) -> list[ProviderConfig]:
    """An account is asked where a portal of its channels is, and by one process where it has none."""
    if fence is None:
        return list(config.providers)
    here = {name for one in portals for name in providers_of(one)}
    bound = {name for one in config.portals for name in providers_of(one)}
    first = 0 in held
    return [one for one in config.providers if (name := one.account.name) in here or (first and name not in bound)]


def neighbours(portals: Iterable[str], sharing: Sharing, shards: int) -> tuple[Neighbour, ...]:
    """Which portals the other processes have, as far as the last beat told."""
    theirs: dict[str, set[str]] = {one.owner: set() for one in sharing.others}
    for portal in portals:
        theirs.setdefault(sharing.owners.get(shard_of(portal, shards), ""), set()).add(portal)
    return tuple(
        Neighbour(name=one.owner.rpartition("-")[0], url=one.url, portals=frozenset(theirs[one.owner]))
        for one in sharing.others
    )
