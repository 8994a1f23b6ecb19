"""A fake Evolution API: its instances, as a list or, where `unlisted`, by name alone."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, take, told, vendor_of


def start() -> Vendor:
    return Vendor(type="evolution", rows={"shop": {"connectionStatus": "open", "disconnectionReasonCode": None}})


async def _instances(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.headers.get("apikey")):
        return told({"status": 401, "error": "Unauthorized"}, 401)
    if vendor.facts.get("unlisted"):
        return told({"status": 404, "error": "Not Found"}, 404)
    return told([{"name": name, **row} for name, row in vendor.rows.items()])


async def _state(request: web.Request) -> web.Response:
    vendor, name = vendor_of(request), request.match_info["name"]
    if not vendor.knows(request.headers.get("apikey")):
        return told({"status": 401, "error": "Unauthorized"}, 401)
    if name not in vendor.rows:
        return told({"status": 404, "error": "Not Found"}, 404)
    return told({"instance": {"instanceName": name, "state": vendor.rows[name]["connectionStatus"]}})


async def _send(request: web.Request) -> web.Response:
    vendor, name, body = vendor_of(request), request.match_info["name"], await request.json()
    if not vendor.knows(request.headers.get("apikey")):
        return told({"status": 401, "error": "Unauthorized"}, 401)
    if name not in vendor.rows:
        return told({"status": 404, "error": "Not Found"}, 404)
    key = {"remoteJid": f"{body['number']}@s.whatsapp.net", "fromMe": True}
    return told({"key": key | {"id": take(vendor, name, body["number"], body["text"])}, "status": "PENDING"}, 201)


ROUTES = [
    web.get("/instance/fetchInstances", _instances),
    web.get("/instance/connectionState/{name}", _state),
    web.post("/message/sendText/{name}", _send),
]
