"""A fake Wappi.pro: the state of a profile for each messenger."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of

PROFILE = "a1b2c3d4-e5f6"


def start() -> Vendor:
    row = {"app_status": "open", "authorized": True, "payment_expired_at": "2099-12-01T00:00:00Z"}
    return Vendor(type="wappi", rows={PROFILE: row})


async def _status(request: web.Request) -> web.Response:
    vendor, row = vendor_of(request), vendor_of(request).rows.get(request.query.get("profile_id", ""))
    if not vendor.knows(request.headers.get("Authorization")):
        return told({"detail": "unauthorized"}, 401)
    return told(row) if row is not None else told({"detail": "no such profile"}, 404)


ROUTES = [web.get(f"/{api}/sync/get/status", _status) for api in ("api", "tapi", "maxapi")]
