"""Which vendors can be played: one file each."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors import (
    chatapp,
    edna,
    evolution,
    green_api,
    max_bot,
    pact,
    radist,
    telegram_bot,
    umnico,
    waha,
    wappi,
    wazzup,
    whatsapp_cloud,
)
from monitor.sandbox.vendors.vendor import make_app

_FILES = {
    "chatapp": chatapp,
    "edna": edna,
    "evolution": evolution,
    "green_api": green_api,
    "max_bot": max_bot,
    "pact": pact,
    "radist": radist,
    "telegram_bot": telegram_bot,
    "umnico": umnico,
    "waha": waha,
    "wappi": wappi,
    "wazzup": wazzup,
    "whatsapp_cloud": whatsapp_cloud,
}
TYPES = tuple(_FILES)


def vendor_app(type_: str) -> web.Application:
    """A fresh fake of the vendor whose probe is called `type_`, all its accounts well."""
    return make_app(_FILES[type_].start(), list(_FILES[type_].ROUTES))
