"""A fake Telegram Bot API: getMe and getWebhookInfo."""

from __future__ import annotations

from aiohttp import web

from monitor.sandbox.vendors.vendor import Vendor, told, vendor_of

WEBHOOK = {"url": "https://im.example.info/hook/1", "has_custom_certificate": False, "pending_update_count": 0}


def start() -> Vendor:
    return Vendor(type="telegram_bot", rows={"shop_bot": dict(WEBHOOK)})


def _refusal(request: web.Request) -> web.Response | None:
    vendor = vendor_of(request)
    if not vendor.knows(request.match_info["token"]):
        return told({"ok": False, "error_code": 401, "description": "Unauthorized"}, 401)
    if vendor.facts.get("logged_out"):
        return told({"ok": False, "error_code": 400, "description": "Logged out"}, 400)
    return None


async def _me(request: web.Request) -> web.Response:
    name = next(iter(vendor_of(request).rows))
    return _refusal(request) or told({"ok": True, "result": {"id": 777, "is_bot": True, "username": name}})


async def _webhook(request: web.Request) -> web.Response:
    return _refusal(request) or told({"ok": True, "result": vendor_of(request).first})


ROUTES = [web.get("/bot{token}/getMe", _me), web.get("/bot{token}/getWebhookInfo", _webhook)]
