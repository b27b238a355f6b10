"""The visit book: what each day was at a trap. PURE.

Owns the kinds of days. A day is walked only by what a person recorded and what still counts; a sensor's
report makes it a remote check, which is no visit. The book tells what was recorded: it judges nobody and
knows no law. Must not read a clock or the store.
"""

from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from enum import StrEnum

from msgspec import Struct

from gateway.domain.model import ActionKind, Device, TrapAction
from gateway.domain.traps.corrections import counting

TO_REST = {ActionKind.PAUSED, ActionKind.REMOVED}


class DayKind(StrEnum):
    """What a day was; the last five are exceptions: nobody had to go."""

    WALKED = "walked"
    REMOTE = "remote"  # the sensor reported, nobody recorded a visit
    MISSED = "missed"  # neither
    OPEN = "open"  # today, and nobody was there yet
    NOT_DUE = "not_due"  # visited within the days that the site sets
    REST = "rest"  # paused or removed
    UNWATCHED = "unwatched"  # the site does not watch this trap's visits
    NOT_YET = "not_yet"  # until the day on which it was first heard of


class VisitDay(Struct, frozen=True):
    """One row of the book: one trap on one day."""

    device: Device
    day: date
    kind: DayKind
    visits: tuple[TrapAction, ...] = ()  # that count, in their order
    former: tuple[TrapAction, ...] = ()  # recorded for this day, corrected or taken back since


class TrapRecord(Struct, frozen=True):
    """What is known of a trap before and within the days of a book."""

    device: Device
    acts: tuple[TrapAction, ...] = ()  # whole chains of corrections
    resting: bool = False  # before the first day
    last_walk: date | None = None  # before the first day
    reported: frozenset[date] = frozenset()  # days on which its sensor was heard
    first: date | None = None  # the day on which it was first heard of


def visit_days(
    record: TrapRecord, days: Iterable[date], today: date, zone: tzinfo, every_days: int
) -> list[VisitDay]:
    """One row a day, up to today. `every_days`: how often the trap must be visited; 0: not watched."""
    counted = sorted(counting(record.acts), key=lambda one: (one.at, one.recorded_at, one.id))
    ids = {one.id for one in counted}
    gone = [one for one in record.acts if one.id not in ids and not one.is_undo]
    walked, former = _by_day(counted, zone), _by_day(gone, zone)
    resting, last_walk = record.resting, record.last_walk
    rows = []
    for day in days:
        if day > today:
            break
        visits = walked.get(day, [])
        if visits:
            kind, last_walk = DayKind.WALKED, day
            resting = _rests(visits, before=resting)
        else:
            kind = _unvisited(record, day, today, last_walk, every_days, resting=resting)
        rows.append(VisitDay(record.device, day, kind, tuple(visits), tuple(former.get(day, []))))
    return rows


def successor(acts: Iterable[TrapAction], act: TrapAction) -> TrapAction | None:
    """What replaced an action that counts no longer: its correction, or what took it back."""
    after = [one for one in acts if one.replaces == act.id]
    return max(after, key=lambda one: (one.is_undo, one.recorded_at), default=None)


def _unvisited(
    record: TrapRecord,
    day: date,
    today: date,
    last_walk: date | None,
    every_days: int,
    *,
    resting: bool,
) -> DayKind:
    if record.first is None or day <= record.first:
        return DayKind.NOT_YET
    if resting:
        return DayKind.REST
    if not every_days:
        return DayKind.UNWATCHED
    if last_walk is not None and (day - last_walk).days < every_days:
        return DayKind.NOT_DUE
    if day >= today:
        return DayKind.OPEN
    return DayKind.REMOTE if day in record.reported else DayKind.MISSED


def _rests(visits: Sequence[TrapAction], *, before: bool) -> bool:
    """Whether the trap is at rest after the day's last action that says so or not."""
    changes = [one.deed for one in visits if one.deed is not ActionKind.VISITED]
    return changes[-1] in TO_REST if changes else before


def _by_day(acts: Iterable[TrapAction], zone: tzinfo) -> dict[date, list[TrapAction]]:
    found: dict[date, list[TrapAction]] = {}
    for one in acts:
        found.setdefault(one.at.astimezone(zone).date(), []).append(one)
    return found
