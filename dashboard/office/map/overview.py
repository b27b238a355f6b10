"""Everything the officials' map shows of one wish, read at one moment and computed.

Owns which figures belong on the map. Must not know words, pages or folium. Reads roll-ups only, so
that it costs what the place and the period cost, whatever the history.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo

import msgspec
from msgspec import Struct

from dashboard.analysis import coverage
from dashboard.analysis.coverage import Shape
from dashboard.analysis.rate import RateInterval, cpue, rai
from dashboard.analysis.tallies import DeviceTally
from dashboard.live.device_view import DeviceView, sights
from dashboard.maps import extent
from dashboard.maps.bounds import Box
from dashboard.maps.extent import Named, OffMap
from dashboard.office.filters import MapFilter
from dashboard.office.map import hotspots, squares
from dashboard.office.map.hotspots import Hotspots
from dashboard.office.map.squares import MeshCell, Reported
from dashboard.office.periods import LocalDays
from gateway.domain.epoch import DAY_MS
from gateway.domain.geo import mesh
from gateway.domain.model import ActionKind, Device, Role, Standing, TrapAction
from gateway.domain.resident_reports import Sighting
from gateway.domain.species import UNKNOWN
from gateway.domain.trap_lifecycle import OUTCOMES
from gateway.store import Reader
from gateway.store.rollups.periods import LOOK_BACK_DAYS, HoursOfDay, Sums


class Caught(Struct, frozen=True):
    """Captures at one trap in the period, with the effort behind them."""

    device: str
    name: str
    lat: float
    lon: float
    animals: dict[str, int]  # by species
    rate: RateInterval  # captures (not heads) per 100 trap-nights


class Overview(Struct, frozen=True, eq=False):
    """One map."""

    wish: MapFilter
    span: LocalDays
    hotspots: Hotspots | None
    cells: list[MeshCell]
    total: RateInterval  # of all detectors together
    tallies: list[DeviceTally]
    blind: list[str]  # names of detectors left out: they cannot tell the species asked for
    traps: list[DeviceView]
    caught: list[Caught]
    captures: RateInterval  # of all traps together
    recorded: bool  # whether anybody wrote down what was in a trap
    gaps: Shape | None  # land that nobody watched
    reports: list[Reported]
    off_map: list[OffMap]  # devices too far away to be drawn
    off_grid: list[OffMap]  # detectors without a mesh square; drawn otherwise
    reports_off_map: int


class MapInput(Struct, frozen=True, eq=False):
    """What was read for a map, before anything is computed."""

    wish: MapFilter
    span: LocalDays
    tallies: list[DeviceTally]
    blind: list[str]
    traps: list[DeviceView]
    devices: dict[str, Device]
    armed: dict[str, float]  # trap-nights
    acts: list[TrapAction]
    reports: list[Sighting]
    off_map: dict[str, OffMap]  # by device
    limits: Box | None  # around the devices that are drawn; None: no device has a place

    @property
    def drawn(self) -> list[DeviceTally]:
        """Detectors that the map, its squares and its proposals are made of."""
        return [tally for tally in self.tallies if tally.device not in self.off_map]


def read(
    reader: Reader, wish: MapFilter, asked: LocalDays, zone: tzinfo, now: datetime
) -> MapInput:
    """Read what a map of `asked` days needs; days after `now` are not yet effort."""
    devices = {d.id: d for d in reader.devices() if _fits(d, wish.area)}
    found = [one for one in _sums(reader, wish, asked, zone) if one.device in devices]
    cameras = [one for one in found if devices[one.device].role is Role.DETECTOR]
    blind = _blind(reader, wish, asked)
    traps = [s for s in sights(devices.values(), reader.states(), now) if s.role is Role.TRAP]
    named = [(d.id, Named(d.label, d.lat, d.lon)) for d in devices.values()]
    named += [(trap.id, Named(trap.name, trap.lat, trap.lon)) for trap in traps]
    off_map, limits = extent.split(dict(named))
    return MapInput(
        wish=wish,
        span=asked,
        tallies=[_tally(devices[o.device], o) for o in cameras if o.device not in blind],
        blind=sorted(devices[one.device].label for one in cameras if one.device in blind),
        traps=traps,
        devices=devices,
        armed={o.device: o.armed_ms / DAY_MS for o in found},
        acts=[act for act in reader.ledger.acts(*asked.moments(zone)) if act.device in devices],
        reports=reader.sightings(*asked.days, wish.counted),
        off_map=off_map,
        limits=limits,
    )


def overview(
    facts: MapInput, bandwidth_m: float | None = None, land: Shape | None = None
) -> Overview:
    """Compute a map. `bandwidth_m`: to be comparable with another.

    `land`: where the surface is drawn, and what nobody watched is sought.
    """
    spots = hotspots.hotspots(facts.drawn, bandwidth_m, land=land)
    limits = facts.limits
    near = [r for r in facts.reports if limits is None or extent.covers(limits, (r.lat, r.lon))]
    reports = [r for r in near if mesh.has_code(r.lat, r.lon)]
    return Overview(
        wish=facts.wish,
        span=facts.span,
        hotspots=spots,
        cells=squares.cells(facts.drawn, facts.wish.square),
        total=rai(sum(t.n for t in facts.tallies), sum(t.effort for t in facts.tallies)),
        tallies=facts.tallies,
        blind=facts.blind,
        traps=[sight for sight in facts.traps if sight.id not in facts.off_map],
        caught=_caught(facts),
        captures=captures(facts.acts, facts.wish, sum(_nights(facts))),
        recorded=any(act.deed in OUTCOMES for act in facts.acts),
        gaps=None if land is None else coverage.gaps(land, facts.drawn),
        reports=squares.reported(reports),
        off_map=sorted(facts.off_map.values(), key=lambda one: one.name),
        off_grid=[
            OffMap(t.name, t.lat, t.lon)
            for t in facts.drawn
            if t.lat is not None and t.lon is not None and not mesh.has_code(t.lat, t.lon)
        ],
        reports_off_map=len(facts.reports) - len(reports),
    )


def common_bandwidth(one: MapInput, other: MapInput) -> float | None:
    """The bandwidth for two periods that are to be compared: that of both together."""
    before = {tally.device: tally for tally in other.drawn}
    both = [
        msgspec.structs.replace(t, n=t.n + before[t.device].n, effort=t.effort + before[t.device].effort)
        if t.device in before else t
        for t in one.drawn
    ]  # fmt: skip
    found = hotspots.hotspots(both)
    return found.surface.bandwidth_m if found else None


def captures(acts: Iterable[TrapAction], wish: MapFilter, nights: float) -> RateInterval:
    """Captures of the wished species per 100 trap-nights."""
    return cpue(sum(1 for act in acts if is_capture(act, wish.counted)), nights)


def is_capture(act: TrapAction, species: str | None) -> bool:
    """Whether a person recorded a capture, of this species if one is given."""
    return act.deed is ActionKind.CAPTURED and (species is None or act.species == species)


def _fits(device: Device, area: str) -> bool:
    return device.standing is Standing.APPROVED and (not area or device.area == area)


def _blind(reader: Reader, wish: MapFilter, asked: LocalDays) -> set[str]:
    """A detector without eyes for species must not count as having seen none of this one.

    Judged alike for two periods that are compared.
    """
    if wish.counted in {None, UNKNOWN}:
        return set()
    days = [day for one in (wish.span, wish.other_span, asked) if one for day in one.days]
    return reader.ledger.blind(min(days) - LOOK_BACK_DAYS, max(days))


def _sums(reader: Reader, wish: MapFilter, asked: LocalDays, zone: tzinfo) -> list[Sums]:
    if wish.clock is None:
        return reader.ledger.sums(*asked.days, wish.counted)
    first, last, offset = asked.hours(zone)
    return reader.ledger.sums_of_hours(first, last, HoursOfDay(*wish.clock, offset), wish.counted)


def _tally(device: Device, one: Sums) -> DeviceTally:
    days = one.alive_ms / DAY_MS
    return DeviceTally(
        device.id, one.independent, days, device.lat, device.lon, device.area, device.label
    )


def _nights(facts: MapInput) -> list[float]:
    return [
        facts.armed.get(device.id, 0.0)
        for device in facts.devices.values()
        if device.role is Role.TRAP
    ]


def _caught(facts: MapInput) -> list[Caught]:
    by_trap: dict[str, list[TrapAction]] = {}
    for act in facts.acts:
        if is_capture(act, facts.wish.counted):
            by_trap.setdefault(act.device, []).append(act)
    placed = {sight.id: sight for sight in facts.traps}
    found = []
    for id_, acts in sorted(by_trap.items()):
        sight = placed.get(id_)
        if sight is None or sight.lat is None or sight.lon is None or id_ in facts.off_map:
            continue
        rate = cpue(len(acts), facts.armed.get(id_, 0.0))
        found.append(Caught(id_, sight.name, sight.lat, sight.lon, animals(acts), rate))
    return found


def animals(acts: Iterable[TrapAction]) -> dict[str, int]:
    """Heads by species; an act that does not say how many is one."""
    heads: dict[str, int] = {}
    for act in acts:
        species = act.species or UNKNOWN
        heads[species] = heads.get(species, 0) + (act.count or 1)
    return heads
