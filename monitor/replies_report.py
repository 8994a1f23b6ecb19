"""A period's replies for `messenger-monitor replies`: from the store, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from monitor.core.connectors import messenger_of
from monitor.core.lateness import as_due
from monitor.core.memory import PortalState
from monitor.core.parity import Parity, parity
from monitor.core.policy import Policy
from monitor.core.replies import Figures, Waited, by_key, by_manager, in_period, of_team
from monitor.core.turn import Turn
from monitor.core.words import name_of
from monitor.terminal import printed

By = Literal["manager", "line", "messenger"]
TEAM = "team"
_FORMULA = re.compile(r"""(^|;)(?=[\s"']*[=+\-@＝＋－＠])""")

_COUNTS = ("n", "met", "late", "missed", "overdue", "waiting", "excused", "waived", "elsewhere", "bot_only")
_GAMING = ("helped", "ooh", "skipped", "closed_unanswered", "waved_off", "spam", "short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Rows as plain data, durations in seconds, the team's last; `parity` the portal's own number beside ours; `zone`
    the portal's, in which people are told moments."""

    portal: str
    zone: str = "UTC"
    since: datetime
    until: datetime
    by: By
    rows: tuple[Mapping[str, Any], ...]
    parity: Mapping[str, Any]
    address: str  # of the portal, for links


def report(
    state: PortalState,
    policy: Policy,
    turns: Sequence[Turn],
    *,
    url: str,
    since: datetime,
    until: datetime,
    by: By,
    now: datetime,
) -> Report:
    told = as_due(in_period(turns, since, until), state, policy)
    groups = _groups(told, state, by, now)
    rows = [_row(name, figures, url) for name, figures in groups.items()]
    rows.append(_row(TEAM, of_team(told, now), url))
    return Report(
        portal=state.portal,
        zone=policy.timezone,
        since=since,
        until=until,
        by=by,
        rows=tuple(rows),
        parity=_parity(parity(told, now)),
        address=url.rstrip("/"),
    )


def _groups(turns: Sequence[Turn], state: PortalState, by: By, now: datetime) -> dict[str, Figures]:
    if by == "manager":
        return {_name(user, state): figures for user, figures in by_manager(turns, now).items()}
    if by == "line":
        return {_line(line, state): one for line, one in sorted(by_key(turns, lambda turn: turn.line, now).items())}
    return dict(sorted(by_key(turns, _messenger, now).items()))


def _messenger(turn: Turn) -> str:
    return (turn.messenger or messenger_of(turn.connector, "")).value


def _name(user: int, state: PortalState) -> str:
    name = name_of(user, state, "en")
    return f"{name} ({user})" if name else str(user) if user else "queue"


def _line(line: int, state: PortalState) -> str:
    known = state.lines.get(line)
    return f"{known.name} ({line})" if known and known.name else str(line)


def _row(name: str, figures: Figures, url: str) -> dict[str, Any]:
    share = figures.share
    return {
        "who": name,
        **{field: getattr(figures, field) for field in _COUNTS},
        "share": round(share, 4) if share is not None else None,
        "rated": figures.is_rated,
        "p50": _seconds(figures.team.p50),
        "p90": _seconds(figures.team.p90),
        "p50_at_least": bool(figures.team.p50 and figures.team.p50.at_least),
        "p90_at_least": bool(figures.team.p90 and figures.team.p90.at_least),
        "calendar_p50": _seconds(figures.calendar.p50),
        "calendar_p90": _seconds(figures.calendar.p90),
        "own_p50": _seconds(figures.own.p50),
        "own_p90": _seconds(figures.own.p90),
        "worst": _seconds(figures.team.worst),
        "worst_session": figures.worst.session if figures.worst else None,
        "worst_link": f"{url.rstrip('/')}/online/?IM_HISTORY=imol|{figures.worst.session}" if figures.worst else None,
        "held": round(figures.held.total_seconds()),
        **{field: getattr(figures, field) for field in _GAMING},
        "blame": dict(figures.blame),
    }


def _parity(told: Parity) -> dict[str, Any]:
    return {
        "n": told.n,
        "portal_mean": _span(told.portal_mean),
        "ours_mean": _span(told.ours_mean),
        "reasons": {
            why.value: {"turns": count, "apart": round(span.total_seconds())}
            for why, (count, span) in sorted(told.by_reason.items())
        },
    }


def _seconds(waited: Waited | None) -> int | None:
    return round(waited.span.total_seconds()) if waited else None


def _span(span: timedelta | None) -> int | None:
    return round(span.total_seconds()) if span is not None else None


def as_json(told: Report) -> str:
    body = {
        "portal": told.portal,
        "since": told.since.isoformat(),
        "until": told.until.isoformat(),
        "by": told.by,
        "rows": list(told.rows),
        "portal_figure": dict(told.parity),
    }
    return printed(body)


def as_csv(told: Report) -> str:
    """One row per subject; blame in columns of its own. A name can never be taken for a formula."""
    causes = ("manager", "routing", "channel", "portal", "us")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [name for name in told.rows[0] if name != "blame"]
    writer.writerow([*names, *(f"blame_{cause}" for cause in causes)])
    for row in told.rows:
        values = [_cell(row[name]) for name in names]
        writer.writerow([*values, *(row["blame"].get(cause, 0) for cause in causes)])
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A text is one line; Excel takes it for no formula, also where a Russian one has split it at a semicolon."""
    if not isinstance(value, str):
        return value
    line = "".join(char if char.isprintable() else " " for char in value).strip()
    return _FORMULA.sub(r"\1'", line)
