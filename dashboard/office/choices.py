"""What an official can choose on a map: months, species, areas, and the defaults.

Owns the reading of these choices from the roll-ups. Must not know pages.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from msgspec import Struct

from dashboard.office import periods
from dashboard.office.filters import ALL
from gateway.domain.epoch import day_date
from gateway.domain.species import PERSON, UNKNOWN
from gateway.store import Reader

NOT_PESTS = {PERSON, UNKNOWN, "dog", "cat"}
LOOK_BACK_MONTHS = 12  # for the list of species


class Choices(Struct, frozen=True):
    """The values offered by the filters."""

    first: periods.Month
    last: periods.Month
    species: list[str]
    areas: list[str]

    @property
    def usual(self) -> periods.Month:
        """The month chosen by default: the last one that is over, where anything is recorded of it."""
        return max(self.first, self.last.plus(-1))

    @property
    def months(self) -> list[str]:
        """All months with records, oldest first."""
        return [str(self.first.plus(i)) for i in range(self.last.less(self.first) + 1)]


def choices(reader: Reader, zone: tzinfo, now: datetime) -> Choices:
    """The choices at `now`."""
    days = reader.period_reads.span_days()
    today = now.astimezone(zone).date()
    present = periods.month_of(today)
    first = min(periods.month_of(day_date(days[0])), present) if days else present
    recent = periods.months_ending(present, LOOK_BACK_MONTHS).days
    areas = sorted({device.area for device in reader.devices() if device.area})
    return Choices(first, present, reader.period_reads.species(*recent), areas)


def default_species(species: Iterable[str]) -> str:
    """The species chosen by default: the most frequent pest of `species`, else all."""
    return next((one for one in species if one not in NOT_PESTS), ALL)
