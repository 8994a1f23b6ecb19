"""How often each provider account is asked: as the file wishes it, never below the vendor's documented limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from monitor.config_providers import provider_keys, provider_probes
from monitor.config_shape import Provider, Root

POLL = timedelta(seconds=60)


def poll_of(provider: Provider, root: Root) -> timedelta:
    return max(_wished(provider, root), provider_keys(provider.type).fastest)


def slowed(root: Root) -> Iterator[str]:
    """No error: the file may wish one rhythm for all."""
    for index, provider in enumerate(root.providers):
        wished, real = _wished(provider, root), poll_of(provider, root)
        if provider.type in provider_probes() and real > wished:
            got = f"{wished.total_seconds():.0f}s" + ("" if provider.poll else " by defaults.poll")
            least = f"{real.total_seconds():.0f}s"
            yield (
                f"providers[{index}].poll: expected {least} or more, which {provider.type} asks for, got {got}: "
                f"it is asked every {least}"
            )


def _wished(provider: Provider, root: Root) -> timedelta:
    return provider.poll or root.defaults.poll or POLL
