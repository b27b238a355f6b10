"""`shishigaki effect`: did the traps work, in one sentence with its figures.

Owns the command's options. The question, the figures and the sentences: `dashboard.office.effect`.
"""

import sys
from contextlib import closing
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from msgspec import Struct

from dashboard.documents.table import Table
from dashboard.office import choices as choices_module
from dashboard.office.effect import comparison, facts, question, report
from dashboard.office.effect.question import Question
from dashboard.web.i18n import choose, text
from gateway.cli.options import AsJson, ConfigFile, LanguageOption, load, open_store, takes
from gateway.clock import utc_now
from gateway.domain import species as kinds
from gateway.store import Reader
from gateway.words.catalogue import Translations


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command()(effect)


class EffectOptions(Struct, frozen=True, kw_only=True):
    """The options of the command."""

    month: Annotated[
        str, typer.Option(help="わなをかけた後の最初の月 2026-09 / first month after the traps")
    ] = ""
    months: Annotated[int, typer.Option(help="何か月 (1, 3, 6, 12) / how many months")] = 3
    against: Annotated[
        str, typer.Option(help="比べる前の期間: year 前年同月、before 直前 / baseline")
    ] = "year"
    species: Annotated[
        str, typer.Option(help="獣種 (コードか名前)、all はすべて / species, or all")
    ] = ""
    area: Annotated[str, typer.Option(help="地区 / area")] = ""
    near_m: Annotated[
        int, typer.Option(help="近いとする距離 (300, 500, 1000, 2000) / near, in metres")
    ] = question.DEFAULT_NEAR_M
    config: ConfigFile = None
    language: LanguageOption = ""
    as_json: AsJson = False

    @property
    def query(self) -> dict[str, str]:
        """The same choices as in the address of the page."""
        return {
            "month": self.month,
            "months": str(self.months),
            "against": self.against,
            "species": kinds.code(self.species) or self.species,
            "area": self.area,
            "near_m": str(self.near_m),
        }


@takes(EffectOptions)
def effect(options: EffectOptions) -> None:
    """わなが効いたかを、近くと遠くのセンサーの前後で答えます / did the traps work, near against far."""
    settings, now = load(options.config), utc_now()
    zone = ZoneInfo(settings.site.timezone)

    def read(reader: Reader) -> tuple[Question, facts.Facts]:
        choices = choices_module.choices(reader, zone, now)
        species = choices_module.default_species(choices.species)
        asked = question.read(options.query, choices.last, species)
        return asked, facts.read(reader, asked, zone, now)

    try:
        with closing(open_store(settings)) as store:
            asked, given = store.read_now(read)
    except ValueError as error:
        sys.stderr.write(f"shishigaki effect: {error}\n")
        raise typer.Exit(1) from None
    found = comparison.compare(given)
    words = text(choose(options.language, "", settings.site.language))
    if options.as_json:
        typer.echo(report.as_json(found, asked, words).decode())
        return
    typer.echo(report.headline(found, words))
    for sentence in (*report.wanted(found, asked, words), report.groups_text(found, asked, words)):
        typer.echo(sentence)
    for table in report.tables(found, words):
        _print(table, words)


def _print(table: Table, words: Translations) -> None:
    typer.echo(f"\n{table.title}")
    for row in table.rows:
        first, *rest = row
        cells = [
            f"{name}: {cell}"
            for name, cell in zip(table.columns[1:], rest, strict=True)
            if cell != ""
        ]
        typer.echo(words("office.comma").join([str(first), *cells]))
