"""The command line: one file per group of commands, listed in one table, imported on first use.

Exit codes: 0 done, 1 failed with the reason on stderr, 2 wrong usage; `run`: 78 when its settings cannot be
used (EX_CONFIG of sysexits.h).
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
    "setup": "service.setup",
    "doctor": "service.doctor",
    "broker": "service.broker",
    "devices": "devices.devices",
    "people": "people.people",
    "users": "people.users",
    "sessions": "people.sessions",
    "secrets": "people.secrets",
    "tokens": "people.tokens",
    "alerts": "service.alerts",
    "watch": "devices.watch",
    "quarantine": "devices.quarantine",
    "decode": "devices.decode",
    "dialects": "devices.dialects",
    "import": "office.imports",
    "rates": "office.rates",
    "report": "office.report",
    "map": "office.map",
    "effect": "office.effect",
    "export": "office.export",
    "mesh": "office.mesh",
    "influx": "service.influx",
    "region": "region.region",
    "backup": "service.backup",
    "restore": "service.backup",
    "simulate": "service.simulate",
    "evaluate": "evaluation.command",
    "record": "traffic.record",
    "replay": "traffic.replay",
    "upgrade": "service.upgrade",
    "rollback": "service.upgrade",
    "version": "service.version",
}


class LazyCommands(TyperGroup):
    """Imports a command's file when the command is used, so that a small board starts quickly."""

    table = COMMANDS
    folder = "gateway.cli"

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or None if there is no such command."""
        if cmd_name not in self.table:
            return None
        single = typer.Typer()
        single.callback()(_nothing)
        import_module(f"{self.folder}.{self.table[cmd_name]}").register(single)
        return typer.main.get_group(single).commands[cmd_name]


def _nothing() -> None:
    """An empty callback: with it typer keeps a single command as a member of a group."""


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
    """The command `shishigaki`. Errors of the project are printed in one line each, exit code 1."""
    failures: list[str] = []
    try:
        app()
    except* ShishigakiError as group:
        failures = list(dict.fromkeys(str(error) for error in leaves(group)))
    if failures:
        sys.stderr.writelines(f"shishigaki: {text}\n" for text in failures)
        raise SystemExit(1)


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The single errors inside nested exception groups."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
