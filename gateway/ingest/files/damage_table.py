"""A table of damage to crops, read into records by its column map. PURE.

Owns the reading of each row. Must not open files or the store. An amount that is not given stays unknown.
"""

from collections import Counter
from datetime import datetime, tzinfo
from hashlib import blake2b

from msgspec import Struct, field
from msgspec.structs import replace

from gateway.domain import species
from gateway.domain.damage.record import DamageError, DamageRecord, DamageSource, check
from gateway.ingest.files import report_place
from gateway.ingest.files.report_columns import Map
from gateway.ingest.files.report_row import ReportRow
from gateway.ingest.tables import cell_values, dates, rows
from gateway.ingest.tables.import_report import Findings, RowError
from gateway.ingest.tables.text_file import TableError

UNITS = ("m2", "m²", "円", "kg", "平方メートル", "キロ")
AMOUNTS = ("area_m2", "amount_yen", "amount_kg")


class DamageRows(Struct):
    """The content of a table."""

    encoding: str
    rows: int = 0
    records: list[DamageRecord] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def parse(data: bytes, map_: Map, file: str, zone: tzinfo, now: datetime, by: str) -> DamageRows:
    """Read a table. Raises TableError when it cannot be decoded or lacks a column of the map."""
    wanted = {cell_values.plain(name) for name in _names(map_)}
    if not map_.columns.crop:
        raise TableError("columns.crop: 作物の列がありません / no column names the crop")
    table = rows.read(data, lambda cells: wanted <= {cell_values.plain(one) for one in cells})
    missing = wanted - {cell_values.plain(one) for one in table.header}
    if missing:
        raise TableError(f"{', '.join(sorted(missing))}: その列がありません / no such column")
    found = DamageRows(table.encoding)
    seen: Counter[str] = Counter()
    for row in table.rows:
        found.rows += 1
        cells = {cell_values.plain(name): text for name, text in row.cells.items()}
        one = ReportRow(cells, map_, found.findings, (file, row.line))
        try:
            record = _record(one, zone, now, by)
            check(record, now.astimezone(zone).date())
        except RowError as error:
            found.findings.refused.append(error.at(file, row.line))
        except DamageError as error:
            wrong = RowError(error.field, str(error.value), error.text)
            found.findings.refused.append(wrong.at(file, row.line))
        else:
            found.records.append(_numbered(record, seen))
    return found


def _names(map_: Map) -> list[str]:
    columns = map_.columns
    return [name for key in columns.__struct_fields__ if (name := getattr(columns, key))]


def _record(row: ReportRow, zone: tzinfo, now: datetime, by: str) -> DamageRecord:
    lat, lon = report_place.place(row)
    try:
        day, _ = dates.day(row.cell("date"), row.noter("date"))
    except ValueError as error:
        raise row.error("date", str(error)) from None
    animal = row.known("species") or row.map.species
    area, yen, weight = (_amount(row, key) for key in AMOUNTS)
    made = DamageRecord(
        id="",
        day=day,
        lat=lat,
        lon=lon,
        crop=row.known("crop"),
        species=(species.code(animal) or animal) if animal else species.UNKNOWN,
        area_m2=area,
        amount_yen=None if yen is None else round(yen),
        amount_kg=weight,
        municipality=row.cell("municipality"),
        place=row.cell("place"),
        note=row.cell("note"),
        by=by,
        recorded_at=now,
        source=DamageSource.FILE,
    )
    return replace(made, id=row.cell("id") or _identity(made))


def _identity(one: DamageRecord) -> str:
    """Equal for the same row, whenever it is imported."""
    parts = (one.day, f"{one.lat:.5f}", f"{one.lon:.5f}", one.crop, one.species, one.area_m2)
    text = "|".join(map(str, (*parts, one.amount_yen, one.amount_kg, one.place)))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _numbered(record: DamageRecord, seen: Counter[str]) -> DamageRecord:
    """Equal rows of one table are several records, at every import the same."""
    seen[record.id] += 1
    times = seen[record.id]
    return record if times == 1 else replace(record, id=f"{record.id}-{times}")


def _amount(row: ReportRow, key: str) -> float | None:
    text = cell_values.plain(row.known(key)).replace(",", "").lower()
    for unit in UNITS:
        text = text.removesuffix(unit).strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise row.error(key, "数で書いてください / must be a number") from None
