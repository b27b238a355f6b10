"""The group `shishigaki region`: its commands in one table, each file imported on first use.

A town's commands work without the hub's libraries, and the hub's without a gateway's configuration.
"""

import typer

from gateway.cli import LazyCommands

COMMANDS = {  # command -> the file of this folder that registers it
    "enrol": "enrol",
    "enrol-hub": "enrol",
    "revoke": "enrol",
    "rebuild": "enrol",
    "verify": "verify",
    "migrate": "hub",
    "hub": "hub",
    "export": "export",
    "doctor": "doctor",
    "join": "join",
    "parent": "join",
    "users": "users",
}


class RegionCommands(LazyCommands):
    """The commands of this folder."""

    table = COMMANDS
    folder = "gateway.cli.region"


group = typer.Typer(
    cls=RegionCommands,
    help="地域 (都道府県など) への接続と集約 / many towns, one region",
    no_args_is_help=True,
)


@group.callback()
def _options() -> None:
    """The group has no options of its own."""


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="region")
