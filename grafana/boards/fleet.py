"""All portals on one dashboard."""

from __future__ import annotations

from grafana.panels import BAD, CHANNEL, DAYS, INCIDENTS_PAGE, PORTAL_OF_SERIES, PORTAL_PAGE, SHARE, UP, Board, Panel

FLEET = Board(
    uid="mm-fleet",
    title="Messengers: fleet",
    about="All portals: what is broken, since when, whose turn it is, and what runs out.",
    variables={},
    rows={
        "Now": (
            Panel(
                title="Portals answering",
                kind="stat",
                width=4,
                height=4,
                queries={"up": "sum(messenger_portal_up)"},
                about="Portals whose last poll was answered.",
                empty="No portal has been polled yet.",
            ),
            Panel(
                title="Channels down",
                kind="stat",
                width=4,
                height=4,
                steps=BAD,
                queries={"down": "sum(messenger_channel_up == bool 0) or vector(0)"},
                about="Channels whose known state is not connected or restricted.",
                empty="No channel is known yet.",
            ),
            Panel(
                title="Customers waiting too long",
                kind="stat",
                width=4,
                height=4,
                steps=BAD,
                queries={"overdue": "sum(messenger_overdue_turns) or vector(0)"},
                about="Open turns past their deadline on the working clock.",
                empty="Nobody waits.",
            ),
            Panel(
                title="Critical incidents",
                kind="stat",
                width=4,
                height=4,
                steps=BAD,
                queries={"critical": 'sum(messenger_incidents{severity="critical"}) or vector(0)'},
                about="Open incidents that somebody has to see to at once.",
                empty="There are none.",
            ),
            Panel(
                title="Answered in time, 7 days",
                kind="stat",
                width=4,
                height=4,
                unit="percentunit",
                steps=SHARE,
                queries={
                    "share": 'sum(increase(messenger_turns_total{verdict="met"}[7d])) / '
                    'sum(increase(messenger_turns_total{verdict=~"met|late|missed"}[7d]))'
                },
                about="Met of met, late and missed.",
                empty="Nothing had to be answered.",
            ),
            Panel(
                title="Oldest waiting customer",
                kind="stat",
                width=4,
                height=4,
                unit="s",
                steps=((None, "green"), (1800.0, "orange"), (5400.0, "red")),
                queries={"oldest": 'max(messenger_oldest_open_turn_seconds{clock="working"}) or vector(0)'},
                about="Working time the longest open turn has waited.",
                empty="Nobody waits.",
            ),
        ),
        "What is broken": (
            Panel(
                title="Open incidents",
                kind="table",
                width=12,
                is_instant=True,
                link=INCIDENTS_PAGE,
                queries={"": "sum by (portal, kind, severity) (messenger_incidents) > 0"},
                about="By portal and kind; the link opens the portal's incidents with evidence and advice.",
                empty="Nothing is wrong anywhere.",
            ),
            Panel(
                title="Channels that are not up, since",
                kind="table",
                width=12,
                unit="dateTimeFromNow",
                is_instant=True,
                link=PORTAL_PAGE,
                queries={
                    "": f"1000 * messenger_channel_state_since_timestamp_seconds and on ({CHANNEL}) messenger_channel_up == 0"
                },
                about="Since when the state that is judged now has lasted.",
                empty="Every known channel is up.",
            ),
            Panel(
                title="Whose turn it is",
                kind="table",
                width=24,
                height=6,
                is_instant=True,
                link=PORTAL_PAGE,
                queries={
                    "": "sort_desc(sum by (portal, manager) (messenger_open_turns) > 0)"
                    " * on (portal, manager) group_left (name) messenger_manager_info"
                    " or sum by (portal, manager) (messenger_open_turns) > 0"
                    " unless on (portal, manager) messenger_manager_info"
                },
                about="Customers who wait for an answer, by who holds their dialogs; `queue`: nobody has taken them.",
                empty="Nobody waits.",
            ),
            Panel(
                title="Channels up by portal",
                kind="timeline",
                width=24,
                queries={"{{portal}}": "min by (portal) (messenger_channel_up)"},
                mappings=UP,
                link=PORTAL_OF_SERIES,
                about="A portal is red while any of its known channels is down.",
                empty="No channel is known yet.",
            ),
        ),
        "Guarantee and dates": (
            Panel(
                title="What runs out next",
                kind="table",
                width=9,
                unit="s",
                is_instant=True,
                steps=DAYS,
                queries={"": "sort(messenger_expiry_timestamp_seconds - time())"},
                about="Licences, subscriptions, the application and the guarantee: time left.",
                link=PORTAL_PAGE,
                empty="No date is configured and no provider tells one.",
            ),
            Panel(
                title="Guarantees end",
                kind="table",
                width=5,
                unit="dateTimeAsIso",
                is_instant=True,
                link=PORTAL_PAGE,
                queries={"": "1000 * sort(messenger_guarantee_end_timestamp_seconds)"},
                about="The last moment of each portal's guarantee, the nearest first.",
                empty="No portal has a guarantee.",
            ),
            Panel(
                title="Reminders sent",
                kind="table",
                width=5,
                is_instant=True,
                queries={"": "messenger_reminders_sent > 0"},
                about="Of the three that each date has.",
                empty="Nothing is near its end.",
            ),
            Panel(
                title="Broken promises",
                kind="table",
                width=5,
                is_instant=True,
                queries={"": "messenger_guarantee_check == 0"},
                about="Audits that do not hold: who can write, routing, notices, queue, drift, document numbers.",
                empty="Every audit that could be made holds.",
            ),
        ),
    },
)
