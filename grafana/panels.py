"""What each dashboard shows: a table of panels, each with its question, its query and why it may be empty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["stat", "timeseries", "timeline", "table", "heatmap", "bars"]

CHANNEL = "portal, line, connector, messenger"
P = 'portal="$portal"'


@dataclass(frozen=True, kw_only=True)
class Panel:
    """`queries`: legend -> PromQL. `empty`: what it means when nothing is shown. `width` of 24."""

    title: str
    kind: Kind
    queries: dict[str, str]
    about: str
    empty: str
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: tuple[tuple[float | None, str], ...] = ((None, "green"),)
    link: str = ""
    mappings: dict[str, tuple[str, str]] = field(default_factory=dict)
    is_instant: bool = False


@dataclass(frozen=True, kw_only=True)
class Board:
    uid: str
    title: str
    about: str
    variables: dict[str, str]  # name -> label_values() query
    rows: dict[str, tuple[Panel, ...]]


BAD = ((None, "green"), (1.0, "red"))
SHARE = ((None, "red"), (0.8, "orange"), (0.9, "green"))
DAYS = ((None, "red"), (7 * 86400.0, "orange"), (30 * 86400.0, "green"))
PORTAL_PAGE = "${monitor_url}/portals/${__field.labels.portal}"
ON_PORTAL = "${monitor_url}/portals/${portal}"
UP = {"0": ("down", "red"), "1": ("up", "green")}

SHARE_WITHIN = (
    'sum by ({by}) (increase(messenger_turns_total{{{where}verdict="met"}}[$__range])) / '
    'sum by ({by}) (increase(messenger_turns_total{{{where}verdict=~"met|late|missed"}}[$__range]))'
)
QUANTILE = (
    "histogram_quantile({q}, sum by (le{by}) (increase(messenger_response_time_seconds_bucket"
    '{{{where}clock="working"}}[$__range])))'
)

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
                link=PORTAL_PAGE,
                queries={"": "sum by (portal, kind, severity) (messenger_incidents) > 0"},
                about="By portal and kind; the link opens the portal's page with evidence and advice.",
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
                title="Channels up by portal",
                kind="timeline",
                width=24,
                queries={"{{portal}}": "min by (portal) (messenger_channel_up)"},
                mappings=UP,
                about="A portal is red while any of its known channels is down.",
                empty="No channel is known yet.",
            ),
        ),
        "Guarantee and dates": (
            Panel(
                title="What runs out next",
                kind="table",
                width=12,
                unit="s",
                is_instant=True,
                steps=DAYS,
                queries={"": "sort(messenger_expiry_timestamp_seconds - time())"},
                about="Licences, subscriptions, the application and the guarantee: time left.",
                empty="No date is configured and no provider tells one.",
            ),
            Panel(
                title="Reminders sent",
                kind="table",
                width=6,
                is_instant=True,
                queries={"": "messenger_reminders_sent > 0"},
                about="Of the three that each date has.",
                empty="Nothing is near its end.",
            ),
            Panel(
                title="Broken promises",
                kind="table",
                width=6,
                is_instant=True,
                queries={"": "messenger_guarantee_check == 0"},
                about="Audits that do not hold: who can write, routing, notices, queue, drift, document numbers.",
                empty="Every audit that could be made holds.",
            ),
        ),
    },
)

PORTAL = Board(
    uid="mm-portal",
    title="Messengers: portal",
    about="One portal: its channels over time, who waits, how fast people answer.",
    variables={"portal": "label_values(messenger_portal_info, portal)"},
    rows={
        "Channels": (
            Panel(
                title="State of each channel",
                kind="timeline",
                width=24,
                height=9,
                queries={"{{line}} {{connector}}: {{state}}": f"messenger_channel_state{{{P}}} == 1"},
                about="The judged state; the legend names it.",
                link=ON_PORTAL,
                empty="No channel is configured on this portal, or it has not been polled.",
            ),
            Panel(
                title="Silence against habit",
                kind="timeseries",
                width=12,
                unit="percentunit",
                steps=((None, "green"), (0.7, "orange"), (1.0, "red")),
                queries={
                    "{{line}} {{connector}}": f"(time() - messenger_channel_last_inbound_timestamp_seconds{{{P}}}) / "
                    f"messenger_channel_expected_gap_seconds{{{P}}}"
                },
                about="How much of the usual patience the present silence has used up; above 100 % it is an incident.",
                empty="The channels' habits are still being learnt (two weeks).",
            ),
            Panel(
                title="Messages",
                kind="timeseries",
                width=12,
                queries={
                    "{{connector}} {{direction}}": "sum by (connector, direction) "
                    f"(increase(messenger_channel_messages_total{{{P}}}[1h]))"
                },
                about="Customers' messages in, managers' and automatic ones out, per hour.",
                empty="Nobody has written yet.",
            ),
        ),
        "Replies": (
            Panel(
                title="Waiting now",
                kind="timeseries",
                width=8,
                queries={
                    "open": f"sum(messenger_open_turns{{{P}}}) or vector(0)",
                    "overdue": f"sum(messenger_overdue_turns{{{P}}}) or vector(0)",
                },
                about="Open turns, and those past their deadline.",
                empty="Nobody waits.",
            ),
            Panel(
                title="Answered in time by manager",
                kind="bars",
                width=8,
                unit="percentunit",
                steps=SHARE,
                is_instant=True,
                queries={
                    "{{name}}": SHARE_WITHIN.format(by="portal, manager", where=f"{P}, ")
                    + " * on (portal, manager) group_left (name) messenger_manager_info"
                },
                about="Met of met, late and missed in the chosen time; below ten turns it says little.",
                empty="Nobody has answered in this time.",
            ),
            Panel(
                title="Response time, working clock",
                kind="timeseries",
                width=8,
                unit="s",
                queries={
                    "p50": QUANTILE.format(q="0.5", by="", where=f"{P}, ").replace("$__range", "1h"),
                    "p90": QUANTILE.format(q="0.9", by="", where=f"{P}, ").replace("$__range", "1h"),
                },
                about="From the customer's first message to the first human answer, within the line's hours.",
                empty="Nobody was answered in this hour.",
            ),
            Panel(
                title="How long customers wait, by hour",
                kind="heatmap",
                width=16,
                unit="s",
                queries={
                    "{{le}}": "sum by (le) (increase(messenger_response_time_seconds_bucket"
                    f'{{{P}, clock="working"}}[1h]))'
                },
                about="Answers of each hour by how long they took.",
                empty="Nobody was answered in this time.",
            ),
            Panel(
                title="How turns ended",
                kind="timeseries",
                width=8,
                queries={
                    "{{verdict}}": f"sum by (verdict) (increase(messenger_turns_total{{{P}}}[1h]))",
                },
                about="In time, late, never answered, excused by an outage; per hour.",
                empty="No turn has ended yet.",
            ),
        ),
        "Portal": (
            Panel(
                title="Portal and authorisation",
                kind="timeline",
                width=12,
                mappings=UP,
                queries={
                    "answers": f"messenger_portal_up{{{P}}}",
                    "authorised": f"messenger_portal_auth_ok{{{P}}}",
                    "maintenance": f"messenger_maintenance{{{P}}}",
                },
                about="Whether it answers, whether it lets us in, whether a maintenance window is open.",
                empty="It has not been polled yet.",
            ),
            Panel(
                title="Working hours",
                kind="timeline",
                width=12,
                mappings={"0": ("shut", "blue"), "1": ("open", "green")},
                queries={"line {{line}}": f"messenger_working_hours{{{P}}}"},
                about="Whether each line is open by its own schedule.",
                empty="The lines' hours are not known yet.",
            ),
        ),
    },
)

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

MONITOR = Board(
    uid="mm-monitor",
    title="Messengers: the monitor itself",
    about="Polls, failures by reason, the REST budget, delivery.",
    variables={},
    rows={
        "Polls": (
            Panel(
                title="Age of the last good poll",
                kind="timeseries",
                width=12,
                unit="s",
                queries={"{{portal}} {{source}}": "time() - messenger_poll_last_success_timestamp_seconds"},
                about="How old our knowledge is, by portal and source.",
                empty="Nothing has been polled yet.",
            ),
            Panel(
                title="Failures by reason",
                kind="timeseries",
                width=12,
                queries={
                    "{{source}} {{reason}}": "sum by (source, reason) (increase(messenger_poll_failures_total[15m])) > 0"
                },
                about="Named by who has to act: timeout, unreachable, throttled, denied, rejected, malformed, bug.",
                empty="No poll has failed.",
            ),
            Panel(
                title="Duration of polls",
                kind="timeseries",
                width=12,
                unit="s",
                queries={
                    "{{source}} p95": "histogram_quantile(0.95, sum by (le, source) "
                    "(rate(messenger_poll_duration_seconds_bucket[15m])))"
                },
                about="Of the whole poll, by source.",
                empty="Nothing has been polled yet.",
            ),
            Panel(
                title="Version and configuration",
                kind="table",
                width=12,
                is_instant=True,
                queries={
                    "": "messenger_monitor_build_info",
                    "last reload worked": "messenger_monitor_config_last_reload_successful",
                },
                about="The running version, and whether the last configuration was taken.",
                empty="The daemon is down.",
            ),
        ),
        "Cost": (
            Panel(
                title="HTTP requests",
                kind="timeseries",
                width=8,
                unit="reqps",
                queries={"{{portal}}": "rate(messenger_api_requests_total[15m])"},
                about="To each portal; a poll is normally one request.",
                empty="Nothing has been asked yet.",
            ),
            Panel(
                title="Methods in a request",
                kind="timeseries",
                width=8,
                queries={
                    "{{portal}}": "rate(messenger_api_commands_total[15m]) / rate(messenger_api_requests_total[15m])"
                },
                about="How well calls are gathered into batches.",
                empty="Nothing has been asked yet.",
            ),
            Panel(
                title="The portal's own cost meter",
                kind="timeseries",
                width=8,
                unit="s",
                steps=((None, "green"), (360.0, "orange"), (480.0, "red")),
                queries={"{{portal}} {{method}}": "topk(10, messenger_api_operating_seconds)"},
                about="Seconds of `operating` a method has used; Bitrix24 refuses it at 480.",
                empty="The portal has told no cost yet.",
            ),
        ),
        "Delivery": (
            Panel(
                title="Notifications",
                kind="timeseries",
                width=12,
                queries={
                    "{{receiver}} {{result}}": "sum by (receiver, result) (increase(messenger_notifications_total[15m]))"
                },
                about="Delivered, retried, refused; Alertmanager is a receiver like any other.",
                empty="Nothing had to be delivered.",
            ),
            Panel(
                title="Open incidents by kind",
                kind="timeseries",
                width=12,
                queries={"{{kind}}": "sum by (kind) (messenger_incidents)"},
                about="What the daemon keeps posting.",
                empty="Nothing is wrong anywhere.",
            ),
        ),
    },
)

BOARDS = {"fleet": FLEET, "portal": PORTAL, "manager": MANAGER, "monitor": MONITOR}
