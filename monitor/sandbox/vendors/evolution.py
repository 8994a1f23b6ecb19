"""A fake Evolution API: its instances."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of


def start() -> Vendor:
    return Vendor(type="evolution", rows={"shop": {"connectionStatus": "open", "disconnectionReasonCode": None}})


async def _instances(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("apikey")):
        return told({"status": 401, "error": "Unauthorized"}, 401)
    return told([{"name": name, **row} for name, row in vendor.rows.items()])


ROUTES = [web.get("/instance/fetchInstances", _instances)]
