"""What `config check` says of a file without problems: its warnings, what was sold, how much it watches."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.config_values import Config
from monitor.core.guarantee import told_price


def told(config: Config, file: Path) -> None:
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    for portal in config.portals:
        sold = portal.policy.guarantee
        if sold is not None:
            click.echo(f"{portal.name}: guarantee of {sold.option}: {told_price(sold)}")
    click.echo(f"{file}: well: {len(config.portals)} portals, {len(config.providers)} providers")
