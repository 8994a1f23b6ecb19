"""POST /hooks/alertmanager: what Alertmanager routes to people through us (its webhook, version 4)."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from monitor.core.routed import Routed
from monitor.shell.web_bodies import Unreadable, json_of
from monitor.shell.web_guard import BOARD


class _Alert(msgspec.Struct):
    status: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    startsAt: str = ""  # noqa: N815 - Alertmanager's word
    generatorURL: str = ""  # noqa: N815 - Alertmanager's word
    fingerprint: str = ""


class _Webhook(msgspec.Struct):
    alerts: list[_Alert]
    version: str = ""


async def from_alertmanager(request: web.Request) -> web.Response:
    """200 once the notices are kept; Alertmanager repeats what is answered otherwise."""
    try:
        body = msgspec.convert(await json_of(request), type=_Webhook)
    except (Unreadable, msgspec.ValidationError) as error:
        return _refused(f"expected a webhook of Alertmanager, version 4: {error}")
    if body.version != "4":
        return _refused(f"expected a webhook of Alertmanager of version 4, got {body.version[:10] or 'none'}")
    kept = await request.app[BOARD].routed([_routed(alert) for alert in body.alerts])
    return web.json_response({"kept": kept})


def _refused(problem: str) -> web.Response:
    return web.json_response({"error": problem}, status=400)


def _routed(alert: _Alert) -> Routed:
    labels, said = alert.labels, alert.annotations
    told: dict[str, Any] = {key: labels.get(key, "") for key in ("alertname", "portal", "audience", "manager")}
    told |= {key: said.get(key, "") for key in ("summary", "description", "recommendation")}
    return Routed(
        fingerprint=alert.fingerprint,
        status=alert.status,
        starts_at=alert.startsAt,
        link=alert.generatorURL,
        **told,
    )
