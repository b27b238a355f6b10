"""Events as CSV or JSON lines, one at a time. Owns the columns. Must not hold all events in memory."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator

import msgspec

from gateway.domain.model import FACTS, Event

_FIRST = ("id", "device", "kind", "observed_at", "received_at", "time_quality")
_NEXT = tuple(n for n in Event.__struct_fields__ if n not in {*_FIRST, *FACTS})
COLUMNS = (*_FIRST, *_NEXT, *FACTS)


async def json_lines(events: AsyncIterable[Event]) -> AsyncIterator[bytes]:
    """One JSON object per line; fields without a value are left out."""
    async for event in events:
        yield msgspec.json.encode(event) + b"\n"


async def csv_lines(events: AsyncIterable[Event]) -> AsyncIterator[str]:
    """A header, then one row per event; an empty cell: no value. Formulas are escaped."""
    yield _row(COLUMNS)
    async for event in events:
        values = msgspec.to_builtins(event)
        yield _row([_safe(values.get(name, "")) for name in COLUMNS])


def _safe(value: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return "'" + value
    return value


def _row(values: object) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)  # type: ignore[arg-type]
    return out.getvalue()
