"""Who hears of what: amtool on the delivered file, and on the same with its examples filled in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from alerting_parts import FILE, FOLDER, filled_in

from monitor.core.incident import IncidentKind

pytestmark = pytest.mark.real

ROUTES = [
    ({"alertname": "QrRescanRequired", "severity": "critical", "audience": "integrator"}, "integrator"),
    ({"alertname": "ChannelDown", "severity": "critical", "audience": "integrator"}, "integrator"),
    ({"alertname": "PortalUnreachable", "severity": "critical", "audience": "integrator"}, "integrator"),
    ({"alertname": "PhoneLogoutRisk", "severity": "critical", "audience": "integrator"}, "integrator"),
    ({"alertname": "MessengerMonitorDown", "severity": "critical", "audience": "integrator"}, "integrator"),
    ({"alertname": "MessengerDeliveryFailing", "severity": "critical", "audience": "integrator"}, "integrator"),
    ({"alertname": "SomethingNew", "severity": "critical"}, "integrator"),
    ({"alertname": "ChannelDegraded", "severity": "warning", "audience": "integrator"}, "integrator-mail"),
    ({"alertname": "ChannelSilent", "severity": "warning", "audience": "integrator"}, "integrator-mail"),
    ({"alertname": "GuaranteeCheckFailed", "severity": "warning", "audience": "integrator"}, "integrator-mail"),
    ({"alertname": "MessengerPollStale", "severity": "warning", "audience": "integrator"}, "integrator-mail"),
    ({"alertname": "ExpirySoon", "severity": "warning", "audience": "integrator"}, "integrator-mail"),
    ({"alertname": "Expired", "severity": "critical", "audience": "integrator"}, "integrator-mail"),
    ({"alertname": "SlowReply", "severity": "warning", "audience": "head"}, "head"),
    ({"alertname": "NoReply", "severity": "critical", "audience": "head"}, "head"),
    ({"alertname": "ClosedWithoutAnswer", "severity": "warning", "audience": "head"}, "head"),
    ({"alertname": "LowCompliance", "severity": "warning", "audience": "head"}, "head"),
    ({"alertname": "Watchdog", "severity": "info", "audience": "integrator"}, "dead-mans-switch"),
]


def amtool(*words: str | Path) -> str:
    done = subprocess.run(["amtool", *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("labels", "receiver"), ROUTES, ids=lambda value: str(value)[:40])
def test_an_alert_reaches_its_receiver(labels: dict[str, str], receiver: str) -> None:
    said = amtool("config", "routes", "test", f"--config.file={FILE}", *(f"{k}={v}" for k, v in labels.items()))
    assert said.split() == [receiver]


def test_the_examples_are_taken_with_the_templates_that_they_name(tmp_path: Path) -> None:
    tree = filled_in()
    (tmp_path / "templates").symlink_to(FOLDER / "templates")
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(tree, allow_unicode=True))
    assert "SUCCESS" in amtool("check-config", tmp_path / "alertmanager.yml")
    named = {one["name"]: {key for key in one if key.endswith("_configs")} for one in tree["receivers"]}
    assert named["integrator"] == {"telegram_configs"}
    assert named["integrator-mail"] == {"email_configs"}


def test_the_table_names_only_alerts_that_there_are() -> None:
    kinds = {kind.alertname for kind in IncidentKind}
    named = {labels["alertname"] for labels, _ in ROUTES if not labels["alertname"].startswith("Messenger")}
    assert named - kinds == {"Watchdog", "SomethingNew"}
