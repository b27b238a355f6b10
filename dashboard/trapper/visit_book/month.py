"""A calendar month of the site. PURE."""

import re
from datetime import date, datetime, time, timedelta, tzinfo

from msgspec import Struct

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class BookMonth(Struct, frozen=True):
    """The month of a book."""

    first: date

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def days(self) -> list[date]:
        """All its days."""
        count = (self.after.first - self.first).days
        return [self.first + timedelta(days=n) for n in range(count)]

    @property
    def after(self) -> "BookMonth":
        """The next month."""
        return BookMonth((self.first + timedelta(days=31)).replace(day=1))

    @property
    def before(self) -> "BookMonth":
        """The month before."""
        return BookMonth((self.first - timedelta(days=1)).replace(day=1))

    def span(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """From its first moment to that of the next month."""
        start, end = (datetime.combine(one.first, time(), zone) for one in (self, self.after))
        return start, end


def month_of(day: date) -> BookMonth:
    """The month of a day."""
    return BookMonth(day.replace(day=1))


def read_month(text: str, present: BookMonth) -> BookMonth:
    """`2026-11`; empty: the present one. Raises ValueError that says what is allowed."""
    if not text:
        return present
    match = _MONTH.fullmatch(text)
    if match is None:
        raise ValueError(f"month {text[:20]!r} must be written like 2026-11")
    return BookMonth(date(int(match[1]), int(match[2]), 1))
