"""The main job with the real parts: portal -> daemon -> Prometheus and Alertmanager, as an integrator runs it."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
from e2e_parts import alerts, eventually, get, get_json, post_json, prometheus, query
from e2e_stage import Stage

WHATSAPP = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
FAST = {"poll": "1s", "settle": "2s", "targets": {"first": "4s", "next": "4s"}}

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("e2e")]


def hand(stage: Stage, act: str, **facts: Any) -> Any:
    return post_json(f"{stage.portal['url']}/_control/{act}", facts)["done"]


def counters(stage: Stage) -> dict[str, int]:
    """How often the portal was asked what."""
    return dict(get_json(f"{stage.portal['url']}/_control/counters"))


def polls(stage: Stage) -> float:
    """Each asks the portal's time twice."""
    return counters(stage)["server.time"] / 2


def metrics(stage: Stage) -> str:
    return get(f"http://127.0.0.1:{stage.web}/metrics")


def test_a_lost_qr_code_reaches_prometheus_and_alertmanager_within_three_polls_and_recovery_resolves_it(
    stage: Stage,
) -> None:
    stage.sandbox()
    alertmanager = stage.alertmanager()
    stage.daemon(stage.config(alertmanager={"url": alertmanager.url}, defaults=FAST))
    scraper = stage.parts.enter_context(prometheus(stage.folder, f"127.0.0.1:{stage.web}"))
    connected = f'messenger_channel_state{{connector="{WHATSAPP}",state="connected"}} == 1'
    eventually(lambda: query(scraper.url, connected), within=20)

    hand(stage, "set_error", connector=WHATSAPP, line=1)
    lost = polls(stage)
    alert = eventually(lambda: alerts(alertmanager.url, "QrRescanRequired"), within=15)[0]
    assert polls(stage) - lost <= 3 + 2.5  # three polls, and the time to settle
    assert alert["labels"] == {
        "alertname": "QrRescanRequired",
        "audience": "integrator",
        "connector": WHATSAPP,
        "guaranteed": "no",
        "line": "1",
        "messenger": "whatsapp",
        "portal": "acme",
        "severity": "critical",
        "source": "bitrix24",
        "state": "qr_required",
    }
    assert "QR" in alert["annotations"]["recommendation"]
    assert "ERROR=true" in alert["annotations"]["evidence"]
    assert alert["generatorURL"].startswith(f"http://127.0.0.1:{stage.web}/incidents/")
    assert alert["annotations"]["summary"] in get(alert["generatorURL"])
    lost_state = f'messenger_channel_state{{connector="{WHATSAPP}",state="qr_required"}} == 1'
    eventually(lambda: query(scraper.url, lost_state), within=10)

    hand(stage, "set_error", connector=WHATSAPP, line=1, error=False)
    eventually(lambda: not alerts(alertmanager.url, "QrRescanRequired"), within=20)


def test_a_slow_reply_is_told_with_the_dialogs_link_and_ends_when_the_customer_is_answered(stage: Stage) -> None:
    stage.sandbox()
    alertmanager = stage.alertmanager()
    stage.daemon(stage.config(alertmanager={"url": alertmanager.url}, defaults=FAST))
    eventually(lambda: "messenger_channel_up" in metrics(stage), within=20)
    customer = hand(stage, "customer")
    session = hand(stage, "customer_writes", connector="telegrambot", line=1, customer=customer)

    alert = eventually(lambda: alerts(alertmanager.url, "SlowReply"), within=15)[0]
    assert alert["labels"]["manager"] == "queue"
    assert alert["labels"]["audience"] == "head"
    assert f"/online/?IM_HISTORY=imol|{session}" in alert["annotations"]["evidence"]

    time.sleep(1.1)  # the portal's dates have whole seconds
    hand(stage, "operator_writes", session=session, user=15)
    eventually(lambda: not alerts(alertmanager.url, "SlowReply"), within=15)
    counted = 'messenger_turns_total{portal="acme",line="1",manager="15",kind="first",verdict="late"} 1.0'
    eventually(lambda: counted in metrics(stage), within=10)


def test_thirty_kills_lose_no_token_count_no_message_twice_and_keep_the_alerts_beginning(stage: Stage) -> None:
    stage.sandbox("--access-ttl", "2")
    alertmanager = stage.alertmanager()
    config = stage.config(alertmanager={"url": alertmanager.url}, defaults=FAST)
    customers = [hand(stage, "customer") for _ in range(5)]
    sessions = [hand(stage, "customer_writes", connector="max", line=1, customer=one) for one in customers]
    hand(stage, "set_error", connector=WHATSAPP, line=1)
    chance = random.Random(20)
    began, kills = "", 0
    while kills < 30 or not began:
        lived(stage, config, chance)
        kills += 1
        began = began or next((one["startsAt"] for one in alerts(alertmanager.url, "QrRescanRequired")), "")
        assert kills < 100

    for session in sessions:
        hand(stage, "operator_writes", session=session, user=12)
    stage.daemon(config)
    late = 'messenger_turns_total{portal="acme",line="1",manager="12",kind="first",verdict="late"} 5.0'
    eventually(lambda: late in metrics(stage), within=20)
    assert 'connector="max",messenger="max",direction="in"} 5.0' in metrics(stage)
    counted = counters(stage)
    assert counted["dead_refresh_uses"] == 0
    assert counted["renewals"] > 5
    assert alerts(alertmanager.url, "QrRescanRequired")[0]["startsAt"] == began


def lived(stage: Stage, config: Path, chance: random.Random) -> None:
    """A daemon from its start to its kill: before it is heard of, or soon after its first request."""
    part, before = stage.start_daemon(config), asked(stage)
    if chance.random() < 0.3:
        time.sleep(chance.uniform(0.0, 0.5))
    else:
        eventually(lambda: asked(stage) > before, within=20, why=part.output()[-2000:])
        time.sleep(chance.uniform(0.0, 0.7))
    part.kill()


def asked(stage: Stage) -> int:
    return counters(stage).get("http", 0) + counters(stage).get("oauth", 0)


def test_a_quiet_portal_costs_at_most_1_2_requests_a_poll_and_a_burst_meets_no_503(stage: Stage) -> None:
    stage.sandbox("--lines", "3", "--idle", "200", "--clock-rate", "120")
    rate = {"portal": {"rate": {"per_second": 2, "burst": 50}}}
    stage.daemon(stage.config(defaults={"poll": "60s"}, **rate), "--clock-rate", "120")
    eventually(lambda: polls(stage) >= 8, within=30, why="all that is seen at first sight is seen")
    before = counters(stage)
    eventually(lambda: polls(stage) >= 8 + 15, within=30, why="what there is was looked at once")
    after = counters(stage)
    assert (after["http"] - before["http"]) / ((after["server.time"] - before["server.time"]) / 2) <= 1.2
    for index in range(60):
        customer = hand(stage, "customer")
        hand(stage, "customer_writes", connector="telegrambot", line=1 + index % 3, customer=customer)
    eventually(lambda: metrics(stage).count("messenger_open_turns{") == 3, within=60)
    eventually(lambda: _sum(metrics(stage), "messenger_open_turns{") == 60, within=60)
    assert counters(stage)["refused_503"] == 0


def _sum(text: str, start: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(start))


def test_with_a_webhook_replies_are_measured_and_channel_up_is_absent(stage: Stage, tmp_path: Path) -> None:
    stage.sandbox()
    hook = tmp_path / "hook"
    hook.write_text(stage.portal["webhook_url"])
    hook.chmod(0o600)
    config = stage.config(defaults=FAST, portal={"auth": {"webhook_url_file": str(hook)}})
    part = stage.daemon(config)
    session = hand(stage, "customer_writes", connector="max", line=1, customer=hand(stage, "customer"))
    eventually(lambda: "messenger_open_turns{" in metrics(stage), within=20)
    hand(stage, "operator_writes", session=session, user=12)
    eventually(lambda: 'verdict="met"} 1.0' in metrics(stage), within=20)
    assert "messenger_channel_up{" not in metrics(stage)
    assert 'connector="max",messenger="max",state="unknown"} 1.0' in metrics(stage)
    assert "portal.webhook_only" in part.output()
    assert "imconnector" in get(f"http://127.0.0.1:{stage.web}/explain?portal=acme")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("html_502", "unreachable"),
        ("html_200", "malformed"),
        ("truncated", "malformed"),
        ("wrong_types", "malformed"),
        ("hang", "timeout"),
        ("reset", "unreachable"),
        ("huge", "malformed"),
        ("redirect", "rejected"),
        ("PORTAL_DELETED", "denied"),
        ("OVERLOAD_LIMIT", "throttled"),
    ],
)
def test_bad_answers_are_named_the_state_is_kept_and_the_daemon_recovers(stage: Stage, kind: str, reason: str) -> None:
    stage.sandbox()
    stage.daemon(stage.config(defaults=FAST, portal={"timeout": "1s"}))
    up = f'messenger_channel_up{{portal="acme",line="1",connector="{WHATSAPP}",messenger="whatsapp"}} 1.0'
    eventually(lambda: up in metrics(stage), within=20)
    hand(stage, "inject", kind=kind, times=1)
    failed = f'messenger_poll_failures_total{{portal="acme",source="bitrix24",reason="{reason}"}}'
    eventually(lambda: failed in metrics(stage), within=20)
    assert up in metrics(stage)
    hand(stage, "heal")
    if kind == "OVERLOAD_LIMIT":  # lifted by a human: the daemon waits five minutes, or for a reload
        told = post_json(f"http://127.0.0.1:{stage.web}/-/reload", {})
        assert told == {"reloaded": True, "problems": [], "needs_restart": []}
    eventually(lambda: 'messenger_portal_up{portal="acme"} 1.0' in metrics(stage), within=20)
    eventually(lambda: 'messenger_portal_auth_ok{portal="acme"} 1.0' in metrics(stage), within=20)
    assert get_json(f"http://127.0.0.1:{stage.web}/healthz")["status"] == "ok"


def test_no_secret_is_in_any_output(stage: Stage) -> None:
    stage.sandbox("--access-ttl", "2")
    alertmanager = stage.alertmanager()
    config = stage.config(alertmanager={"url": alertmanager.url}, defaults=FAST, log={"level": "debug"})
    part = stage.daemon(config)
    hand(stage, "set_error", connector=WHATSAPP, line=1)
    eventually(lambda: alerts(alertmanager.url, "QrRescanRequired"), within=15)
    hand(stage, "refuse_refresh", code="invalid_grant")
    eventually(lambda: alerts(alertmanager.url, "PortalAuthFailed"), within=20)
    base = f"http://127.0.0.1:{stage.web}"
    pages = [get(base + path) for path in ("/", "/metrics", "/incidents", "/portals/acme", "/explain?portal=acme")]
    cmdline = Path(f"/proc/{part.process.pid}/cmdline").read_text()
    shown = "\n".join([*pages, part.output(), cmdline, get(f"{alertmanager.url}/api/v2/alerts")])
    secrets = [stage.portal["client_secret"], stage.portal["refresh_token"], stage.portal["webhook_url"]]
    assert "invalid_grant" in shown
    assert not [secret for secret in secrets if secret in shown]


def test_a_reload_with_a_broken_file_keeps_the_old_configuration_and_says_so(stage: Stage) -> None:
    stage.sandbox()
    config = stage.config(defaults=FAST)
    stage.daemon(config)
    good = config.read_text()
    config.write_text(good.replace("poll: 1s", "poll: 1x"))
    base = f"http://127.0.0.1:{stage.web}"
    with pytest.raises(OSError, match="400"):
        post_json(f"{base}/-/reload", {})
    assert "messenger_monitor_config_last_reload_successful 0.0" in metrics(stage)
    config.write_text(good)
    assert post_json(f"{base}/-/reload", {})["reloaded"]
    assert "messenger_monitor_config_last_reload_successful 1.0" in metrics(stage)
    eventually(lambda: 'messenger_portal_up{portal="acme"} 1.0' in metrics(stage), within=20)
