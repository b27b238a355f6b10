"""Moments as milliseconds since 1970, as the database and InfluxDB keep them.

Must not read a clock.
"""

from datetime import UTC, datetime

NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # `last_seen` of a device that only people told about
DAY_MS = 86_400_000


def ms(time: datetime) -> int:
    """Milliseconds since 1970 UTC, the store's unit of time."""
    return round(time.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """The UTC datetime of milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)
