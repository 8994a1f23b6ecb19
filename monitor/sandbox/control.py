"""The hand of tests and of the demo when the sandbox is another process: JSON over loopback."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from monitor.sandbox.faults import Fault

if TYPE_CHECKING:
    from monitor.sandbox.server import Sandbox


def add_control(app: web.Application, sandbox: Sandbox) -> None:
    """POST /_control/{act} with a JSON map of arguments; GET /_control/counters, /truth, /letters."""
    acts = _acts(sandbox)

    async def act(request: web.Request) -> web.Response:
        name = request.match_info["act"]
        if name not in acts:
            return web.json_response({"error": f"expected one of {', '.join(acts)}"}, status=404)
        return web.json_response({"done": acts[name](**await request.json())})

    async def look(request: web.Request) -> web.Response:
        if request.match_info["what"] == "truth":
            return web.json_response(sandbox.life.truth_rows() if sandbox.life else [])
        if request.match_info["what"] == "letters":
            return web.json_response(sandbox.methods.letters.rows())
        counts: dict[str, Any] = dict(sandbox.counts)
        counts |= {"refused_503": sandbox.bucket.refused, "dead_refresh_uses": sandbox.oauth.dead_refresh_uses}
        counts |= {"renewals": sandbox.oauth.renewals, "now": sandbox.world.now().isoformat()}
        return web.json_response(counts)

    app.router.add_post("/_control/{act}", act)
    app.router.add_get("/_control/{what}", look)


def _acts(sandbox: Sandbox) -> dict[str, Callable[..., Any]]:
    world = sandbox.world
    return {
        "inject": lambda **fault: sandbox.inject(Fault(**fault)),
        "heal": sandbox.heal,
        "set_error": lambda connector, line, error=True: world.set_error(connector, line, error=error),
        "disconnect": world.disconnect,
        "connect": world.connect,
        "customer": world.add_customer,
        "customer_writes": lambda **said: world.customer_writes(**said).id,
        "operator_writes": lambda session, user: world.operator_writes(world.dialogs[session], user).id,
        "operator_accepts": lambda session, user: world.operator_accepts(world.dialogs[session], user),
        "move_to_line": lambda session, line: world.move_to_line(world.dialogs[session], line),
        "set_queue": lambda line, users: world.lines[line].update(QUEUE=[str(user) for user in users]),
        "close": lambda session: world.close(world.dialogs[session]),
        "expire_tokens": sandbox.oauth.expire_all,
        "grant": lambda scopes: setattr(sandbox.methods, "granted", tuple(scopes)),
        "dismiss": lambda user: setattr(world.users[user], "active", False),
        "refuse_refresh": lambda code="invalid_grant": setattr(sandbox.oauth, "refuses", code),
    }
