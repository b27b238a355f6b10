"""Reads tables in text files: decodes the text and splits it into lines of cells. PURE.

Owns encodings and separators. Must not know what a line means.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from gateway.domain.errors import BadInputError

SEPARATORS = (",", ";", "\t", "，")
MAX_COLUMNS = 1_000
ENCODINGS = {
    "auto": ("utf-8-sig", "cp932"),
    "utf-8": ("utf-8-sig",),
    "cp932": ("cp932",),
    "utf-16": ("utf-16",),
}

Line = tuple[int, list[str]]
"""The number of a line (where its row begins, the first is 1) and its cells without spaces around."""


class TableError(BadInputError):
    """The file cannot be used as a table; the text says why and what to do."""


def decode(data: bytes, encoding: str = "auto") -> tuple[str, str]:
    """(text, encoding). Raises TableError."""
    for name in _candidates(data, encoding):
        try:
            return data.decode(name).lstrip("\ufeff"), name.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise TableError(
        "UTF-8 でも UTF-16 でも Shift_JIS でもありません。CSV UTF-8 で保存してください / "
        f"neither UTF-8 nor UTF-16 nor Shift_JIS ({encoding}): save it as CSV UTF-8"
    )


def _candidates(data: bytes, encoding: str) -> Sequence[str]:
    if encoding != "auto":
        return ENCODINGS[encoding]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    head = data[:2_000]
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros.count(0) * 5 > len(zeros):  # ASCII commas, digits and line ends of unmarked UTF-16
            return (name,)
    return ENCODINGS["auto"]


def lines(text: str, separator: str) -> Iterator[Line]:
    """The lines of cells. Raises TableError for a quote that never ends, with the line where it begins."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        for row in rows:
            if len(row) > MAX_COLUMNS:
                raise TableError(
                    f"line {number}: {MAX_COLUMNS:,} 列まで / {len(row):,} columns, at most "
                    f"{MAX_COLUMNS:,} are read"
                )
            _check_quotes(number, row, separator)
            yield number, [cell.strip() for cell in row]
            number = rows.line_num + 1
    except csv.Error as error:
        raise TableError(
            f'line {number}: 引用符 " の閉じ忘れなどで CSV として読めません / not CSV: {error}; '
            "is a quotation mark never closed?"
        ) from None


def _check_quotes(number: int, row: Sequence[str], separator: str) -> None:
    """Refuse a cell that swallowed whole lines because its quotation mark was closed too late."""
    fewest = max(2, len(row) - 1)
    for cell in row:
        inner = cell.splitlines()[1:]
        if any(line.count(separator) >= fewest for line in inner):
            raise TableError(
                f'line {number}: 引用符 " が閉じていないようです / a quotation mark seems never closed: '
                f"{cell[:40]!r} holds whole lines"
            )
