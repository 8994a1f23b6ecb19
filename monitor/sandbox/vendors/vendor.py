"""What every fake vendor has: its accounts with their states, its key, a fault, and a control route to set them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from monitor.sandbox.vendors.faults import Fault, faulty

KEY = "sandbox-key"  # what the fake takes for a living key
FORMS = ("", "Bearer ", "bearer ")


@dataclass(slots=True)
class Vendor:
    """One fake: `rows` its accounts by id, each as the vendor tells it; `facts` what is told beside them."""

    type: str
    rows: dict[str, dict[str, Any]]
    facts: dict[str, Any] = field(default_factory=dict)
    key: str = KEY
    fault: Fault | None = None
    asked: int = 0
    letters: list[dict[str, str]] = field(default_factory=list)  # messages it took, in order

    def knows(self, given: str | None) -> bool:
        return given is not None and any(given == f"{form}{self.key}" for form in FORMS)

    @property
    def first(self) -> dict[str, Any]:
        return next(iter(self.rows.values()))


VENDOR: web.AppKey[Vendor] = web.AppKey("vendor", Vendor)


def vendor_of(request: web.Request) -> Vendor:
    return request.app[VENDOR]


def take(vendor: Vendor, sender: str, to: object, text: object) -> str:
    """A message is on its way; its id."""
    vendor.letters.append({"from": sender, "to": str(to), "text": str(text)})
    return f"3EB0{len(vendor.letters):016X}"


def told(body: object, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


def make_app(vendor: Vendor, routes: list[web.RouteDef]) -> web.Application:
    """The vendor's own routes; /control shows and changes what they tell."""
    app = web.Application(middlewares=[faulty(lambda: _count(vendor))])
    app[VENDOR] = vendor
    app.add_routes([*routes, web.get("/control", _show), web.post("/control", _change)])
    return app


def _count(vendor: Vendor) -> Fault | None:
    vendor.asked += 1
    return vendor.fault


async def _show(request: web.Request) -> web.Response:
    vendor = vendor_of(request)
    fault = vendor.fault.kind if vendor.fault else None
    return told(
        {"type": vendor.type, "rows": vendor.rows, "facts": vendor.facts, "fault": fault, "asked": vendor.asked}
        | {"letters": vendor.letters}
    )


async def _change(request: web.Request) -> web.Response:
    """{"account": "1", "set": {...}} of one account; {"facts": {...}}; {"key": "..."}; {"drop": "1"};
    {"fault": {"kind": "throttle", "retry_after": 30, "path": "getInstances"}} or {"fault": null}."""
    vendor, wish = vendor_of(request), await request.json()
    if "fault" in wish:
        vendor.fault = Fault.of(wish["fault"]) if wish["fault"] else None
    if "account" in wish:
        vendor.rows.setdefault(str(wish["account"]), {}).update(_mapping(wish.get("set")))
    vendor.facts.update(_mapping(wish.get("facts")))
    vendor.rows.pop(str(wish.get("drop")), None)
    vendor.key = str(wish.get("key", vendor.key))
    return await _show(request)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
