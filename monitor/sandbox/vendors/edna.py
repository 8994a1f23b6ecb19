"""A fake edna Pulse: its channel profiles."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of


def start() -> Vendor:
    return Vendor(type="edna", rows={"321": {"subject": "My brand", "type": "WHATSAPP", "active": True}})


async def _profiles(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("X-API-KEY")):
        return told({"title": "Unauthorized"}, 401)
    return told([{"subjectId": int(name), **row} for name, row in vendor.rows.items()])


ROUTES = [web.get("/api/channel-profile", _profiles)]
