"""A fake Pact: the channels of a company, page by page; its webhook bodies are told by the tests themselves."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of

COMPANY = "17"
PER_PAGE = 2


def start() -> Vendor:
    return Vendor(type="pact", rows={"399": {"provider": "whatsapp"}}, facts={"unpaid": False})


async def _channels(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("X-Private-Api-Token")):
        return told({"status": "error", "message": "unauthorized"}, 401)
    if vendor.facts["unpaid"]:
        return told({"status": "error", "message": "payment required"}, 402)
    first = int(request.query.get("from", "0"))
    rows = [{"external_id": int(name), **row} for name, row in vendor.rows.items()]
    page = {"channels": rows[first : first + PER_PAGE]}
    more = {"next_page": str(first + PER_PAGE)} if len(rows) > first + PER_PAGE else {}
    return told({"status": "ok", "data": {**page, **more}})


ROUTES = [web.get("/p1/companies/{company}/channels", _channels)]
