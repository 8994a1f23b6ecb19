"""The deployment files, checked by the tools that will read them where Debian has these, by structure elsewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "rules" / "messenger-monitor.yml"
UNIT = DEPLOY / "messenger-monitor.service"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def compose() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return tree


@pytest.mark.real
def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    run("promtool", "check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    run("promtool", "check", "config", "--syntax-only", DEPLOY / "compose" / "prometheus.yml")


@pytest.mark.real
def test_the_rules_fire_and_stay_silent_as_their_stories_tell() -> None:
    run("promtool", "test", "rules", *sorted((DEPLOY / "prometheus" / "tests").glob("*.yml")))


@pytest.mark.real
def test_alertmanager_takes_its_configuration() -> None:
    run("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")


@pytest.mark.real
def test_systemd_finds_nothing_wrong_with_the_unit() -> None:
    assert run("systemd-analyze", "verify", UNIT).strip() == ""


@pytest.mark.real
def test_the_unit_is_exposed_to_2_0_at_most() -> None:
    said = run("systemd-analyze", "security", "--offline=true", UNIT)
    exposure = re.search(r"exposure level for \S+: (\d+\.\d+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= 2.0


def test_the_unit_notifies_is_watched_and_is_not_restarted_on_a_wrong_configuration() -> None:
    lines = UNIT.read_text().splitlines()
    for wanted in ("Type=notify", "WatchdogSec=5min", "RestartPreventExitStatus=64", "DynamicUser=yes"):
        assert wanted in lines
    assert any(line.startswith("LoadCredential=") for line in lines)


def test_rules_judge_the_daemon_alone() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert {rule["alert"] for rule in rules} >= {"MessengerMonitorDown", "MessengerPollStale", "Watchdog"}
    barred = r"messenger_(channel|turns|open_turns|overdue|response|guarantee|expiry|incidents)"
    assert [rule["alert"] for rule in rules if re.search(barred, rule["expr"])] == []
    assert all({"severity", "audience"} <= rule["labels"].keys() for rule in rules)
    assert all(rule["annotations"]["summary"] for rule in rules)


def test_rules_ask_only_for_metrics_that_the_daemon_has() -> None:
    from monitor.core.signals import METRICS

    named = set(re.findall(r"messenger_\w+", " ".join(re.findall(r"expr:.*?labels:", RULES.read_text(), re.DOTALL))))
    assert named <= {metric.name for metric in METRICS}


def test_every_container_is_read_only_and_without_capabilities() -> None:
    for name, service in compose()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert "latest" not in service["image"], name


def test_compose_names_only_what_it_defines() -> None:
    tree = compose()
    for name, service in tree["services"].items():
        assert set(service.get("depends_on", [])) <= tree["services"].keys(), name
        assert set(service.get("secrets", [])) <= tree["secrets"].keys(), name
        assert {one["source"] for one in service.get("configs", [])} <= tree["configs"].keys(), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in tree["volumes"], volume


def test_the_daemon_of_compose_reads_the_secrets_that_it_is_given() -> None:
    tree = compose()
    text = (DEPLOY / "compose" / "monitor.yaml").read_text()
    assert set(re.findall(r"/run/secrets/([\w-]+)", text)) == set(tree["services"]["monitor"]["secrets"])


def test_the_image_is_built_of_what_is_locked_and_runs_as_nobody_special() -> None:
    steps = (DEPLOY / "Dockerfile").read_text()
    assert steps.count("FROM ${BASE}") == 2
    assert "--require-hashes -r requirements.lock" in steps
    assert re.search(r"^USER 10001:10001$", steps, re.MULTILINE)
    assert "HEALTHCHECK" in steps
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", steps, re.MULTILINE)
    sent = (ROOT / ".dockerignore").read_text().split()
    assert {f"!{name}" for names in copied for name in names.split()} <= set(sent)
