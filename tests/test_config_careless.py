"""What is easily written and means something else, or nothing: said in words, or taken as it is meant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.config import Config, ConfigProblems, load

PORTAL: dict[str, Any] = {
    "name": "acme",
    "url": "https://acme.bitrix24.ru",
    "auth": {"client_id": "local.1", "client_secret": "${CLIENT_SECRET}"},
}
ENV = {"CLIENT_SECRET": "sparrow-secret", "WORD": "sparrow word", "PORT": "5432"}
LITERAL = "expected no secret in the file itself, got a literal one"


def loaded(folder: Path, root: dict[str, Any] | None = None, **portal: Any) -> Config:
    file = folder / "monitor.yaml"
    file.write_text(yaml.safe_dump({"portals": [{**PORTAL, **portal}], **(root or {})}))
    return load(file, ENV)


def refused(folder: Path, root: dict[str, Any] | None = None, **portal: Any) -> str:
    """The one problem there is."""
    with pytest.raises(ConfigProblems) as caught:
        loaded(folder, root, **portal)
    assert len(caught.value.problems) == 1, caught.value.problems
    return caught.value.problems[0]


# --- the store's address ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("state.db", "expected sqlite:///PATH or postgresql://USER@HOST/DATABASE, got state.db"),
        (
            "sqlite:///state.db\n",
            r"expected sqlite:///PATH or postgresql://USER@HOST/DATABASE, got sqlite:///state.db\n",
        ),
        ("sqlite:///", "expected sqlite:///PATH with the path of a file, got sqlite:///"),
        ("sqlite:////var/lib/", "expected sqlite:///PATH with the path of a file, got sqlite:////var/lib/"),
        ("sqlite:///:memory:", "expected sqlite:///PATH with the path of a file, got sqlite:///:memory:"),
        (
            "sqlite:///x.db?mode=ro",
            "expected sqlite:///PATH without ?, got sqlite:///x.db?mode=ro: the daemon opens its file as it needs it",
        ),
        ("postgresql://u@h:x/d", "expected postgresql://USER@HOST/DATABASE, got something else"),
        ("postgresql://u@h:99999/d", "expected postgresql://USER@HOST/DATABASE, got something else"),
        ("postgresql://u@[::1/d", "expected postgresql://USER@HOST/DATABASE, got something else"),
        ("postgresql://u:${WORD}@h:x/d", "expected postgresql://USER@HOST/DATABASE, got something else"),
        ("postgresql://h:x/d?password=${WORD}", "expected postgresql://USER@HOST/DATABASE, got something else"),
        ("mysql://u@h/d", "expected sqlite:///PATH or postgresql://USER@HOST/DATABASE, got mysql://h/..."),
    ],
)
def test_a_store_that_cannot_be_opened_is_a_problem_of_the_file(url: str, words: str, tmp_path: Path) -> None:
    assert refused(tmp_path, {"store": {"url": url}}) == f"store.url: {words}"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///state.db",
        "sqlite:////var/lib/monitor/state.db",
        "postgresql://u@h/d",
        "postgresql+psycopg://u@h:5432/d",
        "postgresql://u@[::1]:5432/d",
        "postgresql:///d?host=/run/postgresql",
        "postgresql://u@h/d?sslmode=verify-full&passfile=/run/secrets/pgpass",
    ],
)
def test_a_store_that_may_be_opened_is_taken_as_it_is(url: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, {"store": {"url": url}}).store_url == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h/d",
        "postgresql://h/d?password=hunter2",
        "postgresql://u@h/d?sslmode=require&password=hunter2",
        "postgresql://u@h/d?sslkey=key.pem&sslpassword=hunter2",
        "postgresql://u:hunter2@h:${PORT}/d",
        "postgresql://u:${WORD}@h/d?sslpassword=hunter2",
        "postgresql://u:hunter2@[::1/d",
    ],
)
def test_a_literal_password_of_the_store_is_a_problem_wherever_it_stands(url: str, tmp_path: Path) -> None:
    told = refused(tmp_path, {"store": {"url": url}})
    assert told.startswith(f"store.url: {LITERAL}")
    assert "hunter2" not in told


def test_a_password_of_the_store_is_known_to_the_log_as_it_is_written_and_as_it_is_meant(tmp_path: Path) -> None:
    url = "postgresql://u@h/d?password=spar%20row"
    config = loaded(tmp_path, {"store": {"url": url}, "allow_literal_secrets": True})
    assert {"spar%20row", "spar row"} <= {secret.reveal() for secret in config.secrets}
    config = loaded(tmp_path, {"store": {"url": "postgresql://u@h/d?password=${CLIENT_SECRET}"}})
    assert config.store_url == "postgresql://u@h/d?password=sparrow-secret"
    assert "sparrow-secret" in {secret.reveal() for secret in config.secrets}


# --- files that are none ------------------------------------------------------------------------------------------


def test_nobody_waits_at_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = refused(tmp_path, auth={"client_id": "x", "client_secret_file": "pipe"})
    where = "portals[0].auth.client_secret_file"
    assert told == f"{where}: expected a file with the secret, got {tmp_path}/pipe: not a regular file"
    told = refused(tmp_path, ca_file="pipe")
    assert told == "portals[0].ca_file: expected a readable file of PEM certificates, got pipe"
    with pytest.raises(ConfigProblems) as caught:
        load(tmp_path / "pipe", ENV)
    assert caught.value.problems == (f"{tmp_path}/pipe: expected a readable file, got: a pipe",)


def test_a_configuration_may_come_by_a_shell_s_own_pipe(tmp_path: Path) -> None:
    source, target = os.pipe()
    os.write(target, yaml.safe_dump({"portals": [PORTAL]}).encode())
    os.close(target)
    config = load(Path(f"/dev/fd/{source}"), ENV)
    os.close(source)
    assert [one.name for one in config.portals] == ["acme"]


# --- a line break at the end, other alphabets' digits, zones that are none ----------------------------------------


@pytest.mark.parametrize(
    ("root", "portal", "path"),
    [
        ({}, {"name": "acme\n"}, "portals[0].name"),
        ({}, {"poll": "60s\n"}, "portals[0].poll"),
        ({}, {"poll": "٦٠s"}, "portals[0].poll"),
        ({}, {"lines": [{"id": 1, "schedule": {"mon": "0٩:00-18:00"}}]}, "portals[0].lines[0].schedule.mon"),
        (
            {},
            {"lines": [{"id": 1, "schedule": {"mon": "09:00-18:00", "holidays": "RU\n"}}]},
            "portals[0].lines[0].schedule.holidays",
        ),
        ({}, {"guarantee": {"start": "2026-03-01", "currency": "RU\n"}}, "portals[0].guarantee.currency"),
        ({}, {"expiries": [{"subject": "x\n", "date": "2026-12-20"}]}, "portals[0].expiries[0].subject"),
        ({}, {"auth": {"client_id": "x", "client_secret_file": "client\n"}}, "portals[0].auth.client_secret_file"),
        ({"providers": [{"name": "w\n", "type": "telegram_bot", "token": "${WORD}x"}]}, {}, "providers[0].name"),
        *(({}, {"timezone": zone}, "portals[0].timezone") for zone in ("localtime", "posixrules", "Factory", "UTC\n")),
    ],
)
def test_a_word_is_the_word_alone(root: dict[str, Any], portal: dict[str, Any], path: str, tmp_path: Path) -> None:
    told = refused(tmp_path, root, **portal)
    assert told.partition(":")[0] == path
    assert "\n" not in told


# --- keys without a value -----------------------------------------------------------------------------------------

NULLS = (
    "web",
    "store",
    "log",
    "language",
    "allow_literal_secrets",
    "allow_plain_http",
    "defaults",
    "providers",
    "receivers",
    "heartbeat",
    "cluster",
)
PORTAL_NULLS = (
    "poll",
    "timezone",
    "rate",
    "targets",
    "confirmations",
    "head",
    "lines",
    "channels",
    "maintenance",
    "guarantee",
    "expiries",
    "replies",
    "reminders",
)


def test_a_key_without_a_value_says_nothing(tmp_path: Path) -> None:
    plain = loaded(tmp_path)
    assert loaded(tmp_path, dict.fromkeys(NULLS), **dict.fromkeys(PORTAL_NULLS)) == plain
    nested = {"web": {"listen": None, "users": None}, "defaults": {"targets": {"first": None}, "poll": None}}
    assert loaded(tmp_path, nested, rate={"burst": None}, replies={"canned": None}) == plain
    line = loaded(tmp_path, lines=[{"id": 1, "schedule": None, "targets": None}])
    assert line == loaded(tmp_path, lines=[{"id": 1}])


def test_no_alertmanager_at_all_means_no_push_and_no_address_of_one_does(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"alertmanager": None}).alertmanager_url is None
    assert loaded(tmp_path, {"alertmanager": {"url": None}}).alertmanager_url is None
    assert loaded(tmp_path, {"alertmanager": {}}).alertmanager_url == "http://127.0.0.1:9093"


def test_what_is_required_is_missed_and_what_is_unknown_is_told_without_a_value_too(tmp_path: Path) -> None:
    assert refused(tmp_path, url=None).startswith("portals[0].url: expected an address")
    assert refused(tmp_path, lnes=None) == "portals[0].lnes: unknown key: did you mean lines?"
    assert refused(tmp_path, {"portals": None}) == "portals: expected a list, got nothing"
    assert refused(tmp_path, {"receivers": [None]}) == "receivers[0]: expected a mapping, got nothing"


# --- the traps of YAML --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "hint"),
    [
        ("{client_id: x, client_secret: ${CLIENT_SECRET}}", ': write "${CLIENT_SECRET}", in quotes'),
        ("{client_id: ${WORD}, client_secret: '${CLIENT_SECRET}'}", ': write "${WORD}", in quotes'),
        ("{client_id: x, client_secret: '${CLIENT_SECRET}'", ""),
    ],
)
def test_an_unquoted_variable_within_braces_is_told_to_want_quotes(auth: str, hint: str, tmp_path: Path) -> None:
    file = tmp_path / "monitor.yaml"
    file.write_text(f"portals:\n  - name: acme\n    url: https://acme.bitrix24.ru\n    auth: {auth}\n")
    with pytest.raises(ConfigProblems) as caught:
        load(file, ENV)
    assert caught.value.problems[0].endswith(f"did not find expected ',' or '}}'{hint}")


@pytest.mark.parametrize(("key", "shown"), [(1, "1"), (True, "true"), (None, "nothing")])
def test_a_key_that_is_no_text_is_an_unknown_key(key: object, shown: str, tmp_path: Path) -> None:
    assert refused(tmp_path, {key: 2}).startswith(f"{shown}: unknown key: expected one of web,")  # type: ignore[dict-item]
    assert refused(tmp_path, head={"user_id": 1, key: 2}).startswith(f"portals[0].head.{shown}: unknown key")


@pytest.mark.parametrize("listen", ["", "9460", "http://127.0.0.1:9460"])
def test_where_nobody_can_listen_no_token_is_asked_for(listen: str, tmp_path: Path) -> None:
    assert refused(tmp_path, {"web": {"listen": listen}}).startswith("web.listen: expected HOST:PORT")
