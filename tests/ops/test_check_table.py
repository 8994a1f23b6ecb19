"""The table of `check`: what is wrong, since when, who acts and what he does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from monitor.check import Report, failed_rows
from monitor.check_rows import Row
from monitor.check_table import show
from monitor.cli_options import VARIABLE, config_option
from monitor.core.model import Failure, Reason
from monitor.core.reading import Reading
from monitor.remedies import remedy_of, scopes_remedy, typed

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_row_tells_since_when_in_one_zone_who_acts_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row(
        portal="acme",
        subject="max line 1",
        verdict="wrong",
        state="banned",
        since="2026-03-02T03:04:05+03:00",
        actor="customer",
        action="ask the vendor",
    )
    show(Report(rows=(row,)), as_json=False)
    line = next(one for one in capsys.readouterr().out.splitlines() if "max line 1" in one)
    assert [cell.strip() for cell in line.split("│")] == [
        *("acme", "max line 1", "banned", "2026-03-02 00:04", "", "customer", "ask the vendor")
    ]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_remedy(reason: Reason) -> None:
    failure = Failure(reason=reason, code="x")
    assert remedy_of(failure, "acme", webhook=True)
    assert remedy_of(failure, "acme", webhook=False)


def test_who_is_denied_is_told_what_to_type() -> None:
    denied = Failure(reason=Reason.DENIED, code="expired_token")
    assert remedy_of(denied, "acme", webhook=False) == "authorise it: messenger-monitor auth --portal acme"
    assert remedy_of(denied, "acme", webhook=True).startswith("make a new incoming webhook")
    assert scopes_remedy("acme", webhook=False).endswith("messenger-monitor auth --portal acme")


def test_a_refused_application_is_told_what_its_refusal_means() -> None:
    def told(code: str) -> str:
        failure = Failure(reason=Reason.DENIED, code=f"refresh_refused:{code}", server="oauth.bitrix.info")
        return remedy_of(failure, "acme", webhook=False)

    assert told("invalid_grant") == "authorise it: messenger-monitor auth --portal acme"
    assert told("PAYMENT_REQUIRED") == "the portal's plan has ended: renew it"
    assert told("invalid_client") == (
        "client_secret does not belong to client_id: compare both with the application's page"
    )


def test_an_oauth_server_that_fails_is_looked_for_where_it_is() -> None:
    failure = Failure(reason=Reason.UNREACHABLE, code="http_502", server="oauth.bitrix.info")
    assert remedy_of(failure, "acme", webhook=False) == (
        "look at the network to the OAuth server oauth.bitrix.info and at auth.oauth_url; if both are right, wait for "
        "Bitrix24"
    )
    moved = Failure(reason=Reason.REJECTED, code="http_302", moved_to="new.example", server="oauth.bitrix.info")
    assert remedy_of(moved, "acme", webhook=False) == (
        "look for a proxy before the OAuth server oauth.bitrix.info, which redirects to new.example, and correct "
        "auth.oauth_url"
    )


@pytest.mark.parametrize(
    ("words", "named"), [([], ""), (["-c", "my monitor.yaml"], "-c 'my monitor.yaml' "), (["--config", "m"], "-c m ")]
)
def test_what_to_type_names_the_file_that_the_present_command_was_given(words: list[str], named: str) -> None:
    @click.command()
    @config_option
    def looking(file: Path) -> None:
        click.echo(f"{file.name}: {typed('auth', 'acme')}")

    done = CliRunner().invoke(looking, words, env={VARIABLE: "/etc/x.yaml"})
    assert done.output.partition(": ")[2] == f"messenger-monitor auth {named}--portal acme\n"


def test_what_a_provider_does_not_answer_has_no_advice_about_the_portal() -> None:
    failure = Failure(reason=Reason.UNREACHABLE, detail="no connection")
    for source, advised in (("bitrix24", True), ("wazzup", False)):
        (row,) = failed_rows("acme", "x", Reading(probe="x", source=source, at=NOW, failure=failure))
        assert (row.detail, bool(row.action)) == ("unreachable no connection", advised)
