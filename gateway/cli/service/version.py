"""`shishigaki version`: prints the version of the program."""

import msgspec
import typer

from gateway.cli.options import AsJson
from gateway.version import NAME, program_version


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(version)


def version(as_json: AsJson = False) -> None:
    """この版の番号を表示します / show the version of the program."""
    if as_json:
        typer.echo(msgspec.json.encode({"version": program_version()}).decode())
    else:
        typer.echo(f"{NAME} {program_version()}")
