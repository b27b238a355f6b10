"""A list as a file: CSV in the encodings and separators of spreadsheets, XLSX or GeoJSON, to rows of text.

Owns what a file may be. Must not know what a column means.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.errors import BadInputError

MAX_BYTES = 10_000_000
MAX_ROWS = 20_000
MAX_UNPACKED = 100_000_000
SEPARATORS = ",;\t"
_EXACT = 2**53  # beyond it a spreadsheet's number has lost digits

Row = tuple[str, dict[str, str]]  # where it stands, cells by name as written


class _Collection(Struct):
    features: list[Any]


class Sheet(Struct, frozen=True):
    """What a file holds: where its header stands and what it says ([]: rows name their own), its rows."""

    where: str
    header: list[str]
    rows: list[Row]


class DeviceListError(BadInputError):
    """The list cannot be used; names line, column, value and what is allowed."""


def read(data: bytes, weigh: Callable[[list[str]], int]) -> Sheet:
    """The rows that are not empty. `weigh`: how many names of a header are known, to find the separator."""
    if len(data) > MAX_BYTES:
        raise DeviceListError(f"{len(data)} bytes: {MAX_BYTES:,} まで / at most {MAX_BYTES:,}")
    if data[:4] == b"PK\x03\x04":
        return _xlsx(data)
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise DeviceListError(
            ".xls は読めません。.xlsx か CSV UTF-8 で保存してください / save the list as .xlsx or CSV UTF-8"
        )
    text = _text(data)
    return _geojson(text) if text.lstrip().startswith("{") else _csv(text, weigh)


def _text(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or what Japanese spreadsheets write (Shift_JIS)."""
    names = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp932")
    for name in names:
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    raise DeviceListError(
        "UTF-8 でも Shift_JIS でもありません。CSV UTF-8 で保存してください / "
        "neither UTF-8 nor Shift_JIS: save the list as CSV UTF-8"
    )


def _csv(text: str, weigh: Callable[[list[str]], int]) -> Sheet:
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=lambda one: weigh(_cells(first, one)))
    lines = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        return _table((f"line {lines.line_num}", cells) for cells in lines)
    except csv.Error as error:
        where = f"line {lines.line_num + 1}"
        raise DeviceListError(f"{where}: CSV として読めません / not CSV: {error}") from None


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _table(lines: Iterable[tuple[str, list[str]]]) -> Sheet:
    """Rows by the names of the first line that is not empty."""
    filled = ((where, cells) for where, cells in _stripped(lines) if any(cells))
    where, header = next(filled, ("line 1", []))
    found: list[Row] = []
    for at, cells in filled:
        if len(found) == MAX_ROWS:
            raise DeviceListError(f"{MAX_ROWS:,} 行まで / at most {MAX_ROWS:,} rows")
        if extra := next(filter(None, cells[len(header) :]), ""):
            raise DeviceListError(
                f"{at}: {extra!r}: 見出しより列が多い（値の中に区切り文字?） / "
                "more cells than the header has: a separator within a value?"
            )
        pairs = zip(header, cells, strict=False)
        found.append((at, {name: value for name, value in pairs if name and value}))
    return Sheet(where, header, found)


def _stripped(lines: Iterable[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
    for where, cells in lines:
        yield where, [cell.strip() for cell in cells]


def _xlsx(data: bytes) -> Sheet:
    """The first sheet of a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        lines = _lines(data) if unpacked <= MAX_UNPACKED else None
    except Exception as error:  # whatever a broken workbook makes of its reader
        raise DeviceListError(
            f".xlsx として読めません。CSV UTF-8 で保存してください / "
            f"not a workbook ({type(error).__name__}): save the list as CSV UTF-8"
        ) from None
    if lines is None:
        raise DeviceListError("中身が大きすぎます / the workbook is too large")
    return _table(lines)


def _lines(data: bytes) -> list[tuple[str, list[str]]]:
    from openpyxl import load_workbook  # heavy, and seldom needed

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    every = book.worksheets[0].iter_rows(values_only=True)
    numbered = zip(range(1, MAX_ROWS + 3), every, strict=False)
    return [(f"line {number}", [_cell(value) for value in cells]) for number, cells in numbered]


def _cell(value: Any) -> str:
    """A cell of a workbook as text; a number that has lost digits as the spreadsheet shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return f"{value:E}" if abs(value) > _EXACT else str(value)
    return "" if value is None else str(value)


def _geojson(text: str) -> Sheet:
    try:
        features = msgspec.json.decode(text, type=_Collection).features
    except msgspec.MsgspecError:
        raise DeviceListError("not a GeoJSON FeatureCollection") from None
    numbered = enumerate(features[:MAX_ROWS], start=1)
    rows = [(f"feature {number}", _feature(one, f"feature {number}")) for number, one in numbered]
    return Sheet("", [], rows)


def _feature(feature: Any, where: str) -> dict[str, str]:
    try:
        geometry, values = feature.get("geometry"), dict(feature.get("properties") or {})
        if geometry:
            values["lon"], values["lat"] = geometry["coordinates"][:2]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DeviceListError(f"{where}: needs a Point geometry and properties") from None
    return {str(name): _cell(value) for name, value in values.items() if value is not None}
