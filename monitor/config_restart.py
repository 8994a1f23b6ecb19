"""What of a new configuration takes a restart: it stays as it is in force, and is named; the rest is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from monitor.config_checks import LEAST_TOKEN
from monitor.config_types import is_loopback
from monitor.config_values import Cluster, Config, Listen, own_address

_CLUSTER = ("name", "shards", "lease", "url")


def in_force(new: Config, present: Config) -> tuple[Config, tuple[str, ...]]:
    """The new configuration as the running process can serve it, and the keys of which it cannot."""
    needs = tuple(_changed(new, present))
    if not needs:
        return new, ()
    kept = replace(
        new,
        store_url=present.store_url,
        cluster=present.cluster,
        allow_link_local=present.allow_link_local,
        web=_listening(new.web, present.web),
    )
    return _with_pages(kept, new.web.external_url), needs


def _changed(new: Config, present: Config) -> Iterator[str]:
    if (new.web.host, new.web.port) != (present.web.host, present.web.port):
        yield "web.listen"
    if _opens(new.web, present.web):
        yield "web.token"
    if new.store_url != present.store_url:
        yield "store.url"
    yield from _cluster(new.cluster, present.cluster)
    if new.allow_link_local != present.allow_link_local:
        yield "allow_link_local"


def _cluster(new: Cluster | None, present: Cluster | None) -> Iterator[str]:
    if new is None or present is None:
        if new is not present:
            yield "cluster"
        return
    yield from (f"cluster.{key}" for key in _CLUSTER if getattr(new, key) != getattr(present, key))


def _opens(new: Listen, present: Listen) -> bool:
    """The file moves to loopback, where no token is needed, while the process goes on to listen to the network."""
    enough = new.token is not None and len(new.token.reveal()) >= LEAST_TOKEN
    return not enough and new.token != present.token and not is_loopback(present.host)


def _listening(new: Listen, present: Listen) -> Listen:
    """At the present address; so is the one that people are sent to, unless the file names another."""
    derived = new.external_url == own_address(new.host, new.port)
    return replace(
        new,
        host=present.host,
        port=present.port,
        token=present.token if _opens(new, present) else new.token,
        external_url=own_address(present.host, present.port) if derived else new.external_url,
    )


def _with_pages(config: Config, told: str) -> Config:
    """Links in alerts lead to where the pages are."""
    pages = config.web.external_url
    if pages == told:
        return config
    portals = tuple(replace(one, policy=replace(one.policy, pages=pages)) for one in config.portals)
    return replace(config, portals=portals)
