"""The newest dialogs as the CRM knows them: what an audit of facts rests on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from monitor.core.model import Failure, Session
from monitor.core.plugin import Call, View
from probes._activities import FIELDS, PROVIDER, session_of
from probes._asking import one
from probes.discovery import rows_of

LATELY = timedelta(days=14)
PAGE = 50


async def ask_newest(call: Call, view: View) -> Any:
    """One page of activities, the newest first: a sample large enough, one question."""
    params = {
        "order": {"ID": "DESC"},
        "filter": {"PROVIDER_ID": PROVIDER, ">=CREATED": view.now - LATELY},
        "select": list(FIELDS),
        "start": -1,
    }
    return await one(call, "crm.activity.list", params)


def newest(answer: Any) -> list[Session]:
    if isinstance(answer, Failure):
        return []
    return [session for session in map(session_of, rows_of(answer)) if session is not None]
