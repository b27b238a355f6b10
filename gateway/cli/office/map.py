"""`shishigaki map`: the officials' map as one HTML file that opens without a network.

Owns the command's options, and the group in which `map pack` is. `dashboard.office.map.overview` makes
the content, and `dashboard.office.map.offline_file` the file.
"""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from dashboard.office import choices as choices_module
from dashboard.office import filters, land_files
from dashboard.office.map import offline_file, overview
from dashboard.office.map.overview import MapInput
from dashboard.web import assets
from dashboard.web.i18n import choose, text
from dashboard.web.responses import Reply
from gateway.cli.office import map_pack
from gateway.cli.options import Config, ConfigFile, LanguageOption, alone, load, open_store, takes
from gateway.clock import utc_now
from gateway.domain import species as kinds
from gateway.store import Reader


def register(app: typer.Typer) -> None:
    """Add this file's commands: the map itself, and those of its group."""
    group = typer.Typer(invoke_without_command=True)
    group.callback(invoke_without_command=True)(map_)
    group.command("pack")(map_pack.pack)
    app.add_typer(group, name="map")


class MapOptions(Struct, frozen=True, kw_only=True):
    """The options of the command."""

    out: Annotated[Path | None, typer.Option(help="書き出すファイル / file to write")] = None
    month: Annotated[str, typer.Option(help="最後の月 2026-11 / last month")] = ""
    months: Annotated[int, typer.Option(help="何か月 (1, 3, 6, 12) / how many months")] = 3
    species: Annotated[
        str, typer.Option(help="獣種 (コードか名前)、all はすべて / species, or all")
    ] = ""
    hours: Annotated[str, typer.Option(help="時間帯 18-06 / hours of the day")] = "00-24"
    area: Annotated[str, typer.Option(help="地区 / area")] = ""
    square: Annotated[str, typer.Option(help="メッシュ / mesh: 5km, 1km")] = "5km"
    against: Annotated[str, typer.Option(help="比べる期間 / compare with: before, year")] = ""
    band: Annotated[
        str,
        typer.Option(
            help=f"ホットスポットの近さ (m) / metres between neighbours: {', '.join(filters.BANDS)}"
        ),
    ] = filters.AUTO_BAND
    config: ConfigFile = None
    language: LanguageOption = ""

    @property
    def query(self) -> dict[str, str]:
        """The same choices as in the address of the officials' map."""
        return {
            "month": self.month,
            "months": str(self.months),
            "species": kinds.code(self.species) or self.species,
            "hours": self.hours,
            "area": self.area,
            "square": self.square,
            "against": self.against,
            "band": self.band,
        }


@alone
@takes(MapOptions)
def map_(options: MapOptions) -> None:
    """出没地図を、ネットなしで開ける1つのファイルに書き出します / the map as one self-contained file."""
    if options.out is None:
        raise typer.BadParameter("書き出すファイル / the file to write", param_hint="--out")
    settings = load(options.config)
    try:
        html = _render(settings, options.query, options.language)
        options.out.write_text(html, encoding="utf-8")
    except (ValueError, OSError, assets.MissingAssetsError) as error:
        sys.stderr.write(f"shishigaki map: {error}\n")
        raise typer.Exit(1) from None
    typer.echo(str(options.out))


def _render(settings: Config, query: dict[str, str], language: str) -> str:
    assets.check()
    reply, now = Reply(settings), utc_now()

    def read(reader: Reader) -> list[MapInput]:
        choices = choices_module.choices(reader, reply.zone, now)
        wanted = filters.read(query, choices.last, choices_module.default_species(choices.species))
        spans = [wanted.span, *([wanted.other_span] if wanted.other_span else [])]
        return [overview.read(reader, wanted, span, reply.zone, now) for span in spans]

    with closing(open_store(settings)) as store:
        facts = store.read_now(read)
    words = text(choose(language, "", settings.site.language))
    owned = land_files.read(settings.office)
    return offline_file.render(reply, facts, owned, words, now, settings.dashboard)
