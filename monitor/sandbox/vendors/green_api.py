"""A fake GREEN-API: an instance's state for each product, its settings, and the partner's list."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, take, told, vendor_of

INSTANCE = "1101000001"
_TERM = {"deleted": False, "isPartner": False, "isExpired": False, "expirationDate": "2099-12-01T00:00:00+00:00"}


def start() -> Vendor:
    return Vendor(type="green_api", rows={INSTANCE: {"stateInstance": "authorized", **_TERM}})


async def _state(request: web.Request) -> web.Response:
    vendor, row = vendor_of(request), vendor_of(request).rows.get(request.match_info["instance"])
    if not vendor.knows(request.match_info["token"]):
        return told({"code": 401, "description": "Unauthorized"})
    if row is None:
        return told({"code": 404, "description": "Not found"})
    return told({"stateInstance": row["stateInstance"]})


async def _settings(request: web.Request) -> web.Response:
    row = vendor_of(request).rows.get(request.match_info["instance"], {})
    return told({"suspendedUntil": row.get("suspendedUntil", "")})


async def _partner(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if not vendor.knows(request.match_info["token"]):
        return told({"code": 401, "description": "Unauthorized"})
    return told([{"idInstance": int(name), "typeInstance": "whatsapp", **row} for name, row in vendor.rows.items()])


async def _send(request: web.Request) -> web.Response:
    """Queued even where the instance is not authorised."""
    vendor, instance = vendor_of(request), request.match_info["instance"]
    if not vendor.knows(request.match_info["token"]):
        return told({"code": 401, "description": "Unauthorized"}, 401)
    if vendor.facts.get("quota") == "spent":
        return told({"invokeStatus": {"status": "QUOTE_EXCEEDED"}}, 466)
    body = await request.json()
    if not body.get("chatId") or not body.get("message"):
        return told({"statusCode": 400, "message": "Validation failed"}, 400)
    return told({"idMessage": take(vendor, instance, body["chatId"], body["message"])})


ROUTES = [
    *(web.post(f"{prefix}/waInstance{{instance}}/sendMessage/{{token}}", _send) for prefix in ("", "/v3")),
    *(
        web.get(f"{prefix}/waInstance{{instance}}/{method}/{{token}}", answer)
        for prefix in ("", "/v3")
        for method, answer in (("getStateInstance", _state), ("getAccountSettings", _settings))
    ),
    web.get("/partner/getInstances/{token}", _partner),
]
