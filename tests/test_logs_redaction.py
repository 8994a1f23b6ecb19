"""What a log line looks like, and that no secret gets into one, whatever way it takes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from monitor.logs import Redaction, configure
from monitor.secret import Secret

SECRETS = (Secret("canary-token-1"), Secret("canary-token-12"))


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_line_of_json_with_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info", SECRETS)
    structlog.get_logger().info("portal.recovered", portal="acme", seconds=12)
    (line,) = lines(capsys)
    assert (line["event"], line["portal"], line["seconds"], line["level"]) == ("portal.recovered", "acme", 12, "info")
    assert line["timestamp"].endswith("Z")


def test_secrets_are_struck_out_of_texts_lists_and_traces(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info", SECRETS)
    log = structlog.get_logger()
    log.warning("a canary-token-1", deep={"x": ["canary-token-12"]}, hook="https://a.ru/rest/1/abc123/batch?auth=zz")
    try:
        raise ValueError("with canary-token-1 in it")
    except ValueError:
        log.exception("probe.broke")
    logging.getLogger("aiohttp.client").warning("foreign %s", "canary-token-12")
    text = capsys.readouterr().err
    assert "canary" not in text
    assert "abc123" not in text
    assert "zz" not in text
    assert "ValueError" in text
    assert len(text.splitlines()) == 3


def test_the_level_holds_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "error", SECRETS)
    structlog.get_logger().info("quiet.event")
    logging.getLogger("aiohttp").warning("quiet")
    structlog.get_logger().error("loud.event")
    assert [line["event"] for line in lines(capsys)] == ["loud.event"]


def test_the_console_shows_the_same_without_the_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console", "info", SECRETS)
    structlog.get_logger().info("portal.moved", to="canary-token-1")
    text = capsys.readouterr().err
    assert "portal.moved" in text
    assert "canary" not in text


def test_a_secret_too_short_to_be_one_does_not_blacken_everything() -> None:
    assert Redaction([Secret("a")]).clean("a banana") == "a banana"
