"""One manager: what waits with him and how he answers."""

from __future__ import annotations

from grafana.panels import BAD, QUANTILE, SHARE, SHARE_WITHIN, Board, P, Panel

M = f'{P}, manager="$manager"'
MANAGER = Board(
    uid="mm-manager",
    title="Messengers: manager",
    about="One manager: share within target, both clocks, what is left to him.",
    variables={
        "portal": "label_values(messenger_portal_info, portal)",
        "manager": 'label_values(messenger_manager_info{portal="$portal"}, manager)',
    },
    rows={
        "Now": (
            Panel(
                title="Answered in time",
                kind="stat",
                width=6,
                height=4,
                unit="percentunit",
                steps=SHARE,
                queries={"share": SHARE_WITHIN.format(by="portal", where=f"{M}, ")},
                about="Met of met, late and missed in the chosen time.",
                empty="No turn of his ended in this time.",
            ),
            Panel(
                title="Turns",
                kind="stat",
                width=6,
                height=4,
                queries={"n": f'sum(increase(messenger_turns_total{{{M}, verdict=~"met|late|missed"}}[$__range]))'},
                about="What the share is of; below ten it says little.",
                empty="No turn of his ended in this time.",
            ),
            Panel(
                title="Waiting with him",
                kind="stat",
                width=6,
                height=4,
                steps=BAD,
                queries={"open": f"sum(messenger_open_turns{{{M}}}) or vector(0)"},
                about="Open turns that he holds.",
                empty="Nobody waits with him.",
            ),
            Panel(
                title="Of these too long",
                kind="stat",
                width=6,
                height=4,
                steps=BAD,
                queries={"overdue": f"sum(messenger_overdue_turns{{{M}}}) or vector(0)"},
                about="Past the deadline on the working clock.",
                empty="Nobody waits with him too long.",
            ),
        ),
        "Over time": (
            Panel(
                title="The customer's wait",
                kind="timeseries",
                width=12,
                unit="s",
                queries={
                    "p50": QUANTILE.format(q="0.5", by="", where=f"{M}, ").replace("$__range", "6h"),
                    "p90": QUANTILE.format(q="0.9", by="", where=f"{M}, ").replace("$__range", "6h"),
                },
                about="From the customer's message to his answer, working clock.",
                empty="He answered nobody then.",
            ),
            Panel(
                title="His own part of it",
                kind="timeseries",
                width=12,
                unit="s",
                queries={
                    name: f"histogram_quantile({q}, sum by (le) "
                    f"(increase(messenger_manager_response_time_seconds_bucket{{{M}}}[6h])))"
                    for name, q in (("p50", 0.5), ("p90", 0.9))
                },
                about="From the assignment to his answer, working clock.",
                empty="He answered nobody then.",
            ),
            Panel(
                title="How his turns ended",
                kind="timeseries",
                width=24,
                queries={"{{verdict}}": f"sum by (verdict) (increase(messenger_turns_total{{{M}}}[6h]))"},
                about="In time, late, never answered, excused.",
                empty="No turn of his has ended yet.",
            ),
        ),
    },
)
