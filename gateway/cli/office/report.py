"""`shishigaki report`: captures and effort of a fiscal year, as PDF, Excel or JSON.

Owns the command's options. The figures come from `dashboard.office.figures.report`.
"""

import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from dashboard.office import choices, periods
from dashboard.office.figures import on_paper
from dashboard.office.figures import report as reports
from dashboard.office.figures.report import YearReport
from dashboard.office.periods import Month
from dashboard.web.i18n import choose, text
from gateway.cli.options import AsJson, ConfigFile, LanguageOption, load, open_store
from gateway.clock import utc_now
from gateway.store import Reader
from gateway.words.catalogue import Translations


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(report)


def report(
    out: Annotated[
        Path | None, typer.Option(help="書き出すファイル .pdf .xlsx / file to write")
    ] = None,
    month: Annotated[str, typer.Option(help="どの月まで 2026-10 / up to which month")] = "",
    config: ConfigFile = None,
    language: LanguageOption = "",
    as_json: AsJson = False,
) -> None:
    """年度の捕獲と努力量の報告書を作ります / the fiscal year's captures with their effort."""
    settings, now = load(config), utc_now()
    zone, words = (
        ZoneInfo(settings.site.timezone),
        text(choose(language, "", settings.site.language)),
    )
    try:
        asked = periods.parse_month(month) if month else None
        with closing(open_store(settings)) as store:
            found = store.read_now(lambda reader: _read(reader, asked, zone, now))
        if out is None or as_json:
            typer.echo(reports.as_json(found).decode())
            return
        out.write_bytes(_written(out, found, words, settings.site.title, now.astimezone(zone)))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"shishigaki report: {error}\n")
        raise typer.Exit(1) from None
    typer.echo(str(out))


def _read(reader: Reader, asked: Month | None, zone: ZoneInfo, now: datetime) -> YearReport:
    """The report up to a month; None: the last one that is over."""
    until = asked or choices.choices(reader, zone, now).usual
    return reports.read(reader, until, zone, now)


def _written(out: Path, found: YearReport, words: Translations, site: str, made: datetime) -> bytes:
    if out.suffix == ".xlsx":
        return on_paper.xlsx(found, words, site, made)
    if out.suffix == ".pdf":
        return on_paper.pdf(found, words, site, made)
    raise ValueError(f"{out}: must end in .pdf or .xlsx")
