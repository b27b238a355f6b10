"""One import from the bytes of a file to the store, or only a look at it: for the command and for the page.

Owns the order: read, judge, note the import, write, note its end. Nothing is written of a file of which more
than 1 % of the rows is refused, unless `partial` says so. Must not print.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import asdict, replace

from gateway.domain.model import Device
from gateway.ingest.files import damage_table, package_files, replay, report_table, undo
from gateway.ingest.files.camtrapdp import package as camtrapdp
from gateway.ingest.files.camtrapdp.package import Package
from gateway.ingest.files.report_columns import Map
from gateway.ingest.tables.import_report import Findings, too_many
from gateway.store import Store, Transaction
from gateway.store.imports.record import ImportKind

SIGHTING_ROWS = "sighting"  # the table of sightings among the rows of an import
SPARED_ROWS = 3  # refused rows that cost a table of sightings nothing: no effort stands behind it
_TOO_MANY = (
    "直すか、「残りだけ」（--partial）で取り込んでください（行を失った設置は努力量ごと除きます） / "
    "more than 1 %: nothing was imported. Mend them, or import the rest with --partial (deployments "
    "that lost rows are then left out, effort included)"
)


CheckPlaces = Callable[[Sequence[Device], Mapping[str, Device]], None]
"""Raises DeviceListError for places far from the others: (new devices, the registry)."""


class Site(Struct, frozen=True):
    """What an import needs to know of the site. `check_places` None: places are not asked about."""

    zone: ZoneInfo
    now: datetime
    check_places: CheckPlaces | None = None


class Request(Struct, frozen=True, kw_only=True):
    """What is to be imported, by whom, and how."""

    path: Path
    name: str  # of the file, as people know it
    by: str
    prefix: str = ""
    partial: bool = False
    preview: bool = False  # True: nothing is written


class Result(Struct, frozen=True, kw_only=True):
    """What an import read and wrote. `refusal`: why nothing of it was written; "" otherwise."""

    figures: dict[str, object]
    findings: Findings
    refusal: str = ""
    id: str = ""  # of the import; "": nothing was written


def import_package(store: Store, request: Request, site: Site) -> Result:
    """A Camtrap DP package. Raises PackageError, HistoryError or DeviceListError."""
    read = package_files.reader(request.path)
    package = camtrapdp.parse(read, site.zone, site.now, request.prefix)
    refused, left_out = len(package.findings.refused), set[str]()
    if too_many(refused, package.rows):
        if not request.partial:
            counts = {"title": package.title, "rows": package.rows, "rows_refused": refused}
            return _refused(counts, package.findings)
        package, left_out = package.without_incomplete(), package.incomplete
    figures: dict[str, object] = {
        "title": package.title,
        "deployments": len(package.devices),
        "deployments_left_out": sorted(left_out),
        "readings": len(package.readings),
        "left_out": dict(package.left_out),
    }
    if site.check_places is not None:
        known = {device.id: device for device in store.read_now(lambda reader: reader.devices())}
        site.check_places(package.devices, known)
    if not package.devices:
        nothing = "使える設置記録がありません / no usable deployment"
        return Result(figures=figures, findings=package.findings, refusal=nothing)
    replay.check_devices(store, package.devices)
    if request.preview:
        return Result(figures=figures, findings=package.findings)
    return _write_package(store, request, site, package, figures)


def _write_package(
    store: Store, request: Request, site: Site, package: Package, figures: dict[str, object]
) -> Result:
    ids = [device.id for device in package.devices]
    batch = undo.begin(store, ImportKind.CAMTRAPDP, request.name, request.by, site.now, ids)
    summary = replay.import_history(store, package.devices, package.readings, site.now)
    ended = replace(
        batch,
        title=package.title,
        ended_at=site.now,
        counts=asdict(summary),
        repaired=len(package.findings.repaired),
        refused=len(package.findings.refused),
    )
    store.write_now(lambda tx: tx.imports.end(ended))
    return Result(figures=figures | asdict(summary), findings=package.findings, id=batch.id)


def import_sightings(store: Store, request: Request, site: Site, map_: Map) -> Result:
    """A table of sightings. Raises TableError."""
    data = package_files.bytes_of(request.path)
    reports = report_table.parse(data, map_, request.name, site.zone, site.now)
    figures: dict[str, object] = {
        "title": reports.title,
        "encoding": reports.encoding,
        "rows": reports.rows,
        "rows_absent": reports.absent,
    }
    refused = len(reports.findings.refused)
    if too_many(refused, reports.rows, SPARED_ROWS) and not request.partial:
        return _refused(figures | {"rows_refused": refused}, reports.findings)
    if not reports.sightings and not reports.absent:
        nothing = "使える行がありません / no usable row"
        return Result(figures=figures, findings=reports.findings, refusal=nothing)
    if request.preview:
        found = figures | {"sightings": len(reports.sightings)}
        return Result(figures=found, findings=reports.findings)
    rows = _Rows(
        ImportKind.SIGHTINGS,
        SIGHTING_ROWS,
        len(reports.sightings),
        lambda tx: tx.sightings.add(reports.sightings),
    )
    return _write_rows(store, request, site, rows, figures, reports.findings)


def import_damage(store: Store, request: Request, site: Site, map_: Map) -> Result:
    """A table of damage to crops. Raises TableError."""
    data = package_files.bytes_of(request.path)
    table = damage_table.parse(data, map_, request.name, site.zone, site.now, request.by)
    refused = len(table.findings.refused)
    figures: dict[str, object] = {"encoding": table.encoding, "rows": table.rows}
    if too_many(refused, table.rows) and not request.partial:
        return _refused(figures | {"rows_refused": refused}, table.findings)
    if not table.records:
        nothing = "使える行がありません / no usable row"
        return Result(figures=figures, findings=table.findings, refusal=nothing)
    if request.preview:
        found = figures | {"damage": len(table.records)}
        return Result(figures=found, findings=table.findings)
    rows = _Rows(
        ImportKind.DAMAGE,
        ImportKind.DAMAGE,
        len(table.records),
        lambda tx: [id_ for one in table.records if (id_ := tx.damage.add_of_file(one))],
    )
    return _write_rows(store, request, site, rows, figures, table.findings)


class _Rows(Struct, frozen=True):
    """What a table brings. `add`: writes it and gives the ids that were not there before."""

    kind: ImportKind
    table: str  # where the added ids lie, for an undo
    count: int
    add: Callable[[Transaction], Collection[str]]


def _write_rows(
    store: Store,
    request: Request,
    site: Site,
    rows: _Rows,
    figures: dict[str, object],
    findings: Findings,
) -> Result:
    """Rows and the end of their import in one transaction: a kill leaves no row that no undo knows."""
    batch = undo.begin(store, rows.kind, request.name, request.by, site.now)

    def write(tx: Transaction) -> dict[str, int]:
        new = rows.add(tx)
        added = {f"{rows.kind}_new": len(new), f"{rows.kind}_known": rows.count - len(new)}
        ended = replace(
            batch,
            title=str(figures.get("title", "")),
            ended_at=site.now,
            counts=added,
            repaired=len(findings.repaired),
            refused=len(findings.refused),
        )
        tx.imports.end(ended, rows.table, new)
        return added

    added = store.write_now(write)
    return Result(figures=figures | added, findings=findings, id=batch.id)


def _refused(figures: dict[str, object], findings: Findings) -> Result:
    rows, refused = figures["rows"], len(findings.refused)
    words = (
        f"{rows} 行のうち {refused} 行が使えないため、何も取り込みませんでした。"
        f"{_TOO_MANY.replace('more than', f'{refused} of {rows} rows are refused, more than', 1)}"
    )
    return Result(figures=figures, findings=findings, refusal=words)
