"""The daemon itself: polls, cost, delivery."""

from __future__ import annotations

from grafana.panels import Board, Panel

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
                title="Loop lag",
                kind="timeseries",
                width=6,
                unit="s",
                steps=((None, "green"), (0.5, "orange"), (2.0, "red")),
                queries={"worst of 5 minutes": "messenger_monitor_loop_lag_seconds"},
                about="How late the daemon's own timers fire: everything in it waits as long.",
                empty="The daemon is down.",
            ),
            Panel(
                title="Store",
                kind="timeseries",
                width=6,
                unit="s",
                steps=((None, "green"), (0.5, "orange"), (2.0, "red")),
                queries={"last write": "messenger_monitor_store_commit_seconds"},
                about="How long the store took to keep the last poll that was written, with its wait for its turn.",
                empty="Nothing has been written yet.",
            ),
            Panel(
                title="Version and configuration",
                kind="table",
                width=6,
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
