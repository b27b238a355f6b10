"""A municipality's table, read through its column map, becomes sightings. PURE.

Owns the judgement of each row. Must not touch files or the store.
Nothing is guessed silently: what was
repaired or refused stands in `findings` with line, column and value.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from hashlib import blake2b

import msgspec
from msgspec import Struct, field

from gateway.domain import species
from gateway.domain.geo import mesh
from gateway.domain.geo.degrees import Axis
from gateway.domain.resident_reports import Sighting, SightingKind
from gateway.ingest.files import cell_values
from gateway.ingest.files.import_report import Findings, RowError
from gateway.ingest.files.report_columns import Columns, Map, TableError

_AXES: tuple[tuple[str, Axis], ...] = (("lat", "lat"), ("lon", "lon"))
JAPAN = (20.0, 46.0, 122.0, 154.0)  # south, north, west, east
APART_DEG = 0.001  # two notations of one place may differ by so much (100 m)
EARLIEST = date(1926, 12, 25)
_ENCODINGS = {"auto": ("utf-8-sig", "cp932"), "utf-8": ("utf-8-sig",), "cp932": ("cp932",)}
_WKT = re.compile(r"POINT\s*(?:Z\s*)?\(\s*(\S+)\s+(\S+?)(?:\s+\S+)?\s*\)", re.IGNORECASE)


class Reports(Struct):
    """What a table holds."""

    title: str
    encoding: str
    rows: int = 0
    sightings: list[Sighting] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def parse(data: bytes, map_: Map, file: str, zone: tzinfo, now: datetime) -> Reports:
    """Read a table. `zone`: of its days and times; `now`: later days are refused.

    Raises TableError when it cannot be decoded or lacks a column of the map.
    """
    text, encoding = _decode(data, map_.encoding)
    reports = Reports(map_.title, encoding)
    seen: Counter[str] = Counter()
    for line, row in _rows(text, map_):
        reports.rows += 1
        reader = _RowReader(reports.findings, file, line, row, map_)
        try:
            found = reader.sightings(zone, now)
        except RowError as error:
            reports.findings.refused.append(error.at(file, line))
            continue
        reports.sightings += [_numbered(sighting, seen) for sighting in found]
    return reports


def _numbered(sighting: Sighting, seen: Counter[str]) -> Sighting:
    """Equal rows of one table are several reports, at every import the same."""
    seen[sighting.id] += 1
    if seen[sighting.id] == 1:
        return sighting
    return msgspec.structs.replace(sighting, id=f"{sighting.id}-{seen[sighting.id]}")


def _decode(data: bytes, encoding: str) -> tuple[str, str]:
    for name in _ENCODINGS[encoding]:
        try:
            return data.decode(name), name.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise TableError(f"neither text in {' nor '.join(_ENCODINGS[encoding])}")


def _rows(text: str, map_: Map) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of every row that is not empty."""
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=map_.delimiter)
    try:
        _known([name.strip() for name in rows.fieldnames or ()], map_.columns)
        for row in rows:
            found = {k.strip(): v.strip() for k, v in row.items() if k and isinstance(v, str)}
            if any(found.values()):
                yield rows.line_num, found
    except csv.Error as error:
        raise TableError(f"line {rows.line_num + 1}: not CSV: {error}") from None


def _known(header: Sequence[str], columns: Columns) -> None:
    for key, name in msgspec.structs.asdict(columns).items():
        if name and name not in header:
            raise TableError(f"columns.{key} = {name!r}: no such column; has: {', '.join(header)}")


class _RowReader:
    """Reads one row, noting what it repairs."""

    def __init__(
        self, findings: Findings, file: str, line: int, row: dict[str, str], map_: Map
    ) -> None:
        self._findings, self._file, self._line = findings, file, line
        self._row, self._map = row, map_

    def sightings(self, zone: tzinfo, now: datetime) -> list[Sighting]:
        """The row's meaning: one sighting, or one an animal; none where none was seen. Raises RowError."""
        day, at = self._when(zone, now)
        lat, lon = self._where()
        kind = self._kind()
        if kind is SightingKind.SIGHTING and cell_values.is_none(self._cell("count")):
            self._repaired("count", "nothing was seen: no sighting")
            return []
        animals, count = self._species(), self._count()
        if len(animals) > 1:
            self._repaired("species", "several animals in one cell; a sighting of each, uncounted")
            count = None
        return [self._sighting(day, at, (lat, lon), kind, animal, count) for animal in animals]

    def _sighting(
        self, day: date, at: datetime | None, where: tuple[float, float], kind: SightingKind,
        animal: str, count: int | None,
    ) -> Sighting:  # fmt: skip
        lat, lon = where
        identity = f"{day}|{at}|{lat:.5f}|{lon:.5f}|{kind}|{animal}|{count}"
        return Sighting(
            id=blake2b(identity.encode(), digest_size=8).hexdigest(),
            source=self._map.title,
            kind=kind,
            species=animal,
            day=day,
            observed_at=at,
            count=count,
            lat=lat,
            lon=lon,
            municipality=self._cell("municipality"),
            place=self._cell("place"),
            note=self._cell("note"),
        )

    def _when(self, zone: tzinfo, now: datetime) -> tuple[date, datetime | None]:
        try:
            day, rest = cell_values.day(self._cell("date"), self._noter("date"))
        except ValueError as error:
            raise self._error("date", str(error)) from None
        if not EARLIEST <= day <= now.astimezone(zone).date():
            raise self._error("date", f"{day} lies in the future or before {EARLIEST}")
        self._compare_year(day)
        column = "time" if self._map.columns.time else "date"
        text = self._cell("time") if self._map.columns.time else rest
        hour = cell_values.clock(text, self._noter(column))
        return day, _instant(day, hour, zone)

    def _compare_year(self, day: date) -> None:
        text = cell_values.plain(self._cell("year"))
        if not text:
            return
        try:
            year = cell_values.day(f"{text.rstrip('年度')}.12.31", lambda _: None)[0].year
        except ValueError:
            self._repaired("year", "not a year; the date is taken")
            return
        if year != day.year:
            self._repaired("year", "disagrees with the date; the date is taken")

    def _where(self) -> tuple[float, float]:
        code, wkt = self._mesh(), self._wkt()
        found = self._point(wkt)
        if found is None and code:
            self._repaired("mesh", "no place given; the middle of its mesh is taken")
            found = mesh.centre(code)
        if found is None:
            raise self._error("lat", "no place is given")
        lat, lon = self._in_japan(*found)
        if wkt and max(abs(lat - wkt[0]), abs(lon - wkt[1])) > APART_DEG:
            self._repaired("wkt", "disagrees with latitude and longitude; those are taken")
        if code and not (
            mesh.has_code(lat, lon) and code == mesh.code(lat, lon, mesh.level_of(code))
        ):
            self._repaired("mesh", "disagrees with the place; the place is taken")
        return lat, lon

    def _point(self, wkt: tuple[float, float] | None) -> tuple[float, float] | None:
        """Latitude and longitude of their columns, else of WKT, or None."""
        if not (self._cell("lat") and self._cell("lon")):
            return wkt
        pair = []
        for key, axis in _AXES:
            try:
                pair.append(cell_values.degrees(self._cell(key), axis, self._noter(key)))
            except ValueError as error:
                if wkt is None:
                    raise self._error(key, str(error)) from None
                self._repaired(key, "not degrees; the WKT point is taken")
                return wkt
        return pair[0], pair[1]

    def _wkt(self) -> tuple[float, float] | None:
        text = self._cell("wkt")
        found = _WKT.fullmatch(text)
        if found:
            try:
                return float(found[2]), float(found[1])
            except ValueError:
                pass
        if text:
            self._repaired("wkt", "not POINT (lon lat); ignored")
        return None

    def _mesh(self) -> str:
        """The code that the table gives, if it is one."""
        text = self._cell("mesh")
        if not text:
            return ""
        if cell_values.is_destroyed(text):
            self._repaired("mesh", "destroyed by a spreadsheet; worked out from the place")
            return ""
        code = cell_values.plain(text).replace("-", "").removesuffix(".0")
        try:
            mesh.bounds(code)
        except mesh.MeshError:
            self._repaired("mesh", "no mesh code; worked out from the place")
            return ""
        return code

    def _in_japan(self, lat: float, lon: float) -> tuple[float, float]:
        south, north, west, east = JAPAN
        if self._map.anywhere and -90 <= lat <= 90 and -180 <= lon <= 180:
            return lat, lon
        if south <= lat <= north and west <= lon <= east:
            return lat, lon
        if south <= lon <= north and west <= lat <= east:
            self._repaired("lat", "latitude and longitude were exchanged; put right")
            return lon, lat
        raise self._error("lat", f"{lat}, {lon} is not in Japan")

    def _kind(self) -> SightingKind:
        word = self._cell("kind")
        if not word:
            return self._map.kind
        found = self._map.kinds.get(word)
        if found is None:
            allowed = ", ".join(self._map.kinds) or "none"
            raise self._error("kind", f"no such word under [kinds]; has: {allowed}")
        return found

    def _species(self) -> list[str]:
        """The animals of a cell; several where it names several that the table of species knows."""
        word = self._cell("species") or self._map.species
        if not word:
            return [species.UNKNOWN]
        if whole := species.code(cell_values.plain(word)):
            return [whole]
        parts = [species.code(part) for part in cell_values.parts(word)]
        several = list(dict.fromkeys(code for code in parts if code))
        return several if len(several) > 1 and None not in parts else [word]

    def _count(self) -> int | None:
        return cell_values.number(self._cell("count"), self._noter("count"))

    def _cell(self, key: str) -> str:
        name: str = getattr(self._map.columns, key)
        return self._row.get(name, "") if name else ""

    def _error(self, key: str, text: str) -> RowError:
        return RowError(getattr(self._map.columns, key) or key, self._cell(key), text)

    def _repaired(self, key: str, text: str) -> None:
        finding = self._error(key, text).at(self._file, self._line)
        self._findings.repaired.append(finding)

    def _noter(self, key: str) -> cell_values.Note:
        return lambda text: self._repaired(key, text)


def _instant(day: date, hour: time | None, zone: tzinfo) -> datetime | None:
    return datetime.combine(day, hour, zone).astimezone(UTC) if hour else None
