"""Reads workbooks (XLSX): sheets to lines of cells, within size limits. PURE.

Owns what a workbook may hold and how its values become text. Must not know what a line means. Sizes are
checked before anything is unpacked: a zip file unpacks to at most the size in its directory.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from gateway.ingest.tables.text_file import Line, TableError

MAX_UNPACKED_BYTES = 64_000_000
MAX_PARTS = 500
MAX_LINES = 50_000
MAX_COLUMNS = 200
_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number
_BOOK = "xl/workbook.xml"
_REMEDY = "。CSV UTF-8 で保存してください / save it as CSV UTF-8"


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are a zip file, as workbooks are."""
    return data[:4] == b"PK\x03\x04"


def sheets(data: bytes) -> list[tuple[str, list[Line]]]:
    """(name, lines that are not empty) of every sheet. Raises TableError."""
    _check(data)
    from openpyxl import load_workbook  # heavy, and seldom needed

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return [(sheet.title, list(_lines(sheet))) for sheet in book.worksheets]
    except TableError:
        raise
    except Exception as error:  # a damaged workbook may raise anything
        kind = type(error).__name__
        raise TableError(f".xlsx として読めません / not a workbook ({kind}){_REMEDY}") from None


def _check(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            names = {part.filename for part in parts}
            if _BOOK not in names:
                raise TableError(f".xlsx ではない圧縮ファイルです / a zip file, not .xlsx{_REMEDY}")
            size = sum(part.file_size for part in parts)
            if size > MAX_UNPACKED_BYTES or len(parts) > MAX_PARTS:
                raise TableError(
                    f".xlsx の中身が大きすぎます / unpacked it has {size:,} bytes, at most "
                    f"{MAX_UNPACKED_BYTES:,} are read{_REMEDY}"
                )
            if any(b"<!ENTITY" in packed.read(name) for name in names if name.endswith(".xml")):
                raise TableError(
                    f".xlsx に XML の実体定義があります / it defines entities{_REMEDY}"
                )
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
    ) as error:
        raise TableError(
            f".xlsx が壊れています / not a workbook, or a broken one ({error}){_REMEDY}"
        ) from None


def _lines(sheet: Any) -> Iterator[Line]:
    sheet.reset_dimensions()  # programs write wrong ones
    rows = sheet.iter_rows(max_row=MAX_LINES + 1, max_col=MAX_COLUMNS)
    for number, row in enumerate(rows, start=1):
        cells = [_text(cell.value, cell) for cell in row]
        if not any(cells):
            continue
        if number > MAX_LINES:
            raise TableError(f"{MAX_LINES:,} 行まで / at most {MAX_LINES:,} lines are read")
        yield number, cells


def _text(value: Any, cell: Any = None) -> str:
    """A value as text; whole numbers with the zeros before them that the cell's format shows."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is int:
        zeros = str(getattr(cell, "number_format", "") or "")
        return number_text(value).zfill(len(zeros) if set(zeros) == {"0"} else 0)
    return value_text(value)


def number_text(value: int) -> str:
    """A whole number; beyond 15 digits as a spreadsheet shows it, because the other digits are lost."""
    return f"{value:.4E}" if abs(value) >= _EXACT else str(value)


def value_text(value: Any) -> str:
    """A plain value as a person would write it into a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        )
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).strip()
