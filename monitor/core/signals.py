"""Every metric of the contract in one table (signals.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BUCKETS = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0)
POLL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
CHANNEL = ("portal", "line", "connector", "messenger")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _gauge(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(name=name, kind="gauge", labels=labels, help=text)


def _counter(name: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(name=name, kind="counter", labels=labels, help=text)


def _histogram(name: str, labels: tuple[str, ...], text: str, buckets: tuple[float, ...]) -> Metric:
    return Metric(name=name, kind="histogram", labels=labels, help=text, buckets=buckets)


_TURNS = ("portal", "line", "manager")

METRICS: tuple[Metric, ...] = (
    _gauge("messenger_monitor_build_info", ("version",), "The running version."),
    _gauge("messenger_monitor_config_last_reload_successful", (), "1 when the last configuration was taken."),
    _gauge(
        "messenger_monitor_config_last_reload_success_timestamp_seconds", (), "When a configuration was last taken."
    ),
    _gauge(
        "messenger_monitor_loop_lag_seconds", (), "How late the daemon's own timers fired at worst, of five minutes."
    ),
    _gauge(
        "messenger_monitor_store_commit_seconds", (), "How long the store took to keep the last poll that was written."
    ),
    _gauge("messenger_monitor_shards", (), "Shards of the portals in this process's hands, where several share them."),
    _gauge("messenger_portal_up", ("portal",), "1 when the portal answered the last poll."),
    _gauge("messenger_portal_auth_ok", ("portal",), "1 when the portal let us in at the last poll."),
    _gauge("messenger_portal_clock_skew_seconds", ("portal",), "How far the portal's clock is ahead of ours."),
    _gauge(
        "messenger_poll_last_success_timestamp_seconds",
        ("portal", "source"),
        "When a poll last succeeded; of an account that never answered, since when it is asked.",
    ),
    _histogram("messenger_poll_duration_seconds", ("source",), "Real seconds a poll took.", POLL_BUCKETS),
    _counter(
        "messenger_poll_failures_total",
        ("portal", "source", "reason"),
        "Failed polls and failed commands; a refusal that holds is one, the polls held back by it are none.",
    ),
    _counter("messenger_api_requests_total", ("portal",), "HTTP requests sent to the portal."),
    _counter("messenger_api_commands_total", ("portal",), "REST methods inside these requests."),
    _gauge("messenger_api_operating_seconds", ("portal", "method"), "The portal's own cost meter of a method."),
    _gauge("messenger_channel_up", CHANNEL, "1 when the channel carries messages; absent when not known."),
    _gauge("messenger_channel_state", (*CHANNEL, "state"), "1 for the state that the channel is in."),
    _gauge("messenger_channel_state_since_timestamp_seconds", CHANNEL, "When the present state began."),
    _gauge("messenger_channel_last_inbound_timestamp_seconds", CHANNEL, "When a customer last wrote."),
    _gauge("messenger_channel_last_outbound_timestamp_seconds", CHANNEL, "When we last wrote to a customer."),
    _gauge("messenger_channel_expected_gap_seconds", CHANNEL, "The silence that is still usual for the channel now."),
    _gauge("messenger_canary_sent_timestamp_seconds", CHANNEL, "When the last test message was sent to the channel."),
    _gauge("messenger_canary_arrived_timestamp_seconds", CHANNEL, "When a test message last arrived in the portal."),
    _counter("messenger_channel_messages_total", (*CHANNEL, "direction"), "Messages seen, in and out."),
    _histogram(
        "messenger_response_time_seconds",
        ("portal", "line", "messenger", "manager", "kind", "clock"),
        "From the turn's start to the first human answer; manager = who answered.",
        BUCKETS,
    ),
    _histogram(
        "messenger_manager_response_time_seconds",
        ("portal", "line", "messenger", "manager", "kind"),
        "From the later of the turn's start and the assignment to the answer, working clock.",
        BUCKETS,
    ),
    _counter("messenger_turns_total", (*_TURNS, "kind", "verdict"), "Ended turns by their final verdict."),
    _counter("messenger_odd_data_total", ("portal", "kind"), "Odd data met while dialogs were judged."),
    _gauge("messenger_open_turns", _TURNS, "Customers who wait for an answer now."),
    _gauge("messenger_overdue_turns", _TURNS, "Customers who wait beyond the target now."),
    _gauge("messenger_oldest_open_turn_seconds", (*_TURNS, "clock"), "How long the longest open turn has waited."),
    _gauge("messenger_response_target_seconds", ("portal", "line", "kind"), "The target of a reply, working clock."),
    _gauge("messenger_working_hours", ("portal", "line"), "1 inside the line's schedule."),
    _gauge("messenger_maintenance", ("portal",), "1 inside a maintenance window."),
    _gauge("messenger_guarantee_check", ("portal", "line", "check"), "1 when the guaranteed property holds."),
    _gauge("messenger_guarantee_end_timestamp_seconds", ("portal",), "When the guarantee ends."),
    _gauge("messenger_expiry_timestamp_seconds", ("portal", "subject"), "When a licence, token or subscription ends."),
    _gauge("messenger_reminders_sent", ("portal", "subject"), "Reminders sent of an expiry."),
    _gauge("messenger_incidents", ("portal", "kind", "severity"), "Incidents open now."),
    _counter("messenger_notifications_total", ("portal", "receiver", "result"), "Notifications by their outcome."),
    _gauge("messenger_portal_info", ("portal", "name"), "The portal's host name."),
    _gauge("messenger_line_info", ("portal", "line", "name"), "The line's name."),
    _gauge("messenger_manager_info", ("portal", "manager", "name"), "The manager's name."),
)

BY_NAME = {metric.name: metric for metric in METRICS}
