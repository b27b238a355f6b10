"""Device lists: from a file to registry rows. PURE.

Owns what holds for a list as a whole: its columns, that no id stands twice, which rows are wrong, and
which places are asked about. Files are read in `tables.rows` and `list_geojson`, single rows in `list_cells`.
Must not store anything.
Only the columns `id` and `role` are needed; lines that are empty count nothing.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from gateway.domain.errors import BadInputError
from gateway.domain.geo import doubtful_places, far_places
from gateway.domain.geo.far_places import Place
from gateway.domain.model import Device, Standing
from gateway.ingest.devices import list_cells, list_geojson, list_words
from gateway.ingest.devices.list_cells import address
from gateway.ingest.devices.list_words import COLUMNS
from gateway.ingest.tables import datum, ids
from gateway.ingest.tables import rows as tables
from gateway.ingest.tables.rows import Table
from gateway.ingest.tables.text_file import TableError

SHOWN = 10  # rows that are named
HINT = (
    "。緯度・経度を直すか、正しければ --far-ok を付けてください"
    " / correct lat and lon, or confirm that the places are right with --far-ok"
)
DATUM_HINT = (
    "。--datum tokyo で世界測地系に直して登録、--datum wgs84 でそのまま登録します"
    " / --datum tokyo converts the list to WGS 84, --datum wgs84 takes it as it is"
)


class DeviceListError(BadInputError):
    """The list cannot be used; names line, column, value and what is allowed."""


class DeviceList(Struct):
    """What a list holds: rows that can be registered, and the words for those that cannot."""

    rows: list[tuple[str, Device]] = field(default_factory=list)  # each with where it stands
    faults: list[str] = field(default_factory=list)
    is_old_datum: bool = False  # its header says so


def parse(data: bytes) -> list[Device]:
    """Registry rows of a list; DeviceListError names every broken row."""
    return [device for _, device in parse_rows(data)]


def parse_rows(data: bytes) -> list[tuple[str, Device]]:
    """The same, each with its position in the file: "line 7", "feature 3"."""
    found = read(data)
    if found.faults:
        raise DeviceListError(said(found.faults))
    return found.rows


def read(data: bytes) -> DeviceList:
    """A list with its broken rows; DeviceListError when it cannot be read at all."""
    try:
        if list_geojson.is_geojson(data):
            rows = [_Row(where, cells) for where, cells in list_geojson.rows(data)]
            return _judged(rows, DeviceList())
        table = tables.read(data, _is_header)
    except TableError as error:
        raise DeviceListError(str(error)) from None
    columns = _columns(table)
    words = [table.above, *table.header]
    found = DeviceList(is_old_datum=any(map(datum.is_old, words)))
    rows = [
        _Row(
            f"line {row.line}", {columns[name]: text for name, text in row.cells.items()}, row.extra
        )
        for row in table.rows
    ]
    return _judged(rows, found, has_comma=table.has_comma_decimals)


class _Row(Struct, frozen=True):
    """Where a row stands, its cells by column, and what stands beyond the header."""

    where: str
    cells: dict[str, str]
    extra: str = ""


def _judged(rows: Sequence[_Row], found: DeviceList, *, has_comma: bool = False) -> DeviceList:
    """`found` with the rows that can be registered, and a fault for every other."""
    if not rows:
        raise DeviceListError("行のない一覧です / the list has no rows")
    lines = _lines_by_likeness(rows)
    for row in rows:
        device, faults = list_cells.device(row.cells, has_comma=has_comma)
        if row.extra:
            faults.append(("", row.extra, tables.EXTRA))
        twins = lines[_likeness(row)]
        if device is not None and len(twins) > 1:
            others = ", ".join(where for where in twins if where != row.where)
            faults.append(("id", device.id, f"{others} と同じ番号です / the same id as {others}"))
        found.faults += [_fault(row.where, *fault) for fault in faults]
        if device is not None and not faults:
            found.rows.append((row.where, device))
    return found


def _lines_by_likeness(rows: Sequence[_Row]) -> dict[str, list[str]]:
    """Where ids stand that people would take for one device."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(_likeness(row), []).append(row.where)
    return found


def _likeness(row: _Row) -> str:
    id_ = address(ids.unguarded(row.cells.get("id", "")))
    return ids.without_zeros(id_) or ids.likeness(id_)


def said(faults: Sequence[str]) -> str:
    """The broken rows in one text, the first of many."""
    more = [f"… {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
    return "; ".join([*faults[:SHOWN], *more])


def _fault(where: str, column: str, value: str, wrong: str) -> str:
    named = f"{column} " if column else ""
    return f"{where}: {named}{value[:60] or '(空 / empty)'}: {wrong}"


def _is_header(cells: Sequence[str]) -> bool:
    return {"id", "role"} <= {list_words.column(name) for name in cells}


def _columns(table: Table) -> dict[str, str]:
    """The name in the file -> column. Raises DeviceListError."""
    where, header = f"line {table.header_line}", [name for name in table.header if name]
    if not header:
        raise DeviceListError("空の一覧です / the list is empty")
    found = {name: list_words.column(name) for name in header}
    unknown = [name for name, column in found.items() if not column]
    if unknown:
        _refuse(where, f"知らない列 / unknown column {unknown[0][:60]!r}")
    names = [list_words.column(name) for name in header]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        _refuse(where, f"列 {twice} が2つあります / two columns mean {twice}")
    if not {"id", "role"} <= set(names):
        _refuse(where, "列 id と role が必要です / columns id and role are needed")
    return found


def _refuse(where: str, wrong: str) -> None:
    separators = "区切りはコンマ、セミコロンかタブ / separated by comma, semicolon or tab"
    raise DeviceListError(f"{where}: {wrong}; allowed: {', '.join(COLUMNS)}; {separators}")


def check_zeros(found: DeviceList, known: Iterable[str]) -> None:
    """Refuse numbers that lost their leading zeros; `known`: ids registered or seen in messages."""
    whole = {ids.without_zeros(id_): id_ for id_ in known if id_.startswith("0")}
    lost = [
        _fault(
            where,
            "id",
            one.id,
            f"先頭の 0 が消えたようです（{whole[one.id]}） / lost its leading zeros: "
            f"{whole[one.id]} is known",
        )
        for where, one in found.rows
        if one.id in whole
    ]
    if lost:
        raise DeviceListError(said(lost))


def check_datum(
    found: DeviceList, known: Mapping[str, Device], reported: Mapping[str, Place]
) -> None:
    """Ask about places that are of the old Japanese datum, by the header or by their offset.

    `known`: the registry; `reported`: where devices said that they are, by id.
    """
    places = ["見出し / the header"] if found.is_old_datum else []
    for where, device in found.rows:
        place, registered = place_of(device), known.get(device.id)
        others = [reported.get(device.id), place_of(registered) if registered else None]
        if place and any(other and doubtful_places.is_of_tokyo(place, other) for other in others):
            places.append(f"{where}: {device.id} ({place[0]}, {place[1]})")
    if places:
        wrong = "日本測地系（旧測地系）の座標のようです / seems to be of the old Tokyo datum"
        raise DeviceListError(f"{said(places)}: {wrong}{DATUM_HINT}")


def converted(device: Device) -> Device:
    """A row whose place was written in the old datum, in WGS 84."""
    place = place_of(device)
    if place is None:
        return device
    lat, lon = doubtful_places.from_tokyo(place)
    return msgspec.structs.replace(device, lat=round(lat, 7), lon=round(lon, 7))


def check_places(
    rows: Sequence[tuple[str, Device]],
    known: Mapping[str, Device],
    centre: Place | None = None,
    least_km: float = far_places.ASK_KM,
) -> None:
    """Check that no new row lies far from the others. Raises DeviceListError with line, place and distance.

    `known`: the registry, whose places are not asked about again; `centre`: of the site, if configured.
    """
    fixed = [centre] if centre else []
    fixed += [place for one in known.values() if (place := _registered(one))]
    new = [
        (where, one, place)
        for where, one in rows
        if (place := place_of(one)) and not _is_known(one, known.get(one.id))
    ]
    asked = far_places.to_ask([place for *_, place in new], fixed, least_km)
    if asked:
        moves = [_far(*new[index], km) for index, km in asked.items()]
        more = [f"… {len(moves) - SHOWN} more"] if len(moves) > SHOWN else []
        raise DeviceListError("; ".join([*moves[:SHOWN], *more]) + HINT)


def place_of(device: Device) -> Place | None:
    """Latitude and longitude of its row, if it has both."""
    return None if device.lat is None or device.lon is None else (device.lat, device.lon)


def _registered(device: Device) -> Place | None:
    return place_of(device) if device.standing is Standing.APPROVED else None


def _is_known(device: Device, known: Device | None) -> bool:
    return known is not None and _registered(known) == place_of(device)


def _far(where: str, device: Device, place: Place, km: float) -> str:
    return (
        f"{where}: {device.id} ({place[0]}, {place[1]}) は他の場所から {km:,.0f} km 離れています"
        f" / is {km:,.0f} km from the others"
    )


def to_csv(devices: Iterable[Device]) -> str:
    """The list as CSV, as `parse` reads it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(msgspec.structs.asdict(device) for device in devices)
    return out.getvalue()


__all__ = [
    "DeviceList",
    "DeviceListError",
    "address",
    "check_datum",
    "check_places",
    "check_zeros",
    "converted",
    "parse",
    "parse_rows",
    "place_of",
    "read",
    "said",
    "to_csv",
]
