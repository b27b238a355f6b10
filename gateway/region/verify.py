"""Compares a town's record with what its region has, day by day, and marks what differs to be sent again.

Owns the comparison. Must not send: the uplink does. Days that are not over are not compared, nor is what is
still to be sent: that is told apart.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain.epoch import HOUR_MS, day_date, local_day, ms
from gateway.region.protocol import Digest
from gateway.store import Store
from gateway.store.followers.digest import (
    DEVICE,
    EVENT,
    NO_DAY,
    DigestReads,
    Place,
    Sums,
    mark_again,
)

BEFORE_DAYS = 366  # before the first that the town has: it may have lost the earlier ones
DAYS_AT_ONCE = 366  # in one question
AskDigest = Callable[[range, int], Awaitable[Digest]]
"""Asks the region for the counts of days; of events those after a journal number."""


class RegionDifference(Struct, frozen=True):
    """One day and kind of record that differ."""

    day: date | None  # None: without a day
    what: str
    town: Sums
    region: Sums

    @property
    def place(self) -> Place:
        """Where it stands in the counts."""
        return (NO_DAY if self.day is None else (self.day - date(1970, 1, 1)).days, self.what)


class RegionReport(Struct, frozen=True):
    """The result of a comparison."""

    days: int  # compared
    differences: list[RegionDifference]
    waiting: int  # days and kinds still to be sent, not compared


async def verify(
    store: Store, ask: AskDigest, zone: ZoneInfo, days: range | None, now: datetime
) -> RegionReport:
    """Compare these local days (None: all), as far as they are over. Raises what `ask` raises."""
    today = local_day(ms(now) // HOUR_MS, zone)
    span = await store.read(lambda r: DigestReads(r.region, zone).span())
    first = (span[0] if span else today) - BEFORE_DAYS
    wanted = days if days is not None else range(first, today)
    wanted = range(wanted.start, min(wanted.stop, today))
    found: list[RegionDifference] = []
    waiting = 0
    for start in range(wanted.start, max(wanted.stop, wanted.start + 1), DAYS_AT_ONCE):
        part = range(start, max(start, min(start + DAYS_AT_ONCE, wanted.stop)))
        differences, unsent = await _compare(store, ask, zone, part)
        found += differences
        waiting += unsent
    return RegionReport(len(wanted), sorted(set(found), key=_order), waiting)


async def _compare(
    store: Store, ask: AskDigest, zone: ZoneInfo, days: range
) -> tuple[list[RegionDifference], int]:
    after = await store.read(lambda r: DigestReads(r.region, zone).first_kept())
    digest = await ask(days, after)
    town, waiting = await store.read(
        lambda r: (
            DigestReads(r.region, zone).counts(days, digest.upto),
            DigestReads(r.region, zone).waiting(days, digest.upto),
        )
    )
    region = {(one.day, one.what): one.sums for one in digest.days}
    differences = compare(town, region)
    unsent = [one for one in differences if _named(one.place) in waiting]
    return [one for one in differences if one not in unsent], len(waiting)


def compare(town: Mapping[Place, Sums], region: Mapping[Place, Sums]) -> list[RegionDifference]:
    """The differences of two counts. Nothing and zeros are equal. PURE."""
    found = []
    for day, what in town.keys() | region.keys():
        mine, theirs = town.get((day, what), ()), region.get((day, what), ())
        if mine != theirs and (any(mine) or any(theirs)):
            shown = None if what == DEVICE else day_date(day)
            found.append(RegionDifference(shown, what, mine, theirs))
    return found


async def mend(store: Store, report: RegionReport, zone: ZoneInfo) -> None:
    """Let the uplink send again what differs; a day in one transaction, so that the intake goes first."""
    for place in dict.fromkeys(_named(one.place) for one in report.differences):
        await store.write(lambda tx, at=place: mark_again(tx.region, zone, [at]))  # type: ignore[misc]


def _named(place: Place) -> Place:
    """The place as `waiting` names it: events of any kind together."""
    day, what = place
    return (day, EVENT if what.startswith(f"{EVENT}.") else what)


def _order(one: RegionDifference) -> tuple[str, str]:
    return (f"{one.day}", one.what)
