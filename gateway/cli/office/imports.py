"""`shishigaki import`: reads published packages and municipal tables into the store, with a report.

Owns files and words of the report. What the files mean: `camtrapdp`, `sightingtable`.
"""

import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import typer

from gateway.cli.options import AsJson, Config, ConfigFile, FarOk, load, open_store
from gateway.clock import utc_now
from gateway.domain.geo.far_places import STUDY_KM
from gateway.domain.model import Device
from gateway.ingest.devices.lists import DeviceListError, check_places
from gateway.ingest.files import camtrapdp as package_format
from gateway.ingest.files import camtrapdp_tables as tables
from gateway.ingest.files import replay, report_table
from gateway.ingest.files.report_columns import TableError, read_map
from gateway.ingest.tables.import_report import CellRemark, Findings, grouped, too_many
from gateway.ingest.tables.rows import read_bytes
from gateway.store import Store

MAX_EXAMPLES = 3  # of each kind of finding; --json gives all
MAX_REFUSED_ROWS = (
    3  # refused rows that cost a table of sightings nothing: no effort stands behind it
)

Partial = Annotated[
    bool,
    typer.Option(
        "--partial",
        help="1 % を超える行が使えなくても残りを取り込む / import the rest though over 1 % is refused",
    ),
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
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Camtrap DP 1.0 のパッケージを取り込みます。二度取り込んでも増えません / import a Camtrap DP package."""
    settings = load(config)
    zone, now = ZoneInfo(settings.site.timezone), utc_now()
    try:
        package = package_format.parse(_reader(directory), zone, now, prefix)
        left_out: set[str] = set()
        if too_many(len(package.findings.refused), package.rows):
            if not partial:
                _refuse_whole(directory, package.title, package.rows, package.findings, as_json)
            package, left_out = package.without_incomplete(), package.incomplete
        with closing(open_store(settings)) as store:
            if not far_ok:
                _ask_places(store, package.devices, settings)
            told = replay.import_history(store, package.devices, package.readings, now)
    except (tables.PackageError, replay.HistoryError, DeviceListError) as error:
        _refuse(f"{directory}: {error}")
    report = {
        "title": package.title,
        "deployments": len(package.devices),
        "deployments_left_out": sorted(left_out),
        "readings": len(package.readings),
        **msgspec.structs.asdict(told),
        "left_out": dict(package.left_out),
    }
    _report(report, package.findings, as_json=as_json)
    if not package.devices:
        _refuse(f"{directory}: 使える設置記録がありません / no usable deployment")


@group.command("csv")
def csv_(
    file: Annotated[Path, typer.Argument(help="目撃情報の表 / table of sightings")],
    map_file: Annotated[
        Path, typer.Option("--map", help="列の読み方 (TOML) / which column means what")
    ],
    partial: Partial = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """自治体の目撃情報を取り込みます。二度取り込んでも増えません / import a table of people's sightings."""
    settings = load(config)
    zone, now = ZoneInfo(settings.site.timezone), utc_now()
    try:
        map_ = read_map(_bytes(map_file))
    except TableError as error:
        _refuse(f"{map_file}: {error}")
    try:
        reports = report_table.parse(_bytes(file), map_, file.name, zone, now)
    except TableError as error:
        _refuse(f"{file}: {error}")
    if too_many(len(reports.findings.refused), reports.rows, MAX_REFUSED_ROWS) and not partial:
        _refuse_whole(file, reports.title, reports.rows, reports.findings, as_json)
    with closing(open_store(settings)) as store:
        new = store.write_now(lambda tx: tx.sightings.add(reports.sightings))
    report = {
        "title": reports.title,
        "encoding": reports.encoding,
        "rows": reports.rows,
        "rows_absent": reports.absent,
        "sightings_new": new,
        "sightings_known": len(reports.sightings) - new,
    }
    _report(report, reports.findings, as_json=as_json)
    if not reports.sightings and not reports.absent:
        _refuse(f"{file}: 使える行がありません / no usable row")


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except OSError as error:
        _refuse(f"{path}: {error.strerror}")


def _reader(directory: Path) -> tables.Read:
    """Files of a folder, or of a zip that holds the package at its top or in one folder."""
    root = _root(directory)

    def read(name: str) -> bytes:
        try:
            return (root / name).read_bytes()
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            reason = getattr(error, "strerror", None) or "no such file"
            raise tables.PackageError(f"{name}: {reason}") from None

    return read


def _root(directory: Path) -> Path | zipfile.Path:
    if not zipfile.is_zipfile(directory):
        return directory.parent if directory.name == tables.DESCRIPTOR else directory
    top = zipfile.Path(directory)
    folders = [path for path in top.iterdir() if path.is_dir()]
    inside = len(folders) == 1 and not (top / tables.DESCRIPTOR).exists()
    return folders[0] if inside else top


def _ask_places(store: Store, devices: list[Device], settings: Config) -> None:
    """DeviceListError names the deployments whose place is far from the others."""
    known = {device.id: device for device in store.read_now(lambda reader: reader.devices())}
    rows = [(device.name, device) for device in devices]
    check_places(rows, known, settings.dashboard.centre, STUDY_KM)


def _refuse_whole(path: Path, title: str, rows: int, findings: Findings, as_json: bool) -> NoReturn:
    """Nothing is written: figures from what is left would be wrong, and look right."""
    refused = len(findings.refused)
    figures = {"title": title, "rows": rows, "rows_refused": refused}
    _report(figures, findings, as_json=as_json)
    _refuse(
        f"{path}: {rows} 行のうち {refused} 行が使えないため、何も取り込みませんでした。"
        "直すか、--partial で残りだけを取り込んでください（行を失った設置は努力量ごと除きます）"
        f" / {refused} of {rows} rows are refused, more than 1 %: nothing was imported. Mend them, or"
        " import the rest with --partial (deployments that lost rows are then left out, effort included)"
    )


def _refuse(text: str) -> NoReturn:
    sys.stderr.write(f"shishigaki import: {text}\n")
    raise typer.Exit(1)


def _report(report: dict[str, Any], findings: Findings, *, as_json: bool) -> None:
    """Figures on stdout, findings with their places on stderr; as JSON all of it on stdout."""
    if as_json:
        whole = report | msgspec.to_builtins(findings)
        typer.echo(msgspec.json.format(msgspec.json.encode(whole)).decode())
        return
    for name, value in report.items():
        typer.echo(f"{LABELS.get(name, name)}: {_shown(value)}")
    _list("直したもの / repaired", findings.repaired)
    _list("取り込めなかったもの / refused", findings.refused)


LABELS = {
    "title": "題名 / title",
    "deployments": "設置 / deployments",
    "readings": "記録 / readings",
    "devices_new": "新しい機器 / new devices",
    "events_new": "新しい記録 / new events",
    "events_known": "取り込み済みの記録 / known already",
    "encoding": "文字コード / encoding",
    "rows": "行 / rows",
    "sightings_new": "新しい目撃 / new sightings",
    "sightings_known": "取り込み済みの目撃 / known already",
    "left_out": "数えないもの / left out",
    "rows_absent": "見ていない行（目撃にしません） / rows that saw nothing: no sightings",
    "rows_refused": "使えない行 / rows refused",
    "deployments_left_out": "行を失ったため除いた設置 / deployments left out for lost rows",
}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "0"
    if isinstance(value, list):
        return f"{len(value)}: {', '.join(value[:20])}" if value else "0"
    return str(value)


def _list(title: str, findings: list[CellRemark]) -> None:
    if not findings:
        return
    sys.stderr.write(f"{title}: {len(findings)}\n")
    for same in grouped(findings).values():
        for finding in same[:MAX_EXAMPLES]:
            sys.stderr.write(f"  {finding}\n")
        if len(same) > MAX_EXAMPLES:
            sys.stderr.write(
                f"  … {len(same) - MAX_EXAMPLES} more / ほか {len(same) - MAX_EXAMPLES} 件\n"
            )
