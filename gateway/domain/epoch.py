"""Time as counts since 1970: milliseconds, hours, days and months, as the database and InfluxDB keep it.

Owns every conversion between these counts and datetimes or dates. Must not read a clock.
Days and months are those of a local calendar; where that matters the zone is a parameter.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = EPOCH  # `last_seen` of a device that has sent nothing itself
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_EPOCH_ORDINAL = EPOCH.toordinal()


def ms(moment: datetime) -> int:
    """Milliseconds since 1970 UTC, the store's unit of time."""
    since = moment - EPOCH
    return since.days * DAY_MS + since.seconds * 1000 + (since.microseconds + 500) // 1000


def from_ms(value: int) -> datetime:
    """The UTC datetime of milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)


def hour_start(hour: int) -> datetime:
    """The beginning of an hour since 1970, in UTC."""
    return EPOCH + timedelta(hours=hour)


def day_number(day: date) -> int:
    """Days since 1970 of a date, or of a datetime in its own zone."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_date(number: int) -> date:
    """The date of a day since 1970."""
    return date.fromordinal(_EPOCH_ORDINAL + number)


@lru_cache(20_000)
def local_day(hour: int, zone: ZoneInfo) -> int:
    """The local day, days since 1970, that an hour since 1970 begins in."""
    return day_number(hour_start(hour).astimezone(zone))


def local_midnight(day: int, zone: ZoneInfo) -> datetime:
    """The beginning of a local day since 1970, in UTC."""
    return datetime.combine(day_date(day), time(), zone).astimezone(UTC)


@lru_cache(4_096)
def month_number(day: int) -> int:
    """Months since 1970 of a day since 1970."""
    found = day_date(day)
    return (found.year - 1970) * 12 + found.month - 1


def first_day(month: int) -> int:
    """The first day, days since 1970, of a month since 1970."""
    return day_number(date(1970 + month // 12, month % 12 + 1, 1))
