"""One portal: its channels, its replies, itself."""

from __future__ import annotations

from grafana.panels import ON_PORTAL, QUANTILE, SHARE, SHARE_WITHIN, UP, Board, P, Panel
from monitor.core.model import State

# One row a channel: the number of the state that is 1, and its name by the mapping.
COLOURS = {"connected": "green", "restricted": "light-green", "connecting": "yellow", "phone_offline": "orange",
           "silent": "orange", "unreachable": "purple", "unknown": "gray"}  # fmt: skip
STATES = {str(number): (state.value, COLOURS.get(state.value, "red")) for number, state in enumerate(State, 1)}
STATE_NUMBER = (
    "max by (line, connector) ("
    + " or ".join(
        f'messenger_channel_state{{{P}, state="{state}"}} * {number}' for number, state in enumerate(State, 1)
    )
    + ")"
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
                queries={"{{line}} {{connector}}": STATE_NUMBER},
                mappings=STATES,
                about="The judged state of every channel: green carries messages, red does not.",
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
                title="Response by manager",
                kind="bars",
                width=24,
                unit="s",
                steps=((None, "green"), (900.0, "orange"), (1800.0, "red")),
                is_instant=True,
                queries={
                    f"{{{{name}}}} {name}": QUANTILE.format(q=q, by=", portal, manager", where=f"{P}, ")
                    + " * on (portal, manager) group_left (name) messenger_manager_info"
                    for name, q in (("p50", "0.5"), ("p90", "0.9"))
                },
                about="Half and nine tenths of each manager's answers came within this time, working clock.",
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
                interval="1h",
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
