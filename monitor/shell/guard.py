"""Every address that aiohttp is about to ask is looked at, whether a resolver told it or it was written out."""

from __future__ import annotations

import socket
from collections.abc import Collection

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.shell.addresses import refuse


class GuardedResolver(AbstractResolver):  # aiohttp asks for a subclass
    """A resolver that gives no such address away. It wraps another one."""

    def __init__(self, resolver: AbstractResolver, allowed: Collection[str]) -> None:
        self._resolver, self._allowed = resolver, allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            refuse(host, one["host"], self._allowed)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def guarding(allowed: Collection[str]) -> aiohttp.ClientMiddlewareType:
    """Addresses that are written out pass no resolver: they are looked at here."""

    async def guard(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        host = request.url.host or ""
        refuse(host, host, allowed)
        return await handler(request)

    return guard
