"""A fake Wazzup24: GET /v3/channels."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of

CHANNEL = "0b8f2f0e-5a1c-4f0d-9a77-2f6f6d7c1a10"


def start() -> Vendor:
    return Vendor(type="wazzup", rows={CHANNEL: {"transport": "whatsapp", "plainId": "79990001122", "state": "active"}})


async def _channels(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("Authorization")):
        return told({"error": "INVALID_API_KEY", "description": "Unauthorized", "data": {}}, 401)
    return told([{"channelId": name, **row} for name, row in vendor.rows.items()])


ROUTES = [web.get("/v3/channels", _channels)]
