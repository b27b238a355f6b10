"""Times as sources write them, to aware UTC datetimes.

Owns the reading of time texts and numbers. Whether a time is plausible *now* is decided in `timing.py`;
here only times that no clock can show are refused.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.domain.zones import find_zone

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_EARLIEST_S, _LATEST_S = EARLIEST.timestamp(), LATEST.timestamp()
_MS = 1e11  # beyond it a number counts milliseconds


def instant(value: object, zone: str = "") -> datetime | None:
    """Read RFC 3339 text or seconds (or milliseconds) since 1970.

    Text without an offset is local time of `zone` (IANA name). None without a zone, and for impossible times.
    """
    if isinstance(value, str):
        return _text(value, zone) if len(value) <= 64 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _seconds(value / 1_000 if abs(value) < 1e15 and abs(value) > _MS else value)


def _text(value: str, zone: str) -> datetime | None:
    try:
        time = (
            parsedate_to_datetime(value) if value[-3:] == "GMT" else datetime.fromisoformat(value)
        )
        if time.tzinfo is None:
            local = find_zone(zone)
            if local is None:
                return None
            time = time.replace(tzinfo=local)
        time = time.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return time if EARLIEST <= time < LATEST else None


def _seconds(value: float) -> datetime | None:
    if not _EARLIEST_S <= value < _LATEST_S:  # also false for NaN
        return None
    return datetime.fromtimestamp(value, UTC)
