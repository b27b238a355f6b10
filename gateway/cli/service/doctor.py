"""`shishigaki doctor`: what is wrong with a gateway, why, and the command that mends it.

Owns the command and its lines. The checks are those of `gateway.doctor`.
"""

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from dashboard.web.asset_check import ASSETS
from gateway.cli.options import AsJson, ConfigFile, load
from gateway.clock import utc_now
from gateway.config import Config, ConfigError
from gateway.doctor.case import Case
from gateway.doctor.examination import examine, first_fault
from gateway.doctor.finding import Finding, Outcome
from gateway.doctor.report import report
from gateway.doctor.table import CHECKS
from gateway.words.catalogue import both


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(doctor)


def doctor(
    config: ConfigFile = None,
    as_json: AsJson = False,
    as_report: Annotated[
        bool,
        typer.Option(
            "--report", help="相談先へ送る報告。秘密は入りません / a report without secrets"
        ),
    ] = False,
) -> None:
    """どこが悪いか、なぜか、直す命令を言います / what is wrong, why, and the command that mends it."""
    case, found = case_of(config), []
    for one in examine(case, (*CHECKS, ASSETS)):
        found.append(one)
        if not (as_json or as_report):
            typer.echo(one.line)
    first = first_fault(found)
    if as_json:
        typer.echo(msgspec.json.encode([_row(one) for one in found]).decode())
    elif as_report:
        typer.echo(report(case, found))
    elif first:
        title = both(f"check.{first.check}")
        typer.echo(f"{both('doctor.mend_first')}: {title} → {first.command}")
    if first:
        raise typer.Exit(1)


def case_of(file: Path | None) -> Case:
    """The gateway of a configuration file; one that cannot be used is a case too."""
    named = os.environ.get("SHISHIGAKI_CONFIG")
    path = file or (Path(named) if named else None)
    try:
        return Case(load(path), utc_now(), path)
    except ConfigError as error:
        return Case(Config(), utc_now(), path, str(error))


def _row(one: Finding) -> dict[str, object]:
    return {
        "name": one.check,
        "outcome": one.outcome.value,
        "ok": one.outcome is not Outcome.FAULT,
        "told": one.told,
        "command": one.command,
    }
