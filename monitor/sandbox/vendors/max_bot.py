"""A fake MAX Bot API: /me and /subscriptions."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of


def start() -> Vendor:
    return Vendor(type="max_bot", rows={"id7700_bot": {"urls": ["https://hook.example/1"]}})


def _refusal(request: web.Request) -> web.Response | None:
    if vendor_of(request).knows(request.headers.get("Authorization")):
        return None
    return told({"code": "verify.token", "message": "Invalid access_token"}, 401)


async def _me(request: web.Request) -> web.Response:
    name = next(iter(vendor_of(request).rows))
    return _refusal(request) or told({"user_id": 777, "first_name": "Shop", "username": name, "is_bot": True})


async def _subscriptions(request: web.Request) -> web.Response:
    rows = [{"url": url, "time": 1790000000000, "update_types": None} for url in vendor_of(request).first["urls"]]
    return _refusal(request) or told({"subscriptions": rows})


ROUTES = [web.get("/me", _me), web.get("/subscriptions", _subscriptions)]
