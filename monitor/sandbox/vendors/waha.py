"""A fake WAHA: its sessions."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of


def start() -> Vendor:
    return Vendor(type="waha", rows={"default": {"status": "WORKING", "engine": {"engine": "NOWEB"}, "config": {}}})


async def _sessions(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("X-Api-Key")):
        return told({"message": "Unauthorized", "statusCode": 401}, 401)
    is_all = request.query.get("all") == "true"
    shown = {name: row for name, row in vendor.rows.items() if is_all or row.get("status") != "STOPPED"}
    return told([{"name": name, **row} for name, row in shown.items()])


ROUTES = [web.get("/api/sessions", _sessions)]
