"""A fake Graph API of the WhatsApp Cloud: a phone number, its business account, its token."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of

NUMBER = "1055"
_FINE = {
    "status": "CONNECTED",
    "quality_rating": "GREEN",
    "name_status": "APPROVED",
    "code_verification_status": "VERIFIED",
    "account_mode": "LIVE",
    "platform_type": "CLOUD_API",
    "health_status": {"can_send_message": "AVAILABLE", "entities": []},
}


def start() -> Vendor:
    token = {"is_valid": True, "expires_at": 0, "data_access_expires_at": 0}
    return Vendor(type="whatsapp_cloud", rows={NUMBER: dict(_FINE)}, facts={"token": token, "waba": "ACTIVE"})


def _error(code: int, message: str, status: int = 400) -> web.Response:
    return told({"error": {"message": message, "type": "OAuthException", "code": code}}, status)


async def _node(request: web.Request) -> web.Response:
    vendor, node = vendor_of(request), request.match_info["node"]
    if not vendor.knows(request.headers.get("Authorization")):
        return _error(190, "Invalid OAuth access token", 401)
    if "error" in vendor.facts:
        return _error(int(vendor.facts["error"]), "refused")
    if node not in vendor.rows:
        return told({"id": node, "status": vendor.facts["waba"]})
    return told({"id": node, **vendor.rows[node]})


async def _debug_token(request: web.Request) -> web.Response:
    return told({"data": vendor_of(request).facts["token"]})


ROUTES = [web.get("/debug_token", _debug_token), web.get("/v23.0/{node}", _node)]
