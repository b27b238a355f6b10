"""`shishigaki import`: published packages and municipal tables into the store, with a report.

Owns files and words of the report. What the files mean: `camtrapdp`, `sightingtable`.
"""

import sys
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import typer

from gateway.cli.options import AsJson, ConfigFile, load, open_store
from gateway.ingest.files import camtrapdp as package_format
from gateway.ingest.files import replay, report_table
from gateway.ingest.files.import_report import Finding, Findings, grouped
from gateway.ingest.files.report_columns import TableError, read_map

SHOWN = 3  # examples of each kind of finding; --json gives all

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
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Camtrap DP 1.0 のパッケージを取り込みます。二度取り込んでも増えません / import a Camtrap DP package."""
    settings = load(config)
    zone, now = ZoneInfo(settings.site.timezone), datetime.now(UTC)
    try:
        package = package_format.parse(_reader(directory), zone, now, prefix)
        with closing(open_store(settings)) as store:
            told = replay.take(store, package.devices, package.readings, now)
    except (package_format.PackageError, replay.HistoryError) as error:
        _refuse(f"{directory}: {error}")
    report = {
        "title": package.title,
        "deployments": len(package.devices),
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
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """自治体の目撃情報を取り込みます。二度取り込んでも増えません / import a table of people's sightings."""
    settings = load(config)
    zone, now = ZoneInfo(settings.site.timezone), datetime.now(UTC)
    try:
        map_ = read_map(_bytes(map_file))
    except TableError as error:
        _refuse(f"{map_file}: {error}")
    try:
        reports = report_table.parse(_bytes(file), map_, file.name, zone, now)
    except TableError as error:
        _refuse(f"{file}: {error}")
    with closing(open_store(settings)) as store:
        new = store.write_now(lambda tx: tx.sightings.add(reports.sightings))
    report = {
        "title": reports.title,
        "encoding": reports.encoding,
        "rows": reports.rows,
        "sightings_new": new,
        "sightings_known": len(reports.sightings) - new,
    }
    _report(report, reports.findings, as_json=as_json)
    if not reports.sightings:
        _refuse(f"{file}: 使える行がありません / no usable row")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        _refuse(f"{path}: {error.strerror}")


def _reader(directory: Path) -> package_format.Read:
    """Files of a folder, or of a zip that holds the package at its top or in one folder."""
    root = _root(directory)

    def read(name: str) -> bytes:
        try:
            return (root / name).read_bytes()
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            reason = getattr(error, "strerror", None) or "no such file"
            raise package_format.PackageError(f"{name}: {reason}") from None

    return read


def _root(directory: Path) -> Path | zipfile.Path:
    if not zipfile.is_zipfile(directory):
        return directory.parent if directory.name == package_format.DESCRIPTOR else directory
    top = zipfile.Path(directory)
    folders = [path for path in top.iterdir() if path.is_dir()]
    inside = len(folders) == 1 and not (top / package_format.DESCRIPTOR).exists()
    return folders[0] if inside else top


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
}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "0"
    return str(value)


def _list(title: str, findings: list[Finding]) -> None:
    if not findings:
        return
    sys.stderr.write(f"{title}: {len(findings)}\n")
    for same in grouped(findings).values():
        for finding in same[:SHOWN]:
            sys.stderr.write(f"  {finding}\n")
        if len(same) > SHOWN:
            sys.stderr.write(f"  … {len(same) - SHOWN} more / ほか {len(same) - SHOWN} 件\n")
