"""The emulated portal without a wire between, and a poll of it."""

from __future__ import annotations

from typing import Any

from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.plugin import Params, View
from monitor.core.reading import Reading
from monitor.sandbox.life import Life
from monitor.sandbox.listing import Listed
from monitor.sandbox.methods import Methods
from monitor.sandbox.params import from_query
from monitor.sandbox.refusal import Refusal
from monitor.shell.batch import command
from probes import connector_status, dialogs, discovery, portal_health


class Asked:
    """`broken`: nothing is answered."""

    def __init__(self, life: Life) -> None:
        self.life, self.table, self.broken = life, Methods(life.world).table(), False

    async def __call__(self, method: str, params: Params | None = None) -> Any:
        if self.broken:
            raise CallFailed(Failure(reason=Reason.TIMEOUT))
        try:
            told = self.table[method](from_query(command(method, params).text.partition("?")[2]))
        except Refusal as no:
            raise CallFailed(Failure(reason=Reason.DENIED, code=str(no.body()["error"]))) from None
        return told.rows if isinstance(told, Listed) else told


async def readings_of(call: Asked, view: View, *, furniture: bool) -> list[Reading]:
    """`furniture`: lines, connectors, staff and rights are asked for as well."""
    modules = [portal_health.PROBE, connector_status.PROBE, dialogs.PROBE]
    probes = [discovery.PROBE, portal_health.RIGHTS, *modules] if furniture else modules
    return [probe.read(await probe.ask(call, view), view, view.clock()) for probe in probes]
