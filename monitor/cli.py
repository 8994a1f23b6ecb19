"""The command line: `messenger-monitor run | check | demo | config check | auth | explain | replies | report`.

Parts are imported where they are used: `--help` must not wait for a database.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from monitor import __version__
from monitor.cli_operations import add_operations
from monitor.cli_options import Moment, Rate, config_option, config_option_or_none, named_config_option
from monitor.cli_runbook import add_runbook
from monitor.cli_web import add_web
from monitor.streams import complete_streams, heard_or_not, is_of_output, silence

if TYPE_CHECKING:
    from monitor.config_values import Config

T = TypeVar("T")

EXIT_USAGE = 64
_PORT = click.IntRange(0, 65535)


def main() -> None:
    """The console script. Bad usage exits with 64; errors are sentences, never traces."""
    complete_streams()
    try:
        code = app.main(standalone_mode=False)
        sys.stdout.flush()
    except OSError as error:
        if not is_of_output(error):
            raise
        silence(error)
        code = 1
    except click.UsageError as error:
        error.show()
        code = EXIT_USAGE
    except click.ClickException as error:
        error.show()
        code = 1
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="messenger-monitor")
def app() -> None:
    """Watches the messengers connected to Bitrix24 open lines: channels, replies, alerts."""


@app.command()
@config_option
@click.option("--clock-rate", type=Rate(), default=1.0, help="How many times faster than real time the clock runs.")
@click.option("--clock-start", type=Moment(), help="What it is as the process starts: 2026-03-02T08:00:00+03:00.")
def run(file: Path, clock_rate: float, clock_start: datetime | None) -> int:
    """Watch the portals until told to stop (SIGTERM). SIGHUP reads the configuration again."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # until the daemon can heed it
    config = _load(file)
    from monitor.app import run as serve
    from monitor.shell.clock import Clock, process_start

    return _async(serve(config, Clock(rate=clock_rate, start=clock_start, began=process_start()), file))


@app.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def check(file: Path, as_json: bool) -> int:
    """Run every probe once: exit 0 all well, 1 something is wrong, 2 could not tell, 64 bad usage or config."""
    config = _load(file, quiet=True)
    from monitor.check import check as examine
    from monitor.check_table import show

    report = _async(examine(config))
    with heard_or_not():
        show(report, as_json=as_json)
    return report.exit_code


@app.command()
@click.option("--port", type=_PORT, default=9460, show_default=True, help="The port of the pages; 0 = any free one.")
@click.option("--seconds", default=0, help="Stop by itself after so many seconds; 0 = never.")
@click.option("--rate", type=Rate(), default=60.0, show_default=True, help="How fast the demo's day runs.")
def demo(port: int, seconds: int, rate: float) -> int:
    """An emulated portal, the daemon on it, its pages: a lost QR code, a slow reply, a recovery in two minutes."""
    from monitor.demo import demo as play

    return _async(play(port=port, seconds=seconds, rate=rate))


@app.group("config")
def config_group() -> None:
    """Look after the configuration file."""


@config_group.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@named_config_option
@click.pass_context
def config_check(context: click.Context, file: Path | None, named: Path | None) -> None:
    """Read FILE, or the one of -c, and name every problem in it."""
    if file is not None and context.get_parameter_source("named") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("expected FILE or -c FILE, got both")
    file = file or named
    if file is None:
        raise click.UsageError("expected FILE or -c FILE")
    from monitor.config_told import told

    config = _load(file, quiet=True)
    with heard_or_not():
        told(config, file)


@app.command()
@config_option
@click.option("--portal", required=True, help="The portal's name in the configuration.")
@click.option("--listen", help="HOST:PORT to receive the application's install event.")
@click.option("--refresh-token-file", type=click.Path(path_type=Path), help="A file with a refresh token at hand.")
def auth(file: Path, portal: str, listen: str | None, refresh_token_file: Path | None) -> int:
    """Get a portal's first tokens: by a pasted code, by the install event (--listen), or from a file."""
    config = _load_with(file, portal)
    from monitor.authorise import authorise

    return _async(authorise(config, portal, listen=listen, file=refresh_token_file))


@app.command()
@config_option
@click.option("--portal", required=True, help="The portal's name in the configuration.")
@click.option("--dialog", type=int, help="A dialog's chat id.")
@click.option("--line", type=int, help="A line's id, with --connector.")
@click.option("--connector", help="A connector's id.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(file: Path, portal: str, dialog: int | None, line: int | None, connector: str | None, as_json: bool) -> int:
    """Why a channel or a dialog is judged as it is: asks the running daemon."""
    config = _load_with(file, portal)
    from monitor.ask_daemon import explain as ask

    wanted = {"portal": portal, "dialog": dialog, "line": line, "connector": connector}
    return _async(ask(config, {name: str(value) for name, value in wanted.items() if value}, as_json=as_json))


@app.command()
@config_option
@click.option("--portal", required=True, help="The portal's name in the configuration.")
@click.option(
    "--since", default="14d", show_default=True, help="14d, 12h, 2026-03-02 or a moment, in the portal's time zone."
)
@click.option("--until", help="The same; default: now.")
@click.option("--by", type=click.Choice(["manager", "line", "messenger"]), default="manager", show_default=True)
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def replies(file: Path, portal: str, since: str, until: str | None, by: Any, form: str) -> int:
    """How fast customers were answered: per manager and team, both clocks, beside the portal's own number."""
    config = _load(file, quiet=True)
    from monitor.replies_command import replies as tell

    return _async(tell(config, portal, since=since, until=until, by=by, form=form))


@app.command()
@config_option_or_none
@click.option("--portal", help="The portal's name in the configuration.")
@click.option(
    "--period", default="14d", show_default=True, help="14d, or 2026-03-01..2026-03-15, in the portal's time zone."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="review.pdf, review.html or review.md.")
@click.option("--language", type=click.Choice(["ru", "en"]), help="Default: the configuration's.")
@click.option("--demo", is_flag=True, help="A troubled fortnight of an emulated portal: needs no configuration.")
def report(file: Path | None, portal: str | None, period: str, out: Path, language: str | None, demo: bool) -> int:
    """The two-weekly review for the head: one page of answers, then the evidence."""
    from monitor.report_command import demo_report
    from monitor.report_command import report as review

    if demo:
        return _async(demo_report(out=out, language=language or "ru"))
    if file is None or portal is None:
        raise click.UsageError("expected -c FILE with --portal P, or --demo")
    return _async(review(_load(file, quiet=True), portal, period=period, out=out, language=language))


@app.command()
@config_option
@click.option("--portal", required=True, help="The portal's name in the configuration.")
@click.option("--number", type=int, help="One of them: printed as Markdown, or written to --out.")
@click.option("--out", type=click.Path(path_type=Path), help="review.pdf, review.html or review.md.")
@click.option("--correct", help="Why --number was wrong: it is made anew from the ledger, under a number of its own.")
def reviews(file: Path, portal: str, number: int | None, out: Path | None, correct: str | None) -> int:
    """The reviews that were made: all of them in a list, or one."""
    if number is None and (out is not None or correct is not None):
        raise click.UsageError("expected --number with --out or --correct")
    from monitor.reviews_command import reviews as tell

    return _async(tell(_load(file, quiet=True), portal, number=number, out=out, reason=correct))


@app.command()
@config_option
@click.option("--portal", required=True, help="The portal's name in the configuration.")
@click.option("--subject", required=True, help="What runs out: as the alert's label `subject` names it.")
def acknowledge(file: Path, portal: str, subject: str) -> int:
    """Say that an expiry is known: no more reminders of this date."""
    config = _load_with(file, portal)
    from monitor.ask_daemon import acknowledge as tell

    return _async(tell(config, portal, subject))


@app.command()
@config_option
@click.option("--portal", required=True, help="The portal's name in the configuration.")
def snapshot(file: Path, portal: str) -> int:
    """Keep a portal's lines as they are handed over: what changes later is told as drift."""
    config = _load_with(file, portal)
    from monitor.ask_daemon import snapshot as tell

    return _async(tell(config, portal))


def _load(path: Path, *, quiet: bool = False) -> Config:
    """The configuration, or exit 64 with every problem on its own line."""
    import structlog

    from monitor.config import load
    from monitor.config_values import ConfigProblems
    from monitor.logs import configure

    try:
        config = load(path)
    except ConfigProblems as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        raise click.exceptions.Exit(EXIT_USAGE) from None
    configure(config.log.format, "error" if quiet else config.log.level, config.secrets)
    for warning in config.warnings:
        structlog.get_logger().warning("config.warning", problem=warning)
    return config


def _load_with(path: Path, portal: str) -> Config:
    """The configuration, or exit 64 where it does not name the portal."""
    config = _load(path, quiet=True)
    known = sorted(one.name for one in config.portals)
    if portal not in known:
        click.echo(f"--portal: expected one of {', '.join(known)}, got {portal}", err=True)
        raise click.exceptions.Exit(EXIT_USAGE)
    return config


def _async(work: Coroutine[Any, Any, T]) -> T:
    import uvloop

    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        return runner.run(work)
    finally:
        _close(runner)


def _close(runner: asyncio.Runner) -> None:
    """What has no memory left may not even start the thread that waits for the others: it has said so by then."""
    try:
        runner.close()
    except RuntimeError as error:
        if "new thread" not in str(error):
            raise


add_operations(app, lambda path: _load(path, quiet=True), _async)
add_runbook(app)
add_web(app, lambda path: _load(path, quiet=True), _async)
