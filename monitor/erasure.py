"""`erase-customer`: what is kept about a customer goes, and the command shows that it has gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from monitor.config import Config, PortalConfig
from monitor.core.history import integer
from monitor.core.model import CallFailed
from monitor.shell.clock import Clock
from monitor.shell.http import session
from monitor.shell.portal import Portal
from monitor.shell.store import Store, StoreError
from monitor.shell.store_erase import Erased, erase, left
from monitor.shell.store_traces import chats_of
from monitor.shell.wire import trust

FAILED = 1
_ENTITIES = ("lead", "contact", "company")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose traces: one of the three is given. A phone is no trace itself: none is kept; the portal is asked."""

    dialog: int | None = None
    customer: int | None = None
    phone: str | None = None


class NotFound(Exception):
    """One sentence: why there is nothing to erase, or why it could not be found."""


async def erase_customer(config: Config, portal: str, wanted: Wanted) -> int:
    """0 when nothing is left, also where there was nothing; 1 with a sentence where that could not be shown."""
    wish = next((one for one in config.portals if one.name == portal), None)
    if wish is None:
        return _failed(f"--portal: expected one of {', '.join(one.name for one in config.portals)}, got {portal}")
    try:
        store = await Store.open(config.store_url, shared=True, existing=True, key=config.store_key)
        try:
            return await _erased(store, wish, await _chats(store, wish, wanted, config.allow_link_local))
        finally:
            await store.close()
    except (StoreError, NotFound) as error:
        return _failed(str(error))


async def _chats(store: Store, wish: PortalConfig, wanted: Wanted, allowed: Collection[str]) -> Sequence[int]:
    if wanted.dialog is not None:
        return (wanted.dialog,)
    if wanted.customer is not None:
        chats = await store.transaction(partial(chats_of, portal=wish.name, customer=wanted.customer))
    else:
        chats = await _chats_by_phone(store, wish, wanted.phone or "", allowed)
    if not chats:
        raise NotFound("no dialog of this customer is known: nothing is kept, or give --dialog")
    return chats


async def _chats_by_phone(store: Store, wish: PortalConfig, phone: str, allowed: Collection[str]) -> tuple[int, ...]:
    """By crm.duplicate.findbycomm and imopenlines.crm.chat.get: the portal knows whose number it is."""
    async with session(allowed=allowed) as http:
        call = Portal(
            name=wish.name,
            url=wish.url,
            credentials=wish.credentials,
            http=http,
            vault=store,
            clock=Clock(),
            timeout=wish.timeout,
            trusted=trust(str(wish.ca_file) if wish.ca_file else None),
        )
        try:
            found = await call("crm.duplicate.findbycomm", {"type": "PHONE", "values": [phone]})
            rows = [row for kind, number in _entities(found) for row in await _crm_chats(call, kind, number)]
        except CallFailed as error:
            said = error.failure.detail or error.failure.code
            raise NotFound(f"the portal could not be asked whose phone it is ({said}): give --dialog") from None
    return tuple(sorted({number for row in rows if (number := integer(row.get("CHAT_ID"))) is not None}))


def _entities(found: Any) -> list[tuple[str, int]]:
    """`{"CONTACT": [5, 7]}`, or an empty list where nobody has the number."""
    told = {str(kind).lower(): numbers for kind, numbers in found.items()} if isinstance(found, dict) else {}
    known = [(kind, integer(number)) for kind in _ENTITIES for number in told.get(kind) or ()]
    return [(kind, number) for kind, number in known if number is not None]


async def _crm_chats(call: Portal, kind: str, number: int) -> list[dict[str, Any]]:
    params = {"CRM_ENTITY_TYPE": kind, "CRM_ENTITY": number, "ACTIVE_ONLY": "N"}
    rows = await call("imopenlines.crm.chat.get", params)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


async def _erased(store: Store, wish: PortalConfig, chats: Sequence[int]) -> int:
    done = await store.transaction(partial(erase, portal=wish.name, chats=chats, address=wish.url), renews=True)
    path = await store.squeeze()
    still = await store.transaction(partial(left, traces=done.traces, file=path))
    _tell(done, chats)
    if still:
        return _failed(f"still named in: {', '.join(still)}: run it again; if that does not help, report it")
    click.echo("proof: no table and no file of the store names them any more")
    click.echo("a running daemon ends and is started anew; backups made before still hold them: delete those")
    return 0


def _tell(done: Erased, chats: Sequence[int]) -> None:
    rows = ", ".join(f"{count} {name}" for name, count in done.deleted.items())
    click.echo(f"dialogs {', '.join(map(str, chats))}: deleted {rows}; cleaned {done.cleaned} other rows")
    if done.reviews:
        click.echo(
            f"struck from {done.reviews} kept reviews, whose figures and checksums stay; copies sent before still tell"
        )


def _failed(problem: str) -> int:
    click.echo(problem, err=True)
    return FAILED
