"""The office's figures. PURE.

Owns the definition of each figure: captures per effort by month, mesh square, species and trap type for
two years; uptime of devices; time from a spring to the first visit. Every count is given as a rate with
its trap-nights.
"""

import statistics
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from msgspec import Struct

from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.intervals.ratio import Ratio
from dashboard.analysis.rate import RateInterval, cpue
from dashboard.office.map import compared
from dashboard.office.periods import LocalDays, Month
from gateway.domain.epoch import DAY_MS
from gateway.domain.geo import mesh
from gateway.domain.model import ActionKind, Device, Kind, Role, TrapAction
from gateway.domain.species import UNKNOWN
from gateway.domain.trap_lifecycle import OUTCOMES
from gateway.store.rollups.periods import EffortSum, TrapChange

PROMPT_VISIT_H = 24.0  # permits usually require a visit within a day


class Year(Struct, frozen=True, eq=False, dict=True):
    """The data of one period: effort by month, people's actions, springs."""

    span: LocalDays
    months: tuple[tuple[Month, tuple[EffortSum, ...]], ...]
    actions: tuple[TrapAction, ...]  # of all kinds
    springs: tuple[TrapChange, ...]  # reported by sensors

    @cached_property
    def trap_nights(self) -> Mapping[str, float]:
        """Trap-nights of each device that was armed."""
        armed_ms: Counter[str] = Counter()
        for _, efforts in self.months:
            for one in efforts:
                if one.armed_ms:
                    armed_ms[one.device] += one.armed_ms
        return {device: ms / DAY_MS for device, ms in armed_ms.items()}


class FigureLine(Struct, frozen=True):
    """One line of a figure: this year and the year before, each a count with its effort."""

    key: str
    now: RateInterval
    before: RateInterval
    heads: int = 0  # animals this year; one capture may be several


class Uptime(Struct, frozen=True):
    """Days on which a device was alive, within a period and since its first day."""

    device: str
    name: str
    role: Role
    days: float
    possible: float

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return min(1.0, self.days / self.possible) if self.possible > 0 else 0.0


class Response(Struct, frozen=True):
    """Hours from a spring to the first visit after it."""

    springs: int
    visited: int
    median_h: float | None
    most_h: float | None  # 90th percentile
    within_day: int
    open: int  # no visit before the next spring or the end of the period
    untold: int  # springs without a recorded outcome; some of them may be captures


def captures(actions: Iterable[TrapAction], species: str | None = None) -> list[TrapAction]:
    """Acts that record a capture."""
    return [a for a in actions if a.deed is ActionKind.CAPTURED and species in {None, a.species}]


def total(year: Year) -> RateInterval:
    """All captures per all trap-nights."""
    return _pooled(captures(year.actions), year.trap_nights)


def change(year: Year, before: Year) -> Ratio:
    """All captures per trap-night over the year before, at the traps that fished in both."""
    now, then = (_by_trap(one) for one in (year, before))
    return compared.of_counts(now, then)


def _by_trap(year: Year) -> dict[str, tuple[int, float]]:
    caught = Counter(action.device for action in captures(year.actions))
    return {trap: (caught[trap], nights) for trap, nights in year.trap_nights.items()}


def by_month(year: Year, before: Year, zone_month: Callable[[datetime], Month]) -> list[FigureLine]:
    """Captures per trap-night in each month of the fiscal year, beside the same month before."""
    now, then = (_rates_by_month(one, zone_month) for one in (year, before))
    none = cpue(0, 0.0)
    groups = []
    for month, _ in year.months:
        old = then.get(month.plus(-12), (none, 0))[0]
        groups.append(FigureLine(str(month), now[month][0], old, now[month][1]))
    return groups


def by_species(year: Year, before: Year) -> list[FigureLine]:
    """By species; each has the effort of all traps, because a trap can catch every species."""
    kinds = sorted({a.species or UNKNOWN for a in captures((*year.actions, *before.actions))})
    nights = [one.trap_nights for one in (year, before)]
    groups = []
    for kind in kinds:
        found = [
            [a for a in captures(one.actions) if (a.species or UNKNOWN) == kind]
            for one in (year, before)
        ]
        now, old = (_pooled(f, effort) for f, effort in zip(found, nights, strict=True))
        groups.append(FigureLine(kind, now, old, animal_count(found[0])))
    return sorted(groups, key=lambda group: -group.now.n)


def by_mesh(year: Year, before: Year, devices: Mapping[str, Device]) -> list[FigureLine]:
    """By 5 km square of the trap; "": its position is not known."""
    return _grouped(year, before, devices, lambda one: mesh.code_or_empty(one.lat, one.lon, "5km"))


def by_type(year: Year, before: Year, devices: Mapping[str, Device]) -> list[FigureLine]:
    """By type of trap."""
    return _grouped(year, before, devices, lambda device: device.trap_type)


def animal_count(actions: Iterable[TrapAction]) -> int:
    """Number of animals; an action without a count is one animal."""
    return sum(action.count or 1 for action in actions)


def uptime(
    year: Year, devices: Mapping[str, Device], first_days: Mapping[str, int]
) -> list[Uptime]:
    """The uptime of each device, the lowest first."""
    alive: dict[str, float] = {}
    for _, efforts in year.months:
        for one in efforts:
            alive[one.device] = alive.get(one.device, 0.0) + one.alive_ms / DAY_MS
    start, stop = year.span.days
    possible = {id_: float(max(stop - max(start, day), 0)) for id_, day in first_days.items()}
    found = [
        Uptime(id_, device.label, device.role, alive.get(id_, 0.0), possible[id_])
        for id_, device in devices.items()
        if id_ in possible and device.role is not Role.RELAY
    ]
    return sorted(found, key=lambda one: (one.share, one.device))


def response(year: Year) -> Response:
    """Time from each spring to the first visit: a person's action, or the trap set again."""
    springs = _times_by_device(year.springs, Kind.SPRUNG)
    visits = _times_by_device(year.springs, Kind.SET)
    outcomes: dict[str, list[datetime]] = {}
    for action in year.actions:
        visits.setdefault(action.device, []).append(action.at)
        if action.deed in OUTCOMES:
            outcomes.setdefault(action.device, []).append(action.at)
    waits = _all_waits(springs, visits)
    known = sorted(wait for wait in waits if wait is not None)
    return Response(
        springs=len(waits),
        visited=len(known),
        median_h=statistics.median(known) if known else None,
        most_h=known[max(0, -(-9 * len(known) // 10) - 1)] if known else None,
        within_day=sum(1 for wait in known if wait <= PROMPT_VISIT_H),
        open=len(waits) - len(known),
        untold=_all_waits(springs, outcomes).count(None),
    )


def _times_by_device(changes: Iterable[TrapChange], kind: Kind) -> dict[str, list[datetime]]:
    times: dict[str, list[datetime]] = {}
    for one in changes:
        if one.kind is kind:
            times.setdefault(one.device, []).append(one.at)
    return times


def _all_waits(
    springs: Mapping[str, Sequence[datetime]], visits: Mapping[str, Sequence[datetime]]
) -> list[float | None]:
    return [
        wait
        for device, times in springs.items()
        for wait in _hours_until_visit(times, sorted(visits.get(device, [])))
    ]


def _hours_until_visit(
    springs: Sequence[datetime], visits: Sequence[datetime]
) -> list[float | None]:
    """Hours from each spring to the first visit; None: no visit before the next spring."""
    ends = [*springs[1:], None]
    found: list[float | None] = []
    for at, end in zip(springs, ends, strict=True):
        i = bisect_left(visits, at)
        visit = visits[i] if i < len(visits) else None
        if visit is None or (end is not None and visit >= end):
            found.append(None)
        else:
            found.append((visit - at).total_seconds() / 3600)
    return found


def _pooled(actions: Iterable[TrapAction], nights: Mapping[str, float]) -> RateInterval:
    """Captures per 100 trap-nights of all these traps; the interval knows how much traps differ."""
    caught = Counter(action.device for action in actions)
    traps = nights.keys() | caught.keys()
    return pooled(((caught[trap], nights.get(trap, 0.0)) for trap in traps), "trap-nights")


def _rates_by_month(
    year: Year, zone_month: Callable[[datetime], Month]
) -> dict[Month, tuple[RateInterval, int]]:
    caught: dict[Month, list[TrapAction]] = {}
    for action in captures(year.actions):
        caught.setdefault(zone_month(action.at), []).append(action)
    return {
        month: (
            _pooled(
                caught.get(month, []),
                {o.device: o.armed_ms / DAY_MS for o in efforts if o.armed_ms},
            ),
            animal_count(caught.get(month, [])),
        )
        for month, efforts in year.months
    }


def _grouped(
    year: Year, before: Year, devices: Mapping[str, Device], key: Callable[[Device], str]
) -> list[FigureLine]:
    keys = {id_: key(device) for id_, device in devices.items()}
    now, then = _rates_by_key(year, devices, keys), _rates_by_key(before, devices, keys)
    none = cpue(0, 0.0)
    return [
        FigureLine(
            name,
            now.get(name, (none, 0))[0],
            then.get(name, (none, 0))[0],
            now.get(name, (none, 0))[1],
        )
        for name in sorted(now.keys() | then.keys())
    ]


def _rates_by_key(
    year: Year, devices: Mapping[str, Device], keys: Mapping[str, str]
) -> dict[str, tuple[RateInterval, int]]:
    nights: dict[str, dict[str, float]] = {}
    caught: dict[str, list[TrapAction]] = {}
    for id_, armed in year.trap_nights.items():
        if id_ in devices and devices[id_].role is Role.TRAP:
            nights.setdefault(keys[id_], {})[id_] = armed
    for action in captures(year.actions):
        if action.device in keys:
            caught.setdefault(keys[action.device], []).append(action)
    return {
        name: (
            _pooled(caught.get(name, []), nights.get(name, {})),
            animal_count(caught.get(name, [])),
        )
        for name in nights.keys() | caught.keys()
    }
