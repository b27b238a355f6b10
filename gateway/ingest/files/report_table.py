"""A municipality's table, read into sightings by its column map. PURE.

Owns the reading of each row. Must not open files or the store.
Every repaired or refused cell is in `findings` with line, column and value.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, tzinfo
from hashlib import blake2b

import msgspec
from msgspec import Struct, field

from gateway.domain.geo.doubtful_places import Place
from gateway.domain.resident_reports import Sighting, SightingKind
from gateway.ingest.files import report_animals, report_place
from gateway.ingest.files.report_columns import Map
from gateway.ingest.files.report_row import ReportRow
from gateway.ingest.tables import cell_values, dates, datum, rows
from gateway.ingest.tables.import_report import Findings, RowError
from gateway.ingest.tables.rows import Table
from gateway.ingest.tables.text_file import TableError

OWN_ID = re.compile(r"[0-9a-f]{32}\Z")  # of residents' reports (`gateway.domain.reports`)
EARLIEST = date(1926, 12, 25)
SIGNS = frozenset({SightingKind.TRACE, SightingKind.DAMAGE, SightingKind.DEATH})
"""What is found without an animal being seen: with a count of 0 it was found all the same."""


class Reports(Struct):
    """The content of a table."""

    title: str
    encoding: str
    rows: int = 0
    absent: int = 0  # rows that say that nothing was seen
    sightings: list[Sighting] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def parse(data: bytes, map_: Map, file: str, zone: tzinfo, now: datetime) -> Reports:
    """Read a table. `zone`: of its days and times; `now`: later days are refused.

    Raises TableError when it cannot be decoded or lacks a column of the map.
    """
    table = rows.read(data, lambda cells: not _missing(cells, map_), map_.encoding, map_.delimiter)
    _check(table, map_)
    reports = Reports(map_.title, table.encoding)
    seen: Counter[str] = Counter()
    for row in table.rows:
        reports.rows += 1
        cells = {cell_values.plain(name): text for name, text in row.cells.items()}
        one = ReportRow(cells, map_, reports.findings, (file, row.line))
        try:
            _check_width(row)
            found = _sightings(one, zone, now, has_comma=table.has_comma_decimals)
        except RowError as error:
            reports.findings.refused.append(error.at(file, row.line))
            continue
        reports.absent += not found
        reports.sightings += [_numbered(sighting, seen) for sighting in found]
    return reports


def _check_width(row: rows.Row) -> None:
    if row.extra:
        raise RowError("", row.extra, rows.EXTRA)


def _numbered(sighting: Sighting, seen: Counter[str]) -> Sighting:
    """Equal rows of one table are several reports, at every import the same."""
    seen[sighting.id] += 1
    if seen[sighting.id] == 1:
        return sighting
    return msgspec.structs.replace(sighting, id=f"{sighting.id}-{seen[sighting.id]}")


def _missing(header: Sequence[str], map_: Map) -> list[tuple[str, str]]:
    """(key, name) of the map's columns that a header lacks."""
    names = {cell_values.plain(name) for name in header}
    named = msgspec.structs.asdict(map_.columns).items()
    return [(key, name) for key, name in named if name and cell_values.plain(name) not in names]


def _check(table: Table, map_: Map) -> None:
    """Refuse a table that lacks a column, has it twice, or is of the old datum and nobody says what to do."""
    header = [cell_values.plain(name) for name in table.header]
    for key, name in _missing(table.header, map_):
        names = ", ".join(filter(None, table.header))
        raise TableError(
            f"columns.{key} = {name!r}: その列がありません / no such column; has: {names}"
        )
    for key, name in msgspec.structs.asdict(map_.columns).items():
        if name and header.count(cell_values.plain(name)) > 1:
            raise TableError(
                f"columns.{key} = {name!r}: その列が2つあります / two columns of that name"
            )
    if not map_.datum and any(map(datum.is_old, [table.above, *table.header])):
        raise TableError(
            '日本測地系の座標のようです。列の読み方に datum = "tokyo"（世界測地系に直す）か "wgs84" を / '
            'seems to be of the old Tokyo datum: set datum = "tokyo" (converted) or "wgs84" in the map'
        )


def _sightings(row: ReportRow, zone: tzinfo, now: datetime, *, has_comma: bool) -> list[Sighting]:
    """The row's meaning: one sighting, or one of each animal; none where none was seen. Raises RowError."""
    day, at = _when(row, zone, now)
    where = report_place.place(row, has_comma=has_comma)
    kind = _kind(row)
    animals = _animals(row)
    if not animals or (_is_none_counted(row) and kind not in SIGNS):
        row.repaired(
            "species" if not animals else "count",
            "何も見ていない行。目撃にしません / nothing was seen: no sighting",
        )
        return []
    count = _count(row) if len(animals) == 1 else None
    return [_sighting(row, (day, at), where, (kind, animal, count)) for animal in animals]


def _sighting(
    row: ReportRow,
    when: tuple[date, datetime | None],
    where: Place,
    what: tuple[SightingKind, str, int | None],
) -> Sighting:
    (day, at), (lat, lon), (kind, animal, count) = when, where, what
    identity = f"{day}|{at}|{lat:.5f}|{lon:.5f}|{kind}|{animal}|{count}"
    told = row.cell("id")  # of a report of this or another gateway: at home it is known already
    return Sighting(
        id=told if OWN_ID.match(told) else blake2b(identity.encode(), digest_size=8).hexdigest(),
        source=row.map.title,
        kind=kind,
        species=animal,
        day=day,
        observed_at=at,
        count=count,
        lat=lat,
        lon=lon,
        municipality=row.cell("municipality"),
        place=row.cell("place"),
        note=row.cell("note"),
    )


def _when(row: ReportRow, zone: tzinfo, now: datetime) -> tuple[date, datetime | None]:
    try:
        day, rest = dates.day(row.cell("date"), row.noter("date"))
    except ValueError as error:
        raise row.error("date", str(error)) from None
    if not EARLIEST <= day <= now.astimezone(zone).date():
        raise row.error(
            "date", f"{day} は未来か {EARLIEST} より前 / lies in the future or before {EARLIEST}"
        )
    _compare_year(row, day)
    column = "time" if row.map.columns.time else "date"
    text = row.cell("time") if row.map.columns.time else rest
    hour = dates.clock(text, row.noter(column))
    return day, _instant(day, hour, zone)


def _compare_year(row: ReportRow, day: date) -> None:
    text = cell_values.plain(row.cell("year"))
    if not text:
        return
    try:
        year = dates.day(f"{text.rstrip('年度')}.12.31", lambda _: None)[0].year
    except ValueError:
        row.repaired("year", "年として読めません。日付を使います / not a year; the date is taken")
        return
    if year != day.year:
        row.repaired(
            "year", "日付と合いません。日付を使います / disagrees with the date; the date is taken"
        )


def _kind(row: ReportRow) -> SightingKind:
    word = row.cell("kind")
    if not word:
        return row.map.kind
    found = row.map.kinds.get(word)
    if found is None:
        allowed = ", ".join(row.map.kinds) or "none"
        raise row.error(
            "kind", f"[kinds] にない言葉です / no such word under [kinds]; has: {allowed}"
        )
    return found


def _animals(row: ReportRow) -> list[str]:
    return report_animals.animals(row.cell("species") or row.map.species, row.noter("species"))


def _is_none_counted(row: ReportRow) -> bool:
    return cell_values.is_none(row.cell("count"))


def _count(row: ReportRow) -> int | None:
    if _is_none_counted(row):  # a trace, and no animal
        return None
    return cell_values.number(row.cell("count"), row.noter("count"))


def _instant(day: date, hour: time | None, zone: tzinfo) -> datetime | None:
    return datetime.combine(day, hour, zone).astimezone(UTC) if hour is not None else None
