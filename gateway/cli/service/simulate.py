"""`shishigaki simulate`: the simulator's own command as part of this command line."""

import typer

from firmware_sim.cli import simulate


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(simulate)
