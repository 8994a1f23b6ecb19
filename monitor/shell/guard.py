"""Which addresses are never asked, whoever names them: those where clouds hand out credentials, and no host at all.

A portal's tokens name an endpoint, a provider's answer may name a file: a forged one must not make us ask the metadata
service of the machine we run on. Private networks are allowed: self-hosted portals and providers live there.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from functools import lru_cache

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_METADATA = frozenset(
    ipaddress.ip_address(one) for one in ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254")
)


class AddressRefused(OSError):
    """Its text is one sentence for the operator."""


@lru_cache(maxsize=1024)
def refusal(address: str) -> str:
    """What is wrong with an address; "" where nothing is, also where it is a name."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    ip = mapped or ip
    if ip in _METADATA:
        return "the metadata service of a cloud"
    if ip.is_link_local:
        return "a link-local address, where clouds keep their metadata service"
    if ip.is_multicast or ip.is_unspecified:
        return "no address of one host"
    return ""


def refuse(host: str, address: str, allowed: Collection[str]) -> None:
    """AddressRefused unless the configuration allows this host."""
    why = refusal(address)
    if why and host not in allowed:
        named = host if host == address else f"{host} ({address})"
        raise AddressRefused(f"{named} is {why}: not asked; list it under allow_link_local if it is meant")


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
