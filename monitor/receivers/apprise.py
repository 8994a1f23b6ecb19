"""Whatever apprise can reach: e-mail, Telegram and some hundred more, by an address that is a secret as a whole.

Such a service tells only whether it took the message, so an attempt that a crash cut off is made again: the message
may come twice then, and carries the same number in its subject (and in X-Entity-Ref-ID of an e-mail).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

import apprise

from monitor.receivers import DELIVERED, Delivered, Parcel, ReceiverType

PATIENCE = 30.0  # seconds
NOT_TAKEN = "the service did not take it: look at its address, and whether it is up"

logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it writes addresses, which are secrets


async def deliver(parcel: Parcel) -> Delivered:
    services = apprise.Apprise()
    if not services.add(parcel.secrets.get("url", "")):
        return Delivered(result="refused", problem="the address is none that apprise knows: correct url_file")
    for service in services:
        _number(service, parcel.message.id)
    try:
        async with asyncio.timeout(PATIENCE):
            taken = await services.async_notify(
                body=parcel.message.text,
                title=parcel.message.subject,
                body_format=apprise.NotifyFormat.TEXT,
            )
    except TimeoutError:
        return Delivered(result="retried", problem=f"no answer within {PATIENCE:.0f} s", unknown=True)
    return DELIVERED if taken else Delivered(result="retried", problem=NOT_TAKEN)


def _number(service: Any, message: str) -> None:
    """An e-mail's own: a reader's program may see by it that it knows this one."""
    headers = getattr(service, "headers", None)
    if isinstance(headers, dict) and str(getattr(service, "protocol", "")).startswith("mailto"):
        headers["X-Entity-Ref-ID"] = message


def place_of(url: str) -> str | None:
    """Where the service is asked, "" where that is not told apart from its keys; None = no address of apprise."""
    services = apprise.Apprise()
    if not services.add(url):
        return None
    service = services[0]
    if smtp := getattr(service, "smtp_host", None):
        return f"tcp://{smtp}:{service.port or (465 if service.secure else 25)}"
    if getattr(service, "schema", "").rstrip("s") in {"json", "form", "xml"}:
        return f"http{'s' if service.secure else ''}://{service.host}{f':{service.port}' if service.port else ''}"
    told = str(getattr(service, "notify_url", None) or "")
    return f"https://{urlsplit(told).hostname}" if told.startswith("https://") and "{" not in told else ""


RECEIVER = ReceiverType(type="apprise", deliver=deliver, secrets=("url",))
