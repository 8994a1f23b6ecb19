"""The commands of the one who runs the daemon: doctor and what else keeps it alive over the years."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli_options import config_option

if TYPE_CHECKING:
    from monitor.config_values import Config

Load = Callable[[Path], "Config"]
Work = Callable[[Coroutine[Any, Any, int]], int]


def add_operations(app: click.Group, load: Load, work: Work) -> None:
    """`load` reads a configuration or exits with 64; `work` runs a coroutine to its exit code."""
    _looks(app, load, work)
    _copies(app, load)
    _keys(app, load, work)
    _people(app, load, work)


def _looks(app: click.Group, load: Load, work: Work) -> None:
    @app.command()
    @config_option
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
    def doctor(file: Path, as_json: bool) -> int:
        """Look at all that the daemon needs: exit 0 well, 1 something is wrong, 2 could not tell, 64 bad config."""
        from monitor.doctor import doctor as examine

        return work(examine(file, as_json=as_json))

    @app.command("support-bundle")
    @config_option
    @click.option("--out", type=click.Path(path_type=Path), required=True, help="The zip file to write.")
    def support_bundle(file: Path, out: Path) -> int:
        """Write what someone who helps has to know: no secrets, no names, no messages."""
        from monitor.support_bundle import bundle

        return work(bundle(load(file), out))


def _copies(app: click.Group, load: Load) -> None:
    @app.command()
    @config_option
    @click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="The copy's name.")
    def backup(file: Path, target: Path) -> int:
        """Copy the store while the daemon runs."""
        from monitor.backup import backup as save

        return save(load(file).store_url, target)

    @app.command()
    @config_option
    @click.option("--from", "source", type=click.Path(path_type=Path), required=True, help="A copy made by `backup`.")
    def restore(file: Path, source: Path) -> int:
        """Put a copy in the store's place; a running daemon ends then and is started anew from it."""
        from monitor.backup import restore as put_back
        from monitor.shell.clock import Clock

        return put_back(load(file).store_url, source, Clock().real_now())


def _keys(app: click.Group, load: Load, work: Work) -> None:
    @app.command("generate-key")
    def generate_key() -> int:
        """Print a new key for store.key_file."""
        from monitor.shell.store_seal import new_key

        click.echo(new_key().reveal())
        return 0

    @app.command("rotate-key")
    @config_option
    def rotate_key(file: Path) -> int:
        """Put a new key into store.key_file and seal the stored tokens with it, while the daemon runs."""
        from monitor.rotation import rotate

        return work(rotate(load(file)))


def _people(app: click.Group, load: Load, work: Work) -> None:
    @app.command("erase-customer")
    @config_option
    @click.option("--portal", required=True, help="The portal's name in the configuration.")
    @click.option("--dialog", type=click.IntRange(1), help="A dialog's chat id.")
    @click.option("--customer", type=click.IntRange(1), help="The customer's user id on the portal.")
    @click.option("--phone", help="The customer's phone: the portal is asked for the dialogs, no phone is kept here.")
    def erase_customer(file: Path, portal: str, dialog: int | None, customer: int | None, phone: str | None) -> int:
        """Erase all that is kept about a customer, and show that nothing is left."""
        from monitor.erasure import Wanted
        from monitor.erasure import erase_customer as erase

        if sum(one is not None for one in (dialog, customer, phone)) != 1:
            raise click.UsageError("expected one of --dialog, --customer and --phone")
        return work(erase(load(file), portal, Wanted(dialog=dialog, customer=customer, phone=phone)))
