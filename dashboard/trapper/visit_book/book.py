"""A month's book for one reader: which traps, and each trap's days.

Owns whose traps stand in it: only those whose exact place the reader may know. Must not decide what a day
was (`gateway.domain.traps.visit_days`) nor write words.
"""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from dashboard.live.listing import has_places
from dashboard.trapper.visit_book.month import BookMonth
from gateway.domain.epoch import day_date, day_number
from gateway.domain.model import Device, Role, Standing
from gateway.domain.people.permissions import Access, Resource
from gateway.domain.traps.visit_days import TO_REST, DayKind, TrapRecord, VisitDay, visit_days
from gateway.domain.traps.visits import VisitPlan
from gateway.store import Reader

MOST_TRAPS = 300  # of one book; more are chosen by area


class TrapMonth(Struct, frozen=True):
    """One trap's days of the month."""

    record: TrapRecord
    days: tuple[VisitDay, ...]

    def count(self, *kinds: DayKind) -> int:
        """So many days were of these kinds."""
        return sum(one.kind in kinds for one in self.days)


class Book(Struct, frozen=True):
    """The book of a month."""

    month: BookMonth
    traps: tuple[TrapMonth, ...]
    areas: tuple[str, ...]  # of all traps of the reader
    left_out: int = 0  # traps beyond MOST_TRAPS


def read_book(
    reader: Reader,
    access: Access,
    month: BookMonth,
    plan: VisitPlan,
    now: datetime,
    *,
    area: str = "",
    trap: str = "",
) -> Book:
    """Read the book; `area`, `trap`: only these."""
    mine = [one for one in reader.devices() if _is_shown(one, access)]
    wanted = [one for one in mine if area in {"", one.area} and trap in {"", one.id}]
    wanted.sort(key=lambda one: (one.area, one.label, one.id))
    firsts, oldest = reader.period_reads.first_days(), reader.visits.oldest()
    months = [
        _trap_month(reader, one, month, plan, now, firsts, oldest) for one in wanted[:MOST_TRAPS]
    ]
    areas = tuple(sorted({one.area for one in mine if one.area}))
    return Book(month, tuple(months), areas, max(0, len(wanted) - MOST_TRAPS))


def _is_shown(device: Device, access: Access) -> bool:
    if device.role is not Role.TRAP or device.standing is not Standing.APPROVED:
        return False
    is_own = not has_places(access) or access.is_own(device.id, device.area)
    return is_own and access.sees_exactly(Resource.TRAP, device)


def _trap_month(
    reader: Reader,
    device: Device,
    month: BookMonth,
    plan: VisitPlan,
    now: datetime,
    firsts: Mapping[str, int],
    oldest: datetime | None,
) -> TrapMonth:
    start, end = month.span(plan.zone)
    change, walk = reader.visits.last_before(device.id, start)
    first_known = reader.visits.first_known(device.id)
    known = [day_date(firsts[device.id])] if device.id in firsts else []
    if first_known is not None:
        known.append(first_known.astimezone(plan.zone).date())
    record = TrapRecord(
        device=device,
        acts=tuple(reader.visits.acts(device.id, start, end)),
        resting=change is not None and change.deed in TO_REST,
        last_walk=walk.astimezone(plan.zone).date() if walk else None,
        reported=_reported(reader, device.id, month, plan, oldest),
        first=min(known, default=None),
    )
    today = now.astimezone(plan.zone).date()
    days = visit_days(record, month.days, today, plan.zone, plan.every_days(device))
    return TrapMonth(record, tuple(days))


def _reported(
    reader: Reader, device: str, month: BookMonth, plan: VisitPlan, oldest: datetime | None
) -> frozenset[date]:
    """The days on which its sensor was heard; of days whose messages are deleted, those with effort."""
    start, end = month.span(plan.zone)
    days = {at.astimezone(plan.zone).date() for at in reader.visits.heard(device, start, end)}
    if oldest is None or oldest > start:
        kept = oldest.astimezone(plan.zone).date() if oldest else month.after.first
        last = min(kept, month.after.first)
        alive = reader.visits.alive_days(device, day_number(month.first), day_number(last))
        days |= {day_date(one) for one in alive}
    return frozenset(days)
