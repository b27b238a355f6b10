"""Events as CSV or JSON lines, one at a time, from either history. Owns the columns; keeps nothing."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from gateway.domain.model import Event, Facts

_OWN = tuple(n for n in Event.__struct_fields__ if n not in Facts.__struct_fields__)
COLUMNS = (*_OWN, *Facts.__struct_fields__)  # what and when before the details


async def json_lines(events: AsyncIterable[Event]) -> AsyncIterator[bytes]:
    """One JSON object a line, fields without a value left out."""
    async for event in events:
        yield msgspec.json.encode(event) + b"\n"


async def csv_lines(events: AsyncIterable[Event]) -> AsyncIterator[str]:
    """A header, then one row an event; empty = not told. Text that a spreadsheet would run is quoted."""
    yield _row(COLUMNS)
    async for event in events:
        values = msgspec.to_builtins(event)
        yield _row([_safe(values.get(name, "")) for name in COLUMNS])


def _safe(value: object) -> object:
    """Text that begins like a formula gets an apostrophe, as spreadsheets themselves do it."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def _row(values: object) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)  # type: ignore[arg-type]
    return out.getvalue()
