"""A fake Radist.Online: its companies and their connections."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of

COMPANY = "1"


def start() -> Vendor:
    return Vendor(type="radist", rows={"7": {"type": "whatsapp"}})


async def _companies(request: web.Request) -> web.Response:
    if not vendor_of(request).knows(request.headers.get("X-Api-Key")):
        return told({"detail": "Unauthorized"}, 401)
    return told({"companies": [{"id": int(COMPANY)}]})


async def _connections(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("X-Api-Key")):
        return told({"detail": "Unauthorized"}, 401)
    if request.match_info["company"] != COMPANY:
        return told({"detail": "Not found"}, 404)
    return told({"connections": [{"id": int(name), **row} for name, row in vendor.rows.items()]})


ROUTES = [web.get("/v2/companies/", _companies), web.get("/v2/companies/{company}/connections/", _connections)]
