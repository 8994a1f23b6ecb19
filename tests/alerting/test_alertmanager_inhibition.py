"""Which symptom is muted while its cause is told: Debian's Alertmanager is given everything at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from alerting_parts import FILE, alert, alertmanager, known, post

from tests.e2e.e2e_parts import eventually

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("alerting")]

CHANNEL_ALERTS = ("QrRescanRequired", "ChannelDown", "ChannelDegraded", "ChannelFlapping", "ChannelSilent",
                  "PhoneLogoutRisk")  # fmt: skip
PORTAL_ALERTS = ("SlowReply", "NoReply", "ClosedWithoutAnswer", "LowCompliance", "GuaranteeCheckFailed", "ExpirySoon",
                 "Expired", "MessengerPollStale", "MessengerRestBudget", "MessengerDeliveryFailing")  # fmt: skip


def on(portal: str, *names: str, connector: str = "", line: str = "1") -> list[dict[str, Any]]:
    where = {"portal": portal} | ({"line": line, "connector": connector} if connector else {})
    return [alert(name, **where) for name in names]


def muted(folder: Path, alerts: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """(alertname, portal, line/connector) of what Alertmanager keeps to itself."""
    tree = yaml.safe_load(FILE.read_text())
    with alertmanager(folder, tree) as url:
        post(url, alerts)
        post(url, on("mark", "PortalUnreachable", "SlowReply"))  # causes are taken in order: once it works, all were
        eventually(lambda: "mark" in {one.get("portal") for one in _quiet(url)}, within=20)
        assert len(known(url)) == len(alerts) + 2
        quiet = [one for one in _quiet(url) if one.get("portal") != "mark"]
    return {(one["alertname"], one.get("portal", ""), _channel(one)) for one in quiet}


def _quiet(url: str) -> list[dict[str, str]]:
    return [row["labels"] for row in known(url) if row["status"]["inhibitedBy"]]


def _channel(labels: dict[str, str]) -> str:
    return f"{labels['line']}/{labels['connector']}" if "connector" in labels else ""


def test_a_portal_out_of_sight_mutes_what_is_read_through_it_and_nothing_of_another(tmp_path: Path) -> None:
    alerts = [
        *on("acme", "PortalUnreachable", "PortalAuthFailed", *PORTAL_ALERTS),
        *on("acme", *CHANNEL_ALERTS, connector="max"),
        *on("rival", *PORTAL_ALERTS),
        *on("rival", "ChannelSilent", "PhoneLogoutRisk", connector="max"),
    ]
    assert muted(tmp_path, alerts) == {
        ("SlowReply", "acme", ""),
        ("NoReply", "acme", ""),
        ("ClosedWithoutAnswer", "acme", ""),
        ("LowCompliance", "acme", ""),
        ("GuaranteeCheckFailed", "acme", ""),
        ("MessengerPollStale", "acme", ""),
        *((name, "acme", "1/max") for name in CHANNEL_ALERTS),
    }


def test_what_a_provider_tells_is_heard_while_the_portal_is_out_of_sight(tmp_path: Path) -> None:
    by_source = [
        alert(name, portal="acme", line="1", connector=source, source=source)
        for name in ("QrRescanRequired", "ChannelDegraded")
        for source in ("wazzup", "bitrix24")
    ]
    stale = [alert("MessengerPollStale", portal="acme", source=source) for source in ("wazzup", "bitrix24")]
    assert muted(tmp_path, [*on("acme", "PortalUnreachable"), *by_source, *stale]) == {
        ("QrRescanRequired", "acme", "1/bitrix24"),
        ("ChannelDegraded", "acme", "1/bitrix24"),
        ("ChannelDegraded", "acme", "1/wazzup"),  # by its own QrRescanRequired
        ("MessengerPollStale", "acme", ""),
    }


def test_a_dead_channel_mutes_its_own_lesser_signs_alone(tmp_path: Path) -> None:
    alerts = [
        *on("acme", "QrRescanRequired", "ChannelDegraded", "ChannelFlapping", "ChannelSilent", "PhoneLogoutRisk",
            connector="max"),
        *on("acme", "ChannelDown", "ChannelSilent", connector="max", line="2"),
        *on("acme", "ChannelSilent", connector="telegrambot"),
        *on("acme", "ChannelFlapping", "ChannelDegraded", connector="wz_whatsapp"),
        *on("rival", "ChannelDegraded", connector="max"),
        *on("acme", "SlowReply"),
        *on("rival", "ChannelSilent"),
    ]  # fmt: skip
    assert muted(tmp_path, alerts) == {
        ("ChannelDegraded", "acme", "1/max"),
        ("ChannelFlapping", "acme", "1/max"),
        ("ChannelSilent", "acme", "1/max"),
        ("ChannelSilent", "acme", "2/max"),
        ("ChannelDegraded", "acme", "1/wz_whatsapp"),
    }


def test_alerts_without_the_labels_that_are_compared_mute_nothing(tmp_path: Path) -> None:
    bare = [alert("PortalUnreachable"), alert("SlowReply"), alert("QrRescanRequired"), alert("ChannelSilent")]
    assert muted(tmp_path, bare) == set()


def test_a_daemon_that_is_down_mutes_what_it_said_and_neither_itself_nor_the_watchdog(tmp_path: Path) -> None:
    alerts = [
        alert("MessengerMonitorDown", job="messenger-monitor"),
        alert("Watchdog"),
        alert("MessengerConfigReloadFailed"),
        *on("acme", "PortalUnreachable", "SlowReply", "Expired"),
        *on("rival", "ChannelDown", connector="max"),
    ]
    assert muted(tmp_path, alerts) == {
        ("PortalUnreachable", "acme", ""),
        ("SlowReply", "acme", ""),
        ("Expired", "acme", ""),
        ("ChannelDown", "rival", "1/max"),
    }


def test_each_label_that_is_compared_is_asked_to_be_there_on_both_sides() -> None:
    for rule in yaml.safe_load(FILE.read_text())["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            present = {match[1] for match in (re.fullmatch(r'(\w+) != ""', one) for one in rule[side]) if match}
            assert set(rule.get("equal", ())) <= present, rule
