"""Which addresses are never asked, whoever names them: those where clouds hand out credentials, and no host at all.

A portal's tokens name an endpoint, a provider's answer may name a file: a forged one must not make us ask the metadata
service of the machine we run on. Private networks are allowed: self-hosted portals and providers live there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from functools import lru_cache

_METADATA = frozenset(
    ipaddress.ip_address(one) for one in ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254")
)
# IPv6 addresses that end in the IPv4 address they lead to: compatible and mapped (RFC 4291), translated (RFC 2765),
# NAT64 (RFC 6052).
_CARRIERS = tuple(ipaddress.IPv6Network(one) for one in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
_OWN_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215: each network puts the IPv4 address where it likes
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")
_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(OSError):
    """Its text is one sentence for the operator."""


@lru_cache(maxsize=1024)
def refusal(address: str) -> str:
    """What is wrong with an address; "" where nothing is, also where it is a name."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return next(filter(None, map(_refusal, (ip, *_behind(ip)))), "")


def _refusal(ip: _IP) -> str:
    if ip in _METADATA:
        return "the metadata service of a cloud"
    if ip.is_link_local:
        return "a link-local address, where clouds keep their metadata service"
    if ip in _OWN_NAT64:
        return "an address of a network's own NAT64, behind which any other may be"
    if ip.is_multicast or ip.is_unspecified or (ip.version == 4 and (ip.is_reserved or ip in _THIS_NETWORK)):
        return "no address of one host"
    return ""


def _behind(ip: _IP) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address leads to; a packet to it may end at any of them."""
    if not isinstance(ip, ipaddress.IPv6Address) or ip.is_loopback:
        return ()
    if any(ip in carrier for carrier in _CARRIERS):
        return (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF),)
    return ip.teredo or tuple(filter(None, (ip.sixtofour,)))


def refuse(host: str, address: str, allowed: Collection[str]) -> None:
    """AddressRefused unless the configuration allows this host."""
    why = refusal(address)
    if why and host not in allowed:
        named = host if host == address else f"{host} ({address})"
        raise AddressRefused(f"{named} is {why}: not asked; list it under allow_link_local if it is meant")
