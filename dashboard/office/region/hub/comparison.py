"""Towns side by side: rates with exact intervals on one scale, a page of towns at a time. PURE.

Owns the order of towns, the pages, and where bars are drawn. Rates and intervals: `dashboard.analysis.rate`.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from dashboard.analysis.rate import RateInterval
from dashboard.office.region.hub.queries import TownSum
from dashboard.office.region.hub.squares import town_rates

WIDTH = 200.0  # of a drawn interval
PAGE_SIZE = 100  # towns: a nation's 1,700 on one page would be 1.3 MB


class Bar(Struct, frozen=True):
    """A rate with its interval as it is drawn, from 0 to WIDTH."""

    low: float
    rate: float
    high: float


class TownFigure(Struct, frozen=True):
    """One town; a rate is None where it may not be shown."""

    town: str
    rai: RateInterval | None
    cpue: RateInterval | None
    rai_bar: Bar | None
    cpue_bar: Bar | None


class ComparisonPage(Struct, frozen=True):
    """Some of the towns, drawn on the scale of all."""

    figures: Sequence[TownFigure]
    number: int  # of the page, from 1
    found: int  # towns on all pages
    begins: Sequence[str]  # the first town of each page

    @property
    def first(self) -> int:
        """The number of the first town on this page, from 1."""
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """The number of the last town on this page."""
        return self.first + len(self.figures) - 1


def paged(figures: Sequence[TownFigure], wanted: str) -> ComparisonPage:
    """The page of a query. Raises ValueError naming the value and what is allowed."""
    begins = [one.town for one in figures[::PAGE_SIZE]]
    pages = max(1, len(begins))
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else 0 if wanted else 1
    if not 1 <= number <= pages:
        raise ValueError(f"page {wanted[:20]!r} must be a whole number from 1 to {pages}")
    start = (number - 1) * PAGE_SIZE
    return ComparisonPage(figures[start : start + PAGE_SIZE], number, len(figures), begins)


def compare(sums: Sequence[TownSum], names: Mapping[int, str]) -> list[TownFigure]:
    """Every town by its name, both rates drawn on one scale each."""
    rates = [
        (
            names.get(one.town, str(one.town)),
            *town_rates(
                one.n, one.alive_ms, one.captures, one.armed_ms, fine=one.fine, untold=one.untold
            ),
        )
        for one in sums
    ]
    most_rai = most([rai for _, rai, _ in rates])
    most_cpue = most([cpue for _, _, cpue in rates])
    found = [
        TownFigure(name, rai, cpue, bar(rai, most_rai), bar(cpue, most_cpue))
        for name, rai, cpue in rates
    ]
    return sorted(found, key=lambda one: one.town)


def most(rates: Sequence[RateInterval | None]) -> float:
    """The end of a scale: the highest upper limit, at most four times the highest rate."""
    known = [one for one in rates if one is not None and one.per100 is not None]
    highest = max((one.high or 0.0 for one in known), default=0.0)
    rate = max((one.per100 or 0.0 for one in known), default=0.0)
    return min(highest, 4 * rate) if rate else highest


def bar(rate: RateInterval | None, end: float) -> Bar | None:
    """A rate on a scale that ends at `end`; None: there is nothing to draw."""
    if rate is None or rate.per100 is None or rate.low is None or rate.high is None or not end:
        return None
    low, middle, high = (min(1.0, one / end) * WIDTH for one in (rate.low, rate.per100, rate.high))
    return Bar(round(low, 1), round(middle, 1), round(high, 1))
