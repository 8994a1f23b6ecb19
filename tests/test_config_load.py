"""A good configuration becomes the values that the daemon uses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Config, ConfigProblems, load
from monitor.config_build import year_after
from monitor.config_schedule import read_days, read_intervals
from monitor.config_types import is_loopback, seconds
from monitor.core.model import ChannelKey, Messenger
from monitor.core.policy import LinePolicy, ScheduleRule, Targets
from monitor.shell.credentials import OAuthKeys, Webhook
from monitor.shell.pacer import Rate

ENV = {
    "CLIENT_SECRET": "canary-secret",
    "HOOK": "https://acme.bitrix24.ru/rest/1/canary-hook/",
    "WEB_TOKEN": "canary-of-16-chr",
}
PORTAL: dict[str, Any] = {
    "name": "acme",
    "url": "https://acme.bitrix24.ru/",
    "auth": {"client_id": "local.1", "client_secret": "${CLIENT_SECRET}"},
}


def config_of(folder: Path, root: dict[str, Any] | None = None, **portal: Any) -> Config:
    file = folder / "monitor.yaml"
    file.write_text(yaml.safe_dump({"portals": [{**PORTAL, **portal}], **(root or {})}, allow_unicode=True))
    return load(file, ENV)


def policy_of(folder: Path, **portal: Any) -> Any:
    return config_of(folder, **portal).portals[0].policy


def test_name_url_and_auth_are_enough(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    portal = config.portals[0]
    assert (config.web.host, config.web.port, config.web.token) == ("127.0.0.1", 9460, None)
    assert (config.store_url, config.alertmanager_url) == ("sqlite:///state.db", "http://127.0.0.1:9093")
    assert (config.log.format, config.log.level, config.language) == ("json", "info", "ru")
    assert (portal.name, portal.url, portal.rate) == ("acme", "https://acme.bitrix24.ru", Rate())
    assert portal.timeout == timedelta(seconds=20)
    assert portal.policy.poll == timedelta(minutes=1)
    assert portal.policy.history == timedelta(days=14)
    assert portal.policy.timezone == "Europe/Moscow"
    assert portal.policy.targets == Targets(first=timedelta(minutes=15), next=timedelta(minutes=30))
    assert (portal.policy.confirm_open, portal.policy.confirm_close) == (2, 2)
    assert portal.policy.confirm_again == timedelta(seconds=2)
    assert portal.policy.settle == timedelta(minutes=3)
    assert config.warnings == ()


def test_a_portal_overrides_the_defaults_key_by_key(tmp_path: Path) -> None:
    root = {
        "defaults": {
            "poll": "30s",
            "targets": {"first": "5m", "next": "9m"},
            "confirmations": {"open": 4, "again": "0s"},
        }
    }
    config = config_of(tmp_path, root, targets={"first": "7m"}, confirmations={"close": 3}, settle="0s")
    policy = config.portals[0].policy
    assert policy.poll == timedelta(seconds=30)
    assert policy.targets == Targets(first=timedelta(minutes=7), next=timedelta(minutes=9))
    assert (policy.confirm_open, policy.confirm_close, policy.settle) == (4, 3, timedelta())
    assert policy.confirm_again == timedelta()


def test_an_explicit_schedule_is_in_the_line_s_zone_else_in_the_portal_s(tmp_path: Path) -> None:
    week = {"mon-fri": "09:00-13:00,14:00-18:00", "sat": "10:00-24:00", "except": {"2026-12-31": "closed"}}
    lines = [
        {"id": 1, "schedule": {**week, "holidays": "RU"}},
        {"id": 2, "schedule": week, "timezone": "Asia/Omsk", "targets": {"first": "1m"}},
        {"id": 3, "schedule": "bitrix"},
    ]
    policy = policy_of(tmp_path, lines=lines, timezone="Asia/Tomsk")
    rows = (((0, 1, 2, 3, 4), ((540, 780), (840, 1080))), ((5,), ((600, 1440),)))
    rule = ScheduleRule(timezone="Asia/Tomsk", week=rows, holidays="RU", exceptions=(("2026-12-31", ()),))
    assert policy.line(1).schedule == rule
    assert policy.line(2).schedule.timezone == "Asia/Omsk"
    assert policy.line(2).targets == Targets(first=timedelta(minutes=1), next=timedelta(minutes=30))
    assert policy.line(3) == LinePolicy()


def test_channels_are_found_by_line_and_connector(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, channels=[{"connector": "MAX", "line": 3, "messenger": "max"}])
    assert policy.channels[ChannelKey(3, "max")].messenger is Messenger.MAX


def test_maintenance_is_in_the_portal_s_zone_unless_it_says_otherwise(tmp_path: Path) -> None:
    windows = [
        {"from": "2026-12-30T22:00", "to": "2026-12-31T02:00", "reason": "переезд"},
        {"from": "2026-12-30T22:00+00:00", "to": "2026-12-31T02:00+00:00"},
    ]
    local, offset = policy_of(tmp_path, maintenance=windows, timezone="Asia/Omsk").maintenance
    assert (local.start, local.reason) == (datetime(2026, 12, 30, 16, tzinfo=UTC), "переезд")
    assert offset.end == datetime(2026, 12, 31, 2, tzinfo=UTC)


def test_a_guarantee_lasts_one_year_of_the_portal_s_midnights(tmp_path: Path) -> None:
    guarantee = policy_of(tmp_path, guarantee={"start": "2026-03-01", "service_price": 60000}).guarantee
    assert guarantee.start == datetime(2026, 2, 28, 21, tzinfo=UTC)
    assert guarantee.end == datetime(2027, 2, 28, 21, tzinfo=UTC)
    assert (guarantee.option, guarantee.review, guarantee.currency) == ("messengers", timedelta(days=14), "RUB")


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)))
def test_a_year_after_is_a_year_with_or_without_its_leap_day(day: date) -> None:
    assert (year_after(day) - day).days in (365, 366)


def test_an_expiry_is_the_midnight_that_begins_its_day(tmp_path: Path) -> None:
    (expiry,) = policy_of(tmp_path, expiries=[{"subject": "domain", "date": "2026-12-20"}]).expiries
    assert expiry.at == datetime(2026, 12, 19, 21, tzinfo=UTC)
    assert not expiry.paid_through_us


def test_a_webhook_is_known_as_the_lesser_access(tmp_path: Path) -> None:
    portal = config_of(tmp_path, auth={"webhook_url": "${HOOK}"}).portals[0]
    assert isinstance(portal.credentials, Webhook)
    assert portal.policy.webhook_only


def test_secret_files_are_found_beside_the_configuration_or_where_the_environment_points(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary-one\n")
    (tmp_path / "secret").chmod(0o600)
    auth = {"client_id": "x", "client_secret_file": "secret", "refresh_token_file": "${FOLDER}/secret"}
    file = tmp_path / "monitor.yaml"
    file.write_text(yaml.safe_dump({"portals": [{**PORTAL, "auth": auth}]}))
    config = load(file, {"FOLDER": str(tmp_path)})
    keys = config.portals[0].credentials
    assert isinstance(keys, OAuthKeys)
    assert keys.refresh_token is not None
    assert (keys.client_secret.reveal(), keys.refresh_token.reveal()) == ("canary-one", "canary-one")
    assert "canary" not in repr(config)
    assert {secret.reveal() for secret in config.secrets} == {"canary-one"}
    assert config.warnings == ()


def test_a_secret_that_everybody_can_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary")
    (tmp_path / "secret").chmod(0o644)
    config = config_of(tmp_path, auth={"client_id": "x", "client_secret_file": "secret"})
    wanted = "expected a file that only its owner reads, got one that everybody can read"
    assert config.warnings == (f"portals[0].auth.client_secret_file: {wanted}: chmod 600 {tmp_path}/secret",)


def test_literal_secrets_pass_when_the_file_says_so(tmp_path: Path) -> None:
    config = config_of(tmp_path, {"allow_literal_secrets": True}, auth={"client_id": "x", "client_secret": "plain"})
    assert config.secrets[0].reveal() == "plain"


def test_a_credential_named_where_a_secret_belongs_is_a_problem(tmp_path: Path) -> None:
    """The unit's credentials are files: their path would be sent to the portal as the secret."""
    (tmp_path / "secrets_acme").write_text("canary")
    auth = {"client_id": "x", "client_secret": "${FOLDER}/secrets_acme"}
    file = tmp_path / "monitor.yaml"
    file.write_text(yaml.safe_dump({"portals": [{**PORTAL, "auth": auth}]}))
    with pytest.raises(ConfigProblems) as refused:
        load(file, {"FOLDER": str(tmp_path)})
    wanted = "expected a secret, got the path of a file: call the key client_secret_file"
    assert refused.value.problems == (f"portals[0].auth.client_secret: {wanted}",)
    load(file, {"FOLDER": "/not-there"})  # a secret may begin with a slash


def test_a_store_s_password_may_come_from_the_environment(tmp_path: Path) -> None:
    url = "postgresql://monitor:${CLIENT_SECRET}@db/monitor"
    config = config_of(tmp_path, {"store": {"url": url}})
    assert config.store_url == "postgresql://monitor:canary-secret@db/monitor"
    assert "canary-secret" in {secret.reveal() for secret in config.secrets}
    assert "canary" not in repr(config)


def test_no_alertmanager_means_no_push(tmp_path: Path) -> None:
    assert config_of(tmp_path, {"alertmanager": {"url": None}}).alertmanager_url is None


@pytest.mark.parametrize(
    ("listen", "host", "pages"),
    [
        ("127.0.0.1:0", "127.0.0.1", "http://127.0.0.1:0"),
        ("[::1]:9460", "::1", "http://[::1]:9460"),
        ("0.0.0.0:9460", "0.0.0.0", "http://localhost:9460"),
    ],
)
def test_addresses_to_listen_on(tmp_path: Path, listen: str, host: str, pages: str) -> None:
    config = config_of(tmp_path, {"web": {"listen": listen, "token": "${WEB_TOKEN}"}})
    assert (config.web.host, config.portals[0].policy.pages) == (host, pages)


def test_plain_http_passes_within_the_machine_and_to_hosts_that_are_listed(tmp_path: Path) -> None:
    root = {"alertmanager": {"url": "http://alertmanager:9093"}, "allow_plain_http": ["alertmanager"]}
    config = config_of(tmp_path, root, url="http://127.0.0.1:8080")
    assert (config.alertmanager_url, config.portals[0].url) == ("http://alertmanager:9093", "http://127.0.0.1:8080")


def test_every_provider_of_the_manual_is_accepted(tmp_path: Path) -> None:
    token = {"token": "${CLIENT_SECRET}"}
    key = {"api_key": "${CLIENT_SECRET}"}
    rows = [
        {"name": "wazzup-main", "type": "wazzup", **key, "url": "https://api.wazzup24.com"},
        {"name": "green-1", "type": "green_api", "instance": "1101", **token, "url": "https://1101.example.org"},
        {"name": "tg-bot", "type": "telegram_bot", **token},
        {"name": "max-bot", "type": "max_bot", **token, "ca_file": None},
        {"name": "waba", "type": "whatsapp_cloud", **token, "phone_number_id": "1055"},
        {"name": "waha-1", "type": "waha", **key, "url": "http://127.0.0.1:3000"},
        {"name": "evo-1", "type": "evolution", **key, "url": "http://127.0.0.1:8080", "poll": "1s"},
    ]
    channels = [{"connector": "wz", "line": 1, "provider": "wazzup-main", "account": "0b8f"}]
    config = config_of(tmp_path, {"providers": rows}, channels=channels)
    unasked = [warning for warning in config.warnings if "no probe" in warning]
    assert len(config.providers) + len(unasked) == len(rows)
    assert config.portals[0].policy.provider_types["waba"] == "whatsapp_cloud"
    assert all(provider.poll >= timedelta(seconds=1) for provider in config.providers)
    assert all("canary" not in repr(provider) for provider in config.providers)


def test_two_names_for_one_portal_are_a_warning(tmp_path: Path) -> None:
    config = config_of(tmp_path, {"portals": [PORTAL, {**PORTAL, "name": "again"}]})
    assert config.warnings == (
        "portals[1].url: the same portal as portals[0]: both ask it and share its limits unknowingly",
    )


def test_words_of_yaml_1_1_stay_words(tmp_path: Path) -> None:
    file = tmp_path / "monitor.yaml"
    file.write_text(
        "portals:\n  - name: acme\n    url: https://acme.bitrix24.ru\n"
        "    auth: {client_id: 010, client_secret: '${CLIENT_SECRET}'}\n"
        "    guarantee: {start: 2026-03-01}\n    lines: [{id: 1, schedule: {mon: 09:00-12:30}}]\n"
    )
    portal = load(file, ENV).portals[0]
    assert isinstance(portal.credentials, OAuthKeys)
    assert portal.credentials.client_id == "010"


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_is_the_sum_of_its_parts(days: int, hours: int, minutes: int, rest: int) -> None:
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=rest)
    assert seconds(f"{days}d{hours}h{minutes}m{rest}s") == span.total_seconds()


@given(st.lists(st.integers(0, 24 * 60), min_size=2, max_size=8, unique=True).map(sorted))
def test_hours_are_read_as_they_are_written(minutes: list[int]) -> None:
    spans = tuple(zip(minutes[::2], minutes[1::2], strict=False))
    text = ",".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans)
    assert read_intervals(text) == spans


@given(st.text(max_size=40))
def test_any_text_at_all_is_hours_or_a_reason(text: str) -> None:
    assert isinstance(read_intervals(text), str | tuple)


def test_days_run_over_the_end_of_the_week() -> None:
    assert read_days("fri-mon") == (4, 5, 6, 0)
    assert read_days("mon-sun") == (0, 1, 2, 3, 4, 5, 6)
    assert read_days("sat") == (5,)
    assert read_days("mon-") is None


def test_only_this_machine_is_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.8.8.8", "::1", "acme.localhost")))
    assert not any(map(is_loopback, ("", "0.0.0.0", "localhost.example.org", "10.0.0.1", "::")))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_tree_at_all_is_answered_with_problems(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    sections = ("web", "store", "alertmanager", "log", "defaults", "portals", "providers", "allow_plain_http")
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(yaml.safe_dump(dict.fromkeys(sections, tree) | {"portals": [tree, {"auth": tree, "lines": tree}]}))
    with pytest.raises(ConfigProblems) as caught:
        load(file, {})
    assert all(": " in problem for problem in caught.value.problems)


WHOLE = {"providers": [{"name": "edna", "type": "edna", "api_key": "${CLIENT_SECRET}", "url": "https://app.edna.ru"}]}


@pytest.mark.parametrize(("said", "meant"), [(1101, "1101"), ("1101", "1101"), ("0b8f2f0e-5a1c", "0b8f2f0e-5a1c")])
def test_a_whole_number_as_an_account_is_its_text(tmp_path: Path, said: object, meant: str) -> None:
    channel = {"connector": "edna", "line": 1, "provider": "edna", "account": said}
    config = config_of(tmp_path, WHOLE, channels=[channel])
    assert config.portals[0].policy.channels[ChannelKey(1, "edna")].account == meant
    assert config.providers[0].account.accounts == (meant,)


@pytest.mark.parametrize(("said", "shown"), [(True, "true"), (11.5, "11.5"), ("", "an empty text"), ([1], "a list")])
def test_what_is_neither_a_text_nor_a_whole_number_is_no_account(tmp_path: Path, said: object, shown: str) -> None:
    channel = {"connector": "edna", "line": 1, "provider": "edna", "account": said}
    with pytest.raises(ConfigProblems) as caught:
        config_of(tmp_path, WHOLE, channels=[channel])
    assert caught.value.problems == (f"portals[0].channels[0].account: expected a text of one line, got {shown}",)


def test_a_canary_s_account_may_be_a_number_too_and_is_not_the_channel_s_own(tmp_path: Path) -> None:
    waha = {"name": "w", "type": "waha", "api_key": "${CLIENT_SECRET}", "url": "http://127.0.0.1:3000"}

    def channel(account: object) -> dict[str, Any]:
        canary = {"through": "w", "to": "7@c.us", "account": account}
        return {"connector": "waha", "line": 1, "provider": "w", "account": "1", "canary": canary}

    config = config_of(tmp_path, {"providers": [waha]}, channels=[channel(2)])
    assert config.providers[0].account.accounts == ("1", "2")
    with pytest.raises(ConfigProblems, match="it would write to itself"):
        config_of(tmp_path, {"providers": [waha]}, channels=[channel(1)])


GREEN = {
    "name": "green",
    "type": "green_api",
    "instance": 1101,
    "token": "${CLIENT_SECRET}",
    "url": "https://g.example",
}


@pytest.mark.parametrize(
    ("poll", "usual", "asked", "said"),
    [
        ("10s", None, 30, "10s"),
        (None, "10s", 30, "10s by defaults.poll"),
        ("29s", "5m", 30, "29s"),
        ("30s", None, 30, ""),
        ("5m", "10s", 300, ""),
        (None, None, 60, ""),
    ],
)
def test_a_poll_faster_than_the_vendor_allows_is_slowed_and_said_so(
    tmp_path: Path, poll: str | None, usual: str | None, asked: int, said: str
) -> None:
    entry = GREEN | ({"poll": poll} if poll else {})
    defaults = {"defaults": {"poll": usual}} if usual else {}
    config = config_of(tmp_path, {"providers": [entry], **defaults})
    assert config.providers[0].poll == timedelta(seconds=asked)
    words = f"providers[0].poll: expected 30s or more, which green_api asks for, got {said}: it is asked every 30s"
    assert config.warnings == ((words,) if said else ())


def test_a_vendor_without_a_documented_limit_is_asked_as_often_as_is_wished(tmp_path: Path) -> None:
    config = config_of(tmp_path, {"providers": [{**WHOLE["providers"][0], "poll": "1s"}]})
    assert (config.providers[0].poll, config.warnings) == (timedelta(seconds=1), ())


LINES = ("department_can_write", "routed_to_responsible", "crm_notified", "queue_staffed", "config_drift")


@pytest.mark.parametrize(
    ("said", "audited"),
    [
        ({}, LINES),
        ({"option": "messengers"}, LINES),
        ({"option": "documents"}, (*LINES, "document_numbers")),
        ({"option": "messengers", "checks": ["document_numbers"]}, ("document_numbers",)),
        ({"option": "documents", "checks": []}, ()),
    ],
)
def test_documents_are_audited_where_they_are_guaranteed_or_asked_for(
    tmp_path: Path, said: dict[str, Any], audited: tuple[str, ...]
) -> None:
    assert policy_of(tmp_path, guarantee={"start": "2026-03-01", **said}).guarantee.checks == audited
