"""Everything the officials' map shows for one filter, read at one moment and computed.

Owns which figures belong on the map. Must not know words, pages or folium. Reads roll-ups only: the
cost depends on the number of devices and the length of the period, not on the whole history.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from dashboard.analysis import coverage
from dashboard.analysis.coverage import Shape
from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.rate import RateInterval, cpue
from dashboard.analysis.spots import against_mean
from dashboard.analysis.tallies import DeviceTally
from dashboard.live.device_view import DeviceView, device_views
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
    animals: dict[str, int]  # number of animals by species
    rate: RateInterval  # captures (not animals) per 100 trap-nights


class Overview(Struct, frozen=True, eq=False):
    """One map."""

    map_filter: MapFilter
    span: LocalDays
    hotspots: Hotspots | None
    cells: list[MeshCell]
    total: RateInterval  # of all detectors together
    tallies: list[DeviceTally]
    blind: list[str]  # names of detectors left out: they cannot identify the species span for
    traps: list[DeviceView]
    caught: list[Caught]
    captures: RateInterval  # of all traps together
    recorded: bool  # whether any outcome was recorded at a trap
    gaps: Shape | None  # land that no sensor watched
    reports: list[Reported]
    off_map: list[OffMap]  # devices too far away to be drawn
    off_grid: list[OffMap]  # detectors outside the mesh grid; drawn, but in no square
    reports_off_map: int


class MapInput(Struct, frozen=True, eq=False):
    """The data read for a map, before anything is computed."""

    map_filter: MapFilter
    span: LocalDays
    tallies: list[DeviceTally]
    blind: list[str]
    traps: list[DeviceView]
    devices: dict[str, Device]
    armed: dict[str, float]  # trap-nights
    actions: list[TrapAction]
    reports: list[Sighting]
    off_map: dict[str, OffMap]  # by device
    limits: Box | None  # around the devices that are drawn; None: no device has a place
    dispersion: float | None = None  # of the detectors' weekly counts; None: cannot be measured

    @property
    def drawn(self) -> list[DeviceTally]:
        """Detectors used for the map, its squares and the proposals."""
        return [tally for tally in self.tallies if tally.device not in self.off_map]


def read(
    reader: Reader, map_filter: MapFilter, span: LocalDays, zone: ZoneInfo, now: datetime
) -> MapInput:
    """Read the data of a map for the days of `span`; days after `now` have no effort yet."""
    devices = {d.id: d for d in reader.devices() if _is_selected(d, map_filter.area)}
    found = [one for one in _sums(reader, map_filter, span, zone) if one.device in devices]
    cameras = [one for one in found if devices[one.device].role is Role.DETECTOR]
    blind = _cannot_tell_species(reader, map_filter, span)
    views = device_views(devices.values(), reader.states(), now)
    traps = [view for view in views if view.role is Role.TRAP]
    named = [(d.id, Named(d.label, d.lat, d.lon)) for d in devices.values()]
    named += [(trap.id, Named(trap.name, trap.lat, trap.lon)) for trap in traps]
    off_map, limits = extent.split(dict(named))
    return MapInput(
        map_filter=map_filter,
        span=span,
        tallies=[_tally(devices[o.device], o) for o in cameras if o.device not in blind],
        blind=sorted(devices[one.device].label for one in cameras if one.device in blind),
        traps=traps,
        devices=devices,
        armed={o.device: o.armed_ms / DAY_MS for o in found},
        actions=[
            one for one in reader.period_reads.acts(*span.moments(zone)) if one.device in devices
        ],
        reports=reader.sightings(*span.days, map_filter.counted),
        off_map=off_map,
        limits=limits,
        dispersion=_dispersion(reader, map_filter, span, now.astimezone(zone).date()),
    )


def overview(
    map_input: MapInput, bandwidth_m: float | None = None, land: Shape | None = None
) -> Overview:
    """Compute a map.

    `bandwidth_m`: given if two maps are compared. `land`: where the surface and the coverage gaps are
    drawn.
    """
    spots = hotspots.hotspots(
        map_input.drawn,
        bandwidth_m,
        map_input.map_filter.bands_m,
        land,
        map_input.dispersion,
    )
    reports = _reports_on_map(map_input)
    return Overview(
        map_filter=map_input.map_filter,
        span=map_input.span,
        hotspots=spots,
        cells=squares.cells(map_input.drawn, map_input.map_filter.square),
        total=pooled((t.n, t.effort) for t in map_input.tallies),
        tallies=map_input.tallies,
        blind=map_input.blind,
        traps=[view for view in map_input.traps if view.id not in map_input.off_map],
        caught=_caught(map_input),
        captures=captures(map_input.actions, map_input.map_filter, _trap_nights(map_input)),
        recorded=any(action.deed in OUTCOMES for action in map_input.actions),
        gaps=None if land is None else coverage.gaps(land, map_input.drawn),
        reports=squares.reported(reports),
        off_map=sorted(map_input.off_map.values(), key=lambda one: one.name),
        off_grid=_off_grid(map_input.drawn),
        reports_off_map=len(map_input.reports) - len(reports),
    )


def _reports_on_map(map_input: MapInput) -> list[Sighting]:
    limits = map_input.limits
    return [
        one
        for one in map_input.reports
        if (limits is None or extent.covers(limits, (one.lat, one.lon)))
        and mesh.has_code(one.lat, one.lon)
    ]


def _off_grid(tallies: Iterable[DeviceTally]) -> list[OffMap]:
    return [
        OffMap(t.name, t.lat, t.lon)
        for t in tallies
        if t.lat is not None and t.lon is not None and not mesh.has_code(t.lat, t.lon)
    ]


def common_bandwidth(one: MapInput, other: MapInput) -> float | None:
    """The bandwidth for two compared periods: chosen from both together."""
    others = {tally.device: tally for tally in other.drawn}
    return hotspots.bandwidth([_added(tally, others.get(tally.device)) for tally in one.drawn])


def _added(tally: DeviceTally, other: DeviceTally | None) -> DeviceTally:
    if other is None:
        return tally
    n, effort = tally.n + other.n, tally.effort + other.effort
    return msgspec.structs.replace(tally, n=n, effort=effort)


def captures(
    actions: Iterable[TrapAction], map_filter: MapFilter, nights: Mapping[str, float]
) -> RateInterval:
    """Captures of the chosen species per 100 trap-nights; `nights`: of each trap."""
    caught = Counter(one.device for one in actions if is_capture(one, map_filter.counted))
    traps = sorted(nights.keys() | caught.keys())
    return pooled(((caught[trap], nights.get(trap, 0.0)) for trap in traps), "trap-nights")


def is_capture(action: TrapAction, species: str | None) -> bool:
    """Whether a person recorded a capture, of this species if one is given."""
    return action.deed is ActionKind.CAPTURED and (species is None or action.species == species)


def _is_selected(device: Device, area: str) -> bool:
    return device.standing is Standing.APPROVED and (not area or device.area == area)


def _cannot_tell_species(reader: Reader, map_filter: MapFilter, span: LocalDays) -> set[str]:
    """Detectors that cannot identify species: for a chosen species they have no data, not zero events.

    The same for two periods that are compared.
    """
    if map_filter.counted in {None, UNKNOWN}:
        return set()
    days = [
        day for one in (map_filter.span, map_filter.other_span, span) if one for day in one.days
    ]
    return reader.period_reads.blind(min(days) - LOOK_BACK_DAYS, max(days))


def _sums(reader: Reader, map_filter: MapFilter, span: LocalDays, zone: ZoneInfo) -> list[Sums]:
    if map_filter.clock is None:
        return reader.period_reads.sums(*span.days, map_filter.counted)
    return reader.period_reads.sums_of_hours(
        span.hours(zone), HoursOfDay(*map_filter.clock), map_filter.counted
    )


def _dispersion(
    reader: Reader, map_filter: MapFilter, span: LocalDays, today: date
) -> float | None:
    """Dispersion of the weekly counts up to today, of whole weeks and of all hours of the day."""
    start, end = span.until(today).days
    weeks = (end - start) // 7
    table: dict[str, list[int]] = {}
    for one in reader.period_reads.weekly(start, start + 7 * weeks, map_filter.counted):
        table.setdefault(one.device, [0] * weeks)[one.week] = one.independent
    return against_mean.weekly_dispersion(list(table.values()))


def _tally(device: Device, one: Sums) -> DeviceTally:
    days = one.alive_ms / DAY_MS
    return DeviceTally(
        device.id, one.independent, days, device.lat, device.lon, device.area, device.label
    )


def _trap_nights(map_input: MapInput) -> dict[str, float]:
    return {
        device.id: map_input.armed.get(device.id, 0.0)
        for device in map_input.devices.values()
        if device.role is Role.TRAP
    }


def _caught(map_input: MapInput) -> list[Caught]:
    by_trap: dict[str, list[TrapAction]] = {}
    for action in map_input.actions:
        if is_capture(action, map_input.map_filter.counted):
            by_trap.setdefault(action.device, []).append(action)
    traps = {view.id: view for view in map_input.traps if view.id not in map_input.off_map}
    found = []
    for id_, actions in sorted(by_trap.items()):
        trap = traps.get(id_)
        if trap is None or trap.lat is None or trap.lon is None:
            continue
        rate = cpue(len(actions), map_input.armed.get(id_, 0.0))
        animals = animals_by_species(actions)
        found.append(Caught(id_, trap.name, trap.lat, trap.lon, animals, rate))
    return found


def animals_by_species(actions: Iterable[TrapAction]) -> dict[str, int]:
    """Number of animals by species; an action without a count is one animal."""
    animals: dict[str, int] = {}
    for action in actions:
        species = action.species or UNKNOWN
        animals[species] = animals.get(species, 0) + (action.count or 1)
    return animals
