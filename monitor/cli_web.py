"""The commands of the pages' door: a password's hash for the configuration, and the head's link."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli_options import config_option

if TYPE_CHECKING:
    from monitor.config_values import Config

Load = Callable[[Path], "Config"]
Work = Callable[[Coroutine[Any, Any, int]], int]

EXIT_USAGE = 64


def add_web(app: click.Group, load: Load, work: Work) -> None:
    """`load` reads a configuration or exits with 64; `work` runs a coroutine to its exit code."""
    _passwords(app)
    _links(app, load, work)


def _passwords(app: click.Group) -> None:
    @app.command("hash-password")
    def hash_password() -> int:
        """Print the hash of a password for web.users[].password_hash_file. Asks for it, or reads it from a pipe."""
        from monitor.shell.passwords import LEAST_LENGTH, hashed

        password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        if len(password) < LEAST_LENGTH:
            click.echo(f"expected a password of {LEAST_LENGTH} characters or more, got {len(password)}", err=True)
            return EXIT_USAGE
        click.echo(hashed(password))
        return 0


def _asked() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _links(app: click.Group, load: Load, work: Work) -> None:
    @app.command()
    @config_option
    @click.option("--portal", required=True, help="The portal's name in the configuration.")
    @click.option("--revoke", is_flag=True, help="End every link of this portal.")
    def link(file: Path, portal: str, revoke: bool) -> int:
        """Make a link that shows a head his portal and nothing else; it can be told only once."""
        from monitor.head_link import make, revoke_all

        config = load(file)
        if portal not in {one.name for one in config.portals}:
            known = ", ".join(one.name for one in config.portals)
            click.echo(f"--portal: expected one of {known}, got {portal}", err=True)
            return EXIT_USAGE
        return work(revoke_all(config, portal) if revoke else make(config, portal))
