"""`shishigaki import`: reads packages and municipal tables into the store, lists and undoes imports.

Owns the options. How an import goes: `ingest.files.importing`; how its report is printed: `import_words`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from gateway.cli.office import import_words
from gateway.cli.options import AsJson, Config, ConfigFile, FarOk, load, open_store
from gateway.clock import utc_now
from gateway.domain.errors import BadInputError
from gateway.domain.geo.far_places import STUDY_KM
from gateway.domain.model import Device
from gateway.domain.species import UNKNOWN
from gateway.ingest.devices.lists import check_places
from gateway.ingest.files import column_words, importing, package_files, undo
from gateway.ingest.files.importing import CheckPlaces, Request, Result, Site
from gateway.ingest.files.report_columns import Map, read_map
from gateway.ingest.tables import rows
from gateway.ingest.tables.text_file import TableError
from gateway.store import Store

Partial = Annotated[
    bool,
    typer.Option(
        "--partial",
        help="1 % を超える行が使えなくても残りを取り込む / import the rest though over 1 % is refused",
    ),
]
Preview = Annotated[
    bool, typer.Option("--preview", help="見るだけで書き込まない / only look, write nothing")
]

group = typer.Typer(
    help="ほかのデータを取り込みます / import data from elsewhere", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(group, name="import")


@group.command()
def camtrapdp(
    directory: Annotated[
        Path, typer.Argument(help="datapackage.json のあるフォルダーか zip / folder or zip")
    ],
    prefix: Annotated[
        str, typer.Option(help="機器名の前に付ける文字 / put before the device ids, e.g. 2025-")
    ] = "",
    partial: Partial = False,
    far_ok: FarOk = False,
    preview: Preview = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Camtrap DP のパッケージを取り込みます。二度取り込んでも増えません / import a Camtrap DP package."""
    request = Request(
        path=directory,
        name=directory.resolve().name,
        by=_who(),
        prefix=prefix,
        partial=partial,
        preview=preview,
    )
    check = None if far_ok else check_far
    _run(load(config), request, as_json, importing.import_package, check)


@group.command("csv")
def csv_(
    file: Annotated[Path, typer.Argument(help="目撃情報の表 / table of sightings")],
    map_file: Annotated[
        Path, typer.Option("--map", help="列の読み方 (TOML) / which column means what")
    ],
    partial: Partial = False,
    preview: Preview = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """自治体の目撃情報を取り込みます。二度取り込んでも増えません / import a table of people's sightings."""
    try:
        map_ = read_map(package_files.bytes_of(map_file))
    except TableError as error:
        _refuse(f"{map_file}: {error}")
    request = Request(path=file, name=file.name, by=_who(), partial=partial, preview=preview)
    _run(
        load(config),
        request,
        as_json,
        lambda store, request, site: importing.import_sightings(store, request, site, map_),
    )


@group.command("damage")
def damage_(
    file: Annotated[Path, typer.Argument(help="農作物被害の表 / table of damage to crops")],
    map_file: Annotated[
        Path | None, typer.Option("--map", help="列の読み方 (TOML) / which column means what")
    ] = None,
    partial: Partial = False,
    preview: Preview = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """農作物被害の表を取り込みます。二度取り込んでも増えません / import a table of damage to crops."""
    try:
        map_ = _map_of(file, map_file)
    except TableError as error:
        _refuse(f"{map_file or file}: {error}")
    request = Request(path=file, name=file.name, by=_who(), partial=partial, preview=preview)
    _run(
        load(config),
        request,
        as_json,
        lambda store, request, site: importing.import_damage(store, request, site, map_),
    )


def _map_of(file: Path, map_file: Path | None) -> Map:
    """The given map, else the one that the usual headers make."""
    if map_file is not None:
        return read_map(package_files.bytes_of(map_file))
    table = rows.read(package_files.bytes_of(file), column_words.is_header)
    return column_words.map_of(column_words.guess(table.header), file.name, UNKNOWN)


@group.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """これまでの取り込みと取り消し / the imports so far, and what was undone."""
    with closing(open_store(load(config))) as store:
        found = store.read_now(lambda reader: reader.imports.latest())
    import_words.show_imports(found, as_json=as_json)


@group.command("undo")
def undo_(
    import_id: Annotated[str, typer.Argument(help="取り込みの番号（import list） / its id")],
    config: ConfigFile = None,
) -> None:
    """取り込みを取り消し、集計も元に戻します / undo an import, its sums too."""
    try:
        with closing(open_store(load(config))) as store:
            done = undo.undo(store, import_id, _who(), utc_now())
    except undo.UndoError as error:
        _refuse(str(error))
    typer.echo(f"取り消しました / undone: {done.id} {done.file}")


def check_far(settings: Config) -> CheckPlaces:
    """Refuses deployments whose place is far from the others, by name."""

    def check(devices: Sequence[Device], known: Mapping[str, Device]) -> None:
        rows = [(device.name, device) for device in devices]
        check_places(rows, known, settings.dashboard.centre, STUDY_KM)

    return check


def _who() -> str:
    """Who runs the command, for the record."""
    return f"command:{os.environ.get('SUDO_USER') or os.environ.get('USER') or '?'}"[:64]


def _run(
    settings: Config,
    request: Request,
    as_json: bool,
    do: Callable[[Store, Request, Site], Result],
    check: Callable[[Config], CheckPlaces] | None = None,
) -> None:
    zone, now = ZoneInfo(settings.site.timezone), utc_now()
    site = Site(zone, now, check(settings) if check else None)
    try:
        with closing(open_store(settings)) as store:
            result = do(store, request, site)
    except BadInputError as error:
        _refuse(f"{request.path}: {error}")
    import_words.report(result, as_json=as_json)
    if result.refusal:
        _refuse(f"{request.path}: {result.refusal}")


def _refuse(text: str) -> NoReturn:
    typer.echo(f"shishigaki import: {text}", err=True)
    raise typer.Exit(1)
