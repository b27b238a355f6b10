"""The office's figures: captures per effort by month, mesh, species and trap type, two years side by
side; uptime; how soon somebody came to a sprung trap. PURE.

Owns what each figure is. Bare counts never stand alone: every count is a Rate with its trap-nights.
"""

import statistics
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from dashboard.analysis.rate import RateInterval, cpue
from dashboard.office.periods import LocalDays, Month
from gateway.domain.epoch import DAY_MS
from gateway.domain.geo import mesh
from gateway.domain.model import ActionKind, Device, Kind, Role, TrapAction
from gateway.domain.species import UNKNOWN
from gateway.domain.trap_lifecycle import OUTCOMES
from gateway.store.rollups.periods import Sums, TrapChange

MET_H = 24.0  # a visit within a day is what permits usually ask for


class Year(Struct, frozen=True, eq=False):
    """What was read for one span: effort by month, acts, springs."""

    span: LocalDays
    months: tuple[tuple[Month, tuple[Sums, ...]], ...]
    acts: tuple[TrapAction, ...]  # captures and all others, of the span
    springs: tuple[TrapChange, ...]  # from sensors, of the span


class FigureLine(Struct, frozen=True):
    """One line of a figure: this year and the year before, each a count with its effort."""

    key: str
    now: RateInterval
    before: RateInterval
    heads: int = 0  # animals this year: a capture may be several


class Uptime(Struct, frozen=True):
    """How long a device was alive since it first was, within a span."""

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
    most_h: float | None  # nine in ten came within
    within_day: int
    open: int  # nobody came before the span or the next spring ended the wait
    untold: int  # springs of which nobody recorded what was in the trap: captures may hide there


def captures(acts: Iterable[TrapAction], species: str | None = None) -> list[TrapAction]:
    """Acts that record a capture."""
    return [a for a in acts if a.deed is ActionKind.CAPTURED and species in {None, a.species}]


def total(year: Year) -> RateInterval:
    """All captures per all trap-nights."""
    return cpue(len(captures(year.acts)), sum(nights(year).values()))


def nights(year: Year) -> dict[str, float]:
    """Trap-nights by device."""
    found: dict[str, float] = {}
    for _, sums in year.months:
        for one in sums:
            found[one.device] = found.get(one.device, 0.0) + one.armed_ms / DAY_MS
    return found


def by_month(year: Year, before: Year, zone_month: Callable[[datetime], Month]) -> list[FigureLine]:
    """Captures per trap-night in each month of the fiscal year, beside the same month before."""
    now, then = (_monthly(one, zone_month) for one in (year, before))
    none = cpue(0, 0.0)
    groups = []
    for month, _ in year.months:
        old = then.get(month.plus(-12), (none, 0))[0]
        groups.append(FigureLine(str(month), now[month][0], old, now[month][1]))
    return groups


def by_species(year: Year, before: Year) -> list[FigureLine]:
    """By species; the effort is everybody's, since a trap fishes for all."""
    kinds = sorted({a.species or UNKNOWN for a in captures((*year.acts, *before.acts))})
    efforts = [sum(nights(one).values()) for one in (year, before)]
    groups = []
    for kind in kinds:
        found = [
            [a for a in captures(one.acts) if (a.species or UNKNOWN) == kind]
            for one in (year, before)
        ]
        now, old = (cpue(len(f), e) for f, e in zip(found, efforts, strict=True))
        groups.append(FigureLine(kind, now, old, heads(found[0])))
    return sorted(groups, key=lambda group: -group.now.n)


def by_mesh(year: Year, before: Year, devices: Mapping[str, Device]) -> list[FigureLine]:
    """By 5 km square of the trap; "": its place is not known."""
    return _by(year, before, devices, lambda one: mesh.code_or_empty(one.lat, one.lon, "5km"))


def by_type(year: Year, before: Year, devices: Mapping[str, Device]) -> list[FigureLine]:
    """By type of trap."""
    return _by(year, before, devices, lambda device: device.trap_type)


def heads(acts: Iterable[TrapAction]) -> int:
    """Animals; an act that does not say how many is one."""
    return sum(act.count or 1 for act in acts)


def uptime(
    year: Year, devices: Mapping[str, Device], first_days: Mapping[str, int]
) -> list[Uptime]:
    """Each device's share of the time, the worst first."""
    alive: dict[str, float] = {}
    for _, sums in year.months:
        for one in sums:
            alive[one.device] = alive.get(one.device, 0.0) + one.alive_ms / DAY_MS
    start, stop = year.span.days
    found = [
        Uptime(id_, device.label, device.role, alive.get(id_, 0.0),
               float(max(stop - max(start, first_days[id_]), 0)))
        for id_, device in devices.items()
        if id_ in first_days and device.role is not Role.RELAY
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.share, one.device))


def response(year: Year) -> Response:
    """How soon somebody came: a person's act, or the sensor's word that it was set again."""
    came: dict[str, list[datetime]] = {}
    for act in year.acts:
        came.setdefault(act.device, []).append(act.at)
    sprung: dict[str, list[datetime]] = {}
    for one in year.springs:
        lists = sprung if one.kind is Kind.SPRUNG else came
        lists.setdefault(one.device, []).append(one.at)
    waits = [w for device, at in sprung.items() for w in _waits(at, sorted(came.get(device, [])))]
    known = sorted(w for w in waits if w is not None)
    told = [act for act in year.acts if act.deed in OUTCOMES]
    return Response(
        springs=len(waits),
        visited=len(known),
        median_h=statistics.median(known) if known else None,
        most_h=known[max(0, -(-9 * len(known) // 10) - 1)] if known else None,
        within_day=sum(1 for wait in known if wait <= MET_H),
        open=len(waits) - len(known),
        untold=sum(
            1
            for device, at in sprung.items()
            for wait in _waits(at, sorted(act.at for act in told if act.device == device))
            if wait is None
        ),
    )


def _waits(sprung: Sequence[datetime], came: Sequence[datetime]) -> list[float | None]:
    """Hours until somebody came, None: nobody before the next spring."""
    ends = [*sprung[1:], None]
    found: list[float | None] = []
    for at, end in zip(sprung, ends, strict=True):
        i = bisect_left(came, at)
        visit = came[i] if i < len(came) else None
        late = visit is None or (end is not None and visit >= end)
        found.append(None if late or visit is None else (visit - at).total_seconds() / 3600)
    return found


def _monthly(
    year: Year, zone_month: Callable[[datetime], Month]
) -> dict[Month, tuple[RateInterval, int]]:
    caught: dict[Month, list[TrapAction]] = {}
    for act in captures(year.acts):
        caught.setdefault(zone_month(act.at), []).append(act)
    return {
        month: (
            cpue(len(caught.get(month, [])), sum(o.armed_ms for o in sums) / DAY_MS),
            heads(caught.get(month, [])),
        )
        for month, sums in year.months
    }


def _by(
    year: Year, before: Year, devices: Mapping[str, Device], key: Callable[[Device], str]
) -> list[FigureLine]:
    now, then = _keyed(year, devices, key), _keyed(before, devices, key)
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


def _keyed(
    year: Year, devices: Mapping[str, Device], key: Callable[[Device], str]
) -> dict[str, tuple[RateInterval, int]]:
    effort: dict[str, float] = {}
    caught: dict[str, list[TrapAction]] = {}
    for id_, armed in nights(year).items():
        if id_ in devices and devices[id_].role is Role.TRAP:
            effort[key(devices[id_])] = effort.get(key(devices[id_]), 0.0) + armed
    for act in captures(year.acts):
        if act.device in devices:
            caught.setdefault(key(devices[act.device]), []).append(act)
    return {
        name: (cpue(len(caught.get(name, [])), effort.get(name, 0.0)), heads(caught.get(name, [])))
        for name in effort.keys() | caught.keys()
    }  # fmt: skip
