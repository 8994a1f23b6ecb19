"""A fake ChatApp: tokens that are minted, refreshed and revoked, and the licences."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of

LICENCE = "40001"
_PAID = {"licenseTo": 4070000000, "status": {"id": 4, "code": "paid"}, "messenger": [{"type": "grWhatsApp"}]}


def start() -> Vendor:
    return Vendor(type="chatapp", rows={LICENCE: dict(_PAID)}, facts={"generation": 1, "minted": 0, "refreshed": 0})


def _refusal(status: int = 400) -> web.Response:
    error = {"code": "ApiInvalidTokenError", "message": "The token is not valid"}
    return told({"success": False, "error": error}, status)


def _tokens(vendor: Vendor) -> web.Response:
    number = vendor.facts["generation"]
    return told({"success": True, "data": {"accessToken": f"access-{number}", "refreshToken": f"refresh-{number}"}})


async def _mint(request: web.Request) -> web.Response:
    vendor, body = vendor_of(request), await request.json()
    if not vendor.knows(body.get("password")):
        return _refusal(401)
    vendor.facts["minted"] += 1
    return _tokens(vendor)


async def _refresh(request: web.Request) -> web.Response:
    """Any refresh token of an earlier generation is good, unless `no_refresh` is set."""
    vendor = vendor_of(request)
    if vendor.facts.get("no_refresh") or not request.headers.get("Refresh", "").startswith("refresh-"):
        return _refusal()
    vendor.facts["refreshed"] += 1
    return _tokens(vendor)


async def _licences(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    if request.headers.get("Authorization") != f"access-{vendor.facts['generation']}":
        return _refusal()
    return told({"success": True, "data": [{"licenseId": int(name), **row} for name, row in vendor.rows.items()]})


ROUTES = [web.post("/v1/tokens", _mint), web.post("/v1/tokens/refresh", _refresh), web.get("/v1/licenses", _licences)]
