"""The deployment files, checked by the tools that will read them where Debian has these, by structure elsewhere."""

from __future__ import annotations

import re
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from monitor.app import NO_MEMORY
from monitor.secret import Secret
from monitor.shell.store import Store
from monitor.shell.visitors import Access
from monitor.shell.web import make_app
from tests.pages.pages_parts import TOKEN, PageBoard

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
    stories = sorted((DEPLOY / "prometheus" / "tests").glob("*.yml"))
    assert len(stories) == len(list(RULES.parent.glob("*.yml")))
    assert run("promtool", "test", "rules", *stories).count("SUCCESS") == len(stories)


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


def test_the_unit_leaves_no_core_and_has_the_memory_limit_that_the_last_sentence_names() -> None:
    lines = UNIT.read_text().splitlines()
    assert "LimitCORE=0" in lines
    assert "MemoryMax of the unit" in NO_MEMORY
    assert [line for line in lines if line.startswith("MemoryMax=")] == ["MemoryMax=2G"]


def test_the_unit_reads_its_secrets_as_credentials() -> None:
    lines = UNIT.read_text().splitlines()
    assert any(line.startswith("LoadCredential=") for line in lines)


def test_a_command_runs_as_the_unit_does(tmp_path: Path) -> None:
    """The transient unit is shown by a systemd-run of our own; a real one needs systemd as the first process."""
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    asked = subprocess.run(
        ("sh", DEPLOY / "messenger-monitor-cli", "explain", "--portal", "two words"),
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.splitlines()
    assert asked[-4:] == [*("/opt/messenger-monitor/.venv/bin/messenger-monitor", "explain", "--portal", "two words")]
    unit = UNIT.read_text()
    for name in ("DynamicUser", "StateDirectory", "StateDirectoryMode", "LoadCredential", "UMask"):
        same = re.search(rf"^{name}=.*$", unit, re.MULTILINE)
        assert same is not None
        assert f"--property={same[0]}" in asked
    assert f"--property=User={UNIT.stem}" in asked  # the name that DynamicUser gives the unit's own user
    assert "--pipe" in asked


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


def test_no_container_takes_all_memory_or_fills_the_disk_with_its_log() -> None:
    laid_over = yaml.load((DEPLOY / "compose.cluster.yaml").read_text(), Override)["services"]
    for name, service in {**compose()["services"], **{k: v for k, v in laid_over.items() if "image" in v}}.items():
        assert re.fullmatch(r"\d+[gm]", service["mem_limit"]), name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert service["cap_drop"] == ["ALL"], name
    added = {name: one["cap_add"] for name, one in laid_over.items() if "cap_add" in one}
    assert added == {"postgres": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]}


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


CLUSTER = DEPLOY / "compose-cluster" / "monitor.yaml"
KUBERNETES = DEPLOY / "kubernetes" / "messenger-monitor.yaml"


class Override(yaml.SafeLoader):
    """Compose's own marks of what replaces a list instead of being added to it."""


Override.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))
Override.add_constructor("!reset", lambda loader, node: loader.construct_sequence(node))


def kubernetes() -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all(KUBERNETES.read_text())}


def read(folder: Path, text: str, name: str = "ada") -> Any:
    """What the daemon makes of a configuration whose secrets are files."""
    for secret in set(re.findall(r"/run/secrets/([\w-]+)", text)):
        (folder / secret).write_text("a secret of this file")
        (folder / secret).chmod(0o600)
    path = folder / "monitor.yaml"
    path.write_text(text.replace("/run/secrets", str(folder)).replace("cluster: {", f"cluster: {{name: {name}, "))
    from monitor.config import load

    return load(path, {"STORE_PASSWORD": "a password"})


def test_the_daemon_takes_the_configurations_of_several_processes(tmp_path: Path) -> None:
    composed = read(tmp_path, CLUSTER.read_text())
    assert (composed.cluster.name, composed.cluster.shards, composed.cluster.url) == ("ada", 64, "")
    spread = read(tmp_path, kubernetes()["ConfigMap"]["data"]["monitor.yaml"], "messenger-monitor-2")
    assert spread.cluster.url == "https://messenger-monitor-2.monitor.example.org"
    assert spread.store_url == "postgresql://monitor:a password@postgres/monitor"


def test_the_processes_of_compose_differ_in_name_and_port_alone_and_prometheus_asks_them_all() -> None:
    tree = yaml.load((DEPLOY / "compose.cluster.yaml").read_text(), Override)
    members = {name: one for name, one in tree["services"].items() if name.startswith("monitor")}
    assert len({one["hostname"] for one in members.values()}) == len(members) == 3
    assert len({tuple(one["ports"]) for one in members.values()}) == 3
    apart = [
        {key: value for key, value in one.items() if key not in {"hostname", "ports", "volumes"}}
        for one in members.values()
    ]
    assert apart[0] == apart[1] == apart[2]
    jobs = yaml.safe_load((DEPLOY / "compose-cluster" / "prometheus.yml").read_text())["scrape_configs"]
    assert jobs[0]["static_configs"][0]["targets"] == [f"{name}:9460" for name in members]
    given = set(apart[0]["secrets"])
    assert set(re.findall(r"/run/secrets/([\w-]+)", CLUSTER.read_text())) < given
    assert given <= tree["secrets"].keys() | compose()["secrets"].keys()


def test_the_pods_are_hardened_probed_and_never_all_away_at_once() -> None:
    found = kubernetes()
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    monitor = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert monitor["securityContext"]["readOnlyRootFilesystem"] is True
    assert monitor["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert monitor["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert monitor["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    labels = found["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert monitor["resources"]["limits"]["memory"] == "1Gi"
    for chooses, key in (
        ("Service", "selector"),
        ("PodDisruptionBudget", "selector"),
        ("NetworkPolicy", "podSelector"),
    ):
        selector = found[chooses]["spec"][key]
        assert selector.get("matchLabels", selector).items() <= labels.items()
    volumes = {one["name"] for one in pod["volumes"]}
    assert {one["name"] for one in monitor["volumeMounts"]} == volumes


def probed() -> dict[str, str]:
    """Who asks which path of the daemon, and has no token to show."""
    asked = re.search(r"urlopen\('http://127\.0\.0\.1:9460(/\w+)'", (DEPLOY / "Dockerfile").read_text())
    assert asked is not None
    container = kubernetes()["StatefulSet"]["spec"]["template"]["spec"]["containers"][0]
    probes = {name: probe["httpGet"]["path"] for name, probe in container.items() if name.endswith("Probe")}
    assert probes.keys() == {"startupProbe", "livenessProbe", "readinessProbe"}
    return {"HEALTHCHECK": asked[1], **probes}


async def test_who_asks_whether_a_daemon_lives_and_is_ready_needs_no_token_where_all_others_do(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    board = PageBoard(store, Access(token=Secret(TOKEN)))
    async with TestClient(TestServer(make_app(board))) as client:
        assert (await client.get("/metrics")).status == 401
        for who, path in probed().items():
            assert (await client.get(path)).status == 200, f"{who} asks {path}"
    await store.close()


def test_pods_are_reached_at_their_pages_alone_and_ask_no_metadata_service() -> None:
    policy = kubernetes()["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["ports"] for rule in policy["ingress"]] == [[{"port": "web", "protocol": "TCP"}]]
    assert all(rule["from"] for rule in policy["ingress"])
    blocks = [to["ipBlock"] for rule in policy["egress"] for to in rule.get("to", ()) if "ipBlock" in to]
    for metadata in ("169.254.169.254", "fe80::1", "fd00:ec2::254"):
        address = ip_address(metadata)
        for block in blocks:
            barred = [ip_network(one) for one in block["except"]]
            if address.version == ip_network(block["cidr"]).version:
                assert any(address in one for one in barred), metadata
    open_to_all = [port["port"] for rule in policy["egress"] if "to" not in rule for port in rule["ports"]]
    assert set(open_to_all) == {53}
    asked = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert {9460, 5432, 9093, 443} <= asked  # the others' pages, the store and Alertmanager of the ConfigMap, portals
