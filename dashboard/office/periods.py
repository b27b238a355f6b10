"""Periods as offices count them: months, and fiscal years (年度) from April to March. PURE.

Owns the conversion between months, local days since 1970 and moments. Periods end before `stop`.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain import zones
from gateway.domain.epoch import day_number
from gateway.domain.zones import LocalHours

_MONTH = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])")


class LocalDays(Struct, frozen=True, order=True):
    """Local days [start, stop)."""

    start: date
    stop: date

    @property
    def days(self) -> tuple[int, int]:
        """The same as days since 1970."""
        return day_number(self.start), day_number(self.stop)

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.stop - timedelta(1)

    @property
    def length(self) -> int:
        """Number of days."""
        return (self.stop - self.start).days

    def moments(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Its beginning and end in UTC."""
        begin, end = (datetime.combine(day, time(), zone) for day in (self.start, self.stop))
        return begin.astimezone(UTC), end.astimezone(UTC)

    def hours(self, zone: ZoneInfo) -> LocalHours:
        """Its hours since 1970, with the zone's offset in each: also across a change of the clocks."""
        return zones.local_hours(zone, *self.moments(zone))

    def until(self, today: date) -> "LocalDays":
        """The part up to and including `today`; at least the first day."""
        return LocalDays(
            self.start, max(min(self.stop, today + timedelta(1)), self.start + timedelta(1))
        )


class Month(Struct, frozen=True, order=True):
    """A calendar month."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def first(self) -> date:
        """The first day of the month."""
        return date(self.year, self.month, 1)

    @property
    def fiscal_year(self) -> int:
        """The fiscal year of the month: the one that began last April."""
        return self.year if self.month >= 4 else self.year - 1

    def plus(self, months: int) -> "Month":
        """The month that is `months` later."""
        years, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(years, month + 1)

    def less(self, other: "Month") -> int:
        """Number of months from `other` to this month."""
        return (self.year - other.year) * 12 + self.month - other.month


def month_of(day: date) -> Month:
    """The month of a day."""
    return Month(day.year, day.month)


def parse_month(text: str) -> Month:
    """Read ``2026-11``; ValueError says what is allowed."""
    match = _MONTH.fullmatch(text)
    if not match:
        raise ValueError(f"month {text[:20]!r} must be written like 2026-11")
    return Month(int(match[1]), int(match[2]))


def months_ending(last: Month, count: int) -> LocalDays:
    """The period of `count` months that ends with `last`."""
    return LocalDays(last.plus(1 - count).first, last.plus(1).first)


def fiscal_year(year: int) -> LocalDays:
    """April of a year to March of the next."""
    return LocalDays(date(year, 4, 1), date(year + 1, 4, 1))


def a_year_before(span: LocalDays) -> LocalDays:
    """The same days of the year before (29 February becomes 1 March)."""
    return LocalDays(_year_before(span.start), _year_before(span.stop))


def months_in(span: LocalDays) -> list[Month]:
    """The months that overlap a period, in order."""
    first, last = month_of(span.start), month_of(span.last)
    return [first.plus(i) for i in range(last.less(first) + 1)]


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return date(day.year - 1, 3, 1)
