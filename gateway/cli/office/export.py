"""`shishigaki export`: records for science and the public.

Owns the commands' options and the writing of files. `gateway.export.files.camtrapdp` makes the package,
`dashboard.public.open_data` the squares.
"""

import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from dashboard.documents import spreadsheet
from dashboard.public import open_data
from dashboard.public.files import OpenDataFiles, Published
from gateway.cli.office import camera_pictures, trap_captures
from gateway.cli.options import Config, ConfigFile, load, open_store
from gateway.clock import utc_now
from gateway.domain import species as kinds
from gateway.domain.geo import mesh
from gateway.domain.model import Device, Role, Standing
from gateway.export.files import camtrapdp as camtrapexport
from gateway.export.files import camtrapdp_captures
from gateway.export.files.camtrapdp import PackageInfo
from gateway.store import Reader

Out = Annotated[Path, typer.Option(help="書き出す先 / where to write")]
SpeciesOption = Annotated[str, typer.Option(help="獣種 (コードか名前) / species")]
First = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="初日 / first day")
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="この日の前日まで / up to the day before this"),
]
Exact = Annotated[
    bool,
    typer.Option(
        "--exact", help="正確な位置のまま (公開しないこと) / exact places: not for publication"
    ),
]
Captures = Annotated[
    bool,
    typer.Option(
        "--captures",
        help="捕獲とその写真も (--exact のときだけ) / captures with their photos too; only with --exact",
    ),
]
Pictures = Annotated[
    bool,
    typer.Option(
        "--pictures",
        help="カメラの写真も、人が写ったものを除いて (--exact のときだけ) / pictures of cameras too, "
        "without those of people; only with --exact",
    ),
]

FOREVER = datetime(1970, 1, 2, tzinfo=UTC)

group = typer.Typer(
    no_args_is_help=True, help="記録を書き出します / records for science and the public"
)


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="export")


@group.command()
def camtrapdp(
    out: Out,
    from_: First = None,
    to: Last = None,
    exact: Exact = False,
    captures: Captures = False,
    pictures: Pictures = False,
    config: ConfigFile = None,
) -> None:
    """検知器の記録を Camtrap DP 1.0.2 で書き出します / detectors' records as a Camtrap DP package."""
    settings, now = load(config), utc_now()
    zone = ZoneInfo(settings.site.timezone)
    begin = from_.replace(tzinfo=zone) if from_ else FOREVER
    end = to.replace(tzinfo=zone) if to else now
    title = settings.site.title or settings.site.name
    about = PackageInfo(title, settings.site.name, title, now, exact)
    try:
        _check_public(exact=exact, private=captures or pictures)
        with closing(open_store(settings)) as store:
            detectors = store.read_now(_detectors)
            caught = trap_captures.read(store, settings, begin, end) if captures else []
            seen = camera_pictures.read(store, settings, detectors, begin, end) if pictures else {}
            files = store.read_now(
                lambda reader: camtrapexport.package(
                    detectors,
                    lambda device: reader.events_between(device.id, begin, end),
                    about,
                    camtrapdp_captures.rows(caught),
                    seen,
                )
            )
        _print_left_out(detectors, exact=exact)
        _write_files(out, files)
        trap_captures.write_photos(caught, settings, out)
        camera_pictures.write(seen, settings, out)
    except (ValueError, OSError) as error:
        _refuse(error)
    typer.echo(str(out))


def _check_public(*, exact: bool, private: bool) -> None:
    """Raises ValueError for what belongs to no public package."""
    if private and not exact:
        raise ValueError(
            "--captures と --pictures は --exact と一緒に使います / "
            "--captures and --pictures belong to --exact"
        )


def _detectors(reader: Reader) -> list[Device]:
    return [
        one
        for one in reader.devices()
        if one.role is Role.DETECTOR and one.standing is Standing.APPROVED
    ]


def _write_files(out: Path, files: Mapping[str, bytes]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (out / name).write_bytes(data)


def _print_left_out(detectors: list[Device], *, exact: bool) -> None:
    for one in detectors:
        if one.lat is not None and not camtrapexport.publishable(one, exact=exact):
            sys.stderr.write(
                f"shishigaki export: {one.label} ({one.lat}, {one.lon}): 地域メッシュの範囲外のため含めません"
                " / left out: outside the mesh grid, its place cannot be blurred (--exact tells it)\n"
            )


@group.command()
def geojson(out: Out, species: SpeciesOption = "", config: ConfigFile = None) -> None:
    """公開用の 5 km メッシュを GeoJSON で / the public 5 km squares as GeoJSON."""
    settings = load(config)
    found = _squares(settings, species)
    shapes = open_data.published(found.squares, found.about, mesh.bounds)
    _write(out, msgspec.json.encode(shapes))


@group.command()
def csv(out: Out, species: SpeciesOption = "", config: ConfigFile = None) -> None:
    """公開用の 5 km メッシュを CSV で / the public 5 km squares as CSV."""
    settings = load(config)
    found = _squares(settings, species)
    _write(out, spreadsheet.csv_bytes(open_data.table(found.squares, found.about)))


def _squares(settings: Config, species: str) -> Published:
    with closing(open_store(settings)) as store:
        files = OpenDataFiles(store, settings, utc_now)
        return store.read_now(lambda reader: files.newest(reader, kinds.code(species) or species))


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        _refuse(error)
    typer.echo(str(out))


def _refuse(error: Exception) -> None:
    sys.stderr.write(f"shishigaki export: {error}\n")
    raise typer.Exit(1) from None
