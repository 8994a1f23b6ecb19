"""A fake WAHA: its sessions."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, take, told, vendor_of


def start() -> Vendor:
    return Vendor(type="waha", rows={"default": {"status": "WORKING", "engine": {"engine": "NOWEB"}, "config": {}}})


async def _sessions(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("X-Api-Key")):
        return told({"message": "Unauthorized", "statusCode": 401}, 401)
    is_all = request.query.get("all") == "true"
    shown = {name: row for name, row in vendor.rows.items() if is_all or row.get("status") != "STOPPED"}
    return told([{"name": name, **row} for name, row in shown.items()])


async def _send(request: web.Request) -> web.Response:
    vendor, body = vendor_of(request), await request.json()
    if not vendor.knows(request.headers.get("X-Api-Key")):
        return told({"message": "Unauthorized", "statusCode": 401}, 401)
    row = vendor.rows.get(body.get("session"))
    if row is None or row.get("status") != "WORKING":
        return told({"error": "Session status is not as expected", "statusCode": 422}, 422)
    number = take(vendor, body["session"], body["chatId"], body["text"])
    return told({"id": f"true_{body['chatId']}_{number}", "fromMe": True, "to": body["chatId"]}, 201)


ROUTES = [web.get("/api/sessions", _sessions), web.post("/api/sendText", _send)]
