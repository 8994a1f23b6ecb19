"""The command that tells what to do about an alert: also when the daemon, which serves the same page, is down."""

from __future__ import annotations

from difflib import get_close_matches

import click

EXIT_USAGE = 64


def add_runbook(app: click.Group) -> None:
    @app.command()
    @click.argument("name", required=False)
    @click.option("--lang", type=click.Choice(["ru", "en"]), default="en", show_default=True, help="The language.")
    def runbook(name: str | None, lang: str) -> int:
        """Tell what to do about an alert, by its name or kind. Without a name, list them."""
        from monitor.shell.runbooks import names, runbook

        if name is None:
            for one in names():
                found = runbook(one, lang)
                click.echo(f"{one:26}  {found.title if found else ''}")
            return 0
        found = runbook(name, lang)
        if found is None:
            near = get_close_matches(name, names(), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(names())}"
            click.echo(f"NAME: got {name}: {hint}", err=True)
            return EXIT_USAGE
        click.echo(found.text.rstrip())
        return 0
