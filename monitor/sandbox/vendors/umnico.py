"""A fake Umnico: its integrations and plug-ins; it may want its token without the word bearer."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of


def start() -> Vendor:
    row = {"type": "whatsapp", "login": "79990001122", "status": "active"}
    return Vendor(type="umnico", rows={"12345": row}, facts={"plugin": 1, "bare": False})


def _is_refused(request: web.Request) -> bool:
    vendor, given = vendor_of(request), request.headers.get("Authorization", "")
    return not vendor.knows(given) or bool(vendor.facts["bare"] and " " in given)


async def _integrations(request: web.Request) -> web.Response:
    if _is_refused(request):
        return told({"error": "Unauthorized"}, 401)
    return told([{"id": int(name), **row} for name, row in vendor_of(request).rows.items()])


async def _plugins(request: web.Request) -> web.Response:
    if _is_refused(request):
        return told({"error": "Unauthorized"}, 401)
    return told([{"id": 1002, "type": "bitrix", "name": None, "status": vendor_of(request).facts["plugin"]}])


ROUTES = [web.get("/v1.3/integrations", _integrations), web.get("/v1.3/plugins", _plugins)]
