"""`shishigaki simulate`: lends the simulator's own command to this command line."""

import typer

from firmware_sim.cli import simulate


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(simulate)
