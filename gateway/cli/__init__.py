"""The command line: one file a group of commands, named in one table, read only when asked for.

Exit 0 done, 1 refused with the reason on stderr, 2 wrong usage.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gateway.domain.errors import ShishigakiError
from gateway.version import NAME, program_version

COMMANDS = {  # command or group -> the file of this folder that registers it
    "run": "service.run",
    "demo": "demo.command",
    "doctor": "service.doctor",
    "devices": "devices.devices",
    "users": "service.users",
    "alerts": "service.alerts",
    "watch": "devices.watch",
    "quarantine": "devices.quarantine",
    "decode": "devices.decode",
    "dialects": "devices.dialects",
    "import": "office.imports",
    "rates": "office.rates",
    "report": "office.report",
    "map": "office.map",
    "export": "office.export",
    "mesh": "office.mesh",
    "influx": "service.influx",
    "backup": "service.backup",
    "restore": "service.backup",
    "simulate": "service.simulate",
    "version": "service.version",
}


class LazyCommands(TyperGroup):
    """Takes a command's file down when somebody asks for it: a small board starts slowly enough."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or None."""
        if cmd_name not in COMMANDS:
            return None
        shelf = typer.Typer()
        shelf.callback()(_nothing)
        import_module(f"gateway.cli.{COMMANDS[cmd_name]}").register(shelf)
        return typer.main.get_group(shelf).commands[cmd_name]


def _nothing() -> None:
    """Keep a lone command a member of its group."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{NAME} {program_version()}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="版の番号 / show the version"
        ),
    ] = False,
) -> None:
    """Options of the program itself."""


app = typer.Typer(
    name="shishigaki",
    cls=LazyCommands,
    help="猪垣 Shishigaki: わなの作動をすぐ知らせ、獣の出る場所を地図にします。\n\n"
    "IoT gateway against wildlife damage: trap alerts and hotspot maps.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.callback()(_root)


def main() -> None:
    """The command `shishigaki`: what was refused goes to stderr in one line, exit 1."""
    refused: list[str] = []
    try:
        app()
    except* ShishigakiError as group:
        refused = list(dict.fromkeys(str(error) for error in leaves(group)))
    if refused:
        sys.stderr.writelines(f"shishigaki: {text}\n" for text in refused)
        raise SystemExit(1)


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors themselves, however many tasks stood around them."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
