"""Days of the year written as MM-DD, and seasons that may go over New Year.

Owns their comparison with a local day (number since 1970-01-01). Must not read a clock.
"""

from datetime import date, timedelta
from functools import lru_cache

EPOCH = date(1970, 1, 1)


@lru_cache(maxsize=4096)
def month_day(day: int) -> str:
    """Give a local day as MM-DD."""
    return f"{EPOCH + timedelta(days=day):%m-%d}"


def in_season(season: tuple[str, str], day: int) -> bool:
    """Whether a local day is between two days of the year, both included."""
    first, last = season
    this = month_day(day)
    if first <= last:
        return first <= this <= last
    return this >= first or this <= last
