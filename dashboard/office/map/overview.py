"""Everything the officials' map shows of one wish, read at one moment and computed.

Owns which figures belong on the map. Must not know words, pages or folium. Reads roll-ups only, so
that it costs what the place and the period cost, whatever the history.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, tzinfo

import msgspec
from msgspec import Struct

from dashboard.analysis import coverage
from dashboard.analysis.coverage import Shape
from dashboard.analysis.rate import Rate, cpue, rai
from dashboard.analysis.tallies import Tally
from dashboard.live.device_view import Sight, sights
from dashboard.office.filters import Wish
from dashboard.office.map import hotspots
from dashboard.office.map.hotspots import Hotspots
from dashboard.office.periods import Span
from gateway.domain.effort import HOUR_MS
from gateway.domain.geo import mesh
from gateway.domain.model import Act, Deed, Device, Role, Standing
from gateway.domain.resident_reports import Sighting
from gateway.domain.species import UNKNOWN
from gateway.domain.trap_lifecycle import OUTCOMES
from gateway.store import Reader
from gateway.store.rollups.periods import LOOK_BACK_DAYS, Clock, Sums

DAY_MS = 24 * HOUR_MS


class Cell(Struct, frozen=True):
    """One mesh square with its pooled rate."""

    code: str
    bounds: mesh.Bounds
    devices: int
    rate: Rate


class Caught(Struct, frozen=True):
    """Captures at one trap in the period, with the effort behind them."""

    device: str
    name: str
    lat: float
    lon: float
    animals: dict[str, int]  # by species
    rate: Rate  # captures (not heads) per 100 trap-nights


class Reported(Struct, frozen=True):
    """What people reported from one 500 m square: no effort is known, so no rate either."""

    code: str
    kinds: dict[str, int]  # damage, sighting, trace ...
    last: date


class Overview(Struct, frozen=True, eq=False):
    """One map."""

    wish: Wish
    span: Span
    hotspots: Hotspots | None
    cells: list[Cell]
    total: Rate  # of all detectors together
    tallies: list[Tally]
    blind: list[str]  # names of detectors left out: they cannot tell the species asked for
    traps: list[Sight]
    caught: list[Caught]
    captures: Rate  # of all traps together
    recorded: bool  # whether anybody wrote down what was in a trap
    gaps: Shape | None  # land that nobody watched
    reports: list[Reported]


class Facts(Struct, frozen=True, eq=False):
    """What was read for a map, before anything is computed."""

    wish: Wish
    span: Span
    tallies: list[Tally]
    blind: list[str]
    traps: list[Sight]
    devices: dict[str, Device]
    armed: dict[str, float]  # trap-nights
    acts: list[Act]
    reports: list[Sighting]


def read(reader: Reader, wish: Wish, asked: Span, zone: tzinfo, now: datetime) -> Facts:
    """Read what a map of `asked` days needs; days after `now` are not yet effort."""
    devices = {d.id: d for d in reader.devices() if _fits(d, wish.area)}
    found = [one for one in _sums(reader, wish, asked, zone) if one.device in devices]
    cameras = [one for one in found if devices[one.device].role is Role.DETECTOR]
    blind = _blind(reader, wish, asked)
    return Facts(
        wish=wish,
        span=asked,
        tallies=[_tally(devices[o.device], o) for o in cameras if o.device not in blind],
        blind=sorted(devices[one.device].label for one in cameras if one.device in blind),
        traps=[
            sight
            for sight in sights(devices.values(), reader.states(), now)
            if sight.role is Role.TRAP
        ],
        devices=devices,
        armed={o.device: o.armed_ms / DAY_MS for o in found},
        acts=[act for act in reader.ledger.acts(*asked.moments(zone)) if act.device in devices],
        reports=reader.sightings(*asked.days, wish.counted),
    )


def overview(facts: Facts, bandwidth_m: float | None = None, land: Shape | None = None) -> Overview:
    """Compute a map. `bandwidth_m`: to be comparable with another.

    `land`: where the surface is drawn, and what nobody watched is sought.
    """
    spots = hotspots.hotspots(facts.tallies, bandwidth_m, land=land)
    caught = _caught(facts)
    return Overview(
        wish=facts.wish,
        span=facts.span,
        hotspots=spots,
        cells=_cells(facts.tallies, facts.wish.square),
        total=rai(sum(t.n for t in facts.tallies), sum(t.effort for t in facts.tallies)),
        tallies=facts.tallies,
        blind=facts.blind,
        traps=facts.traps,
        caught=caught,
        captures=captures(facts.acts, facts.wish, sum(_nights(facts))),
        recorded=any(act.deed in OUTCOMES for act in facts.acts),
        gaps=None if land is None else coverage.gaps(land, facts.tallies),
        reports=_reported(facts.reports),
    )


def common_bandwidth(one: Facts, other: Facts) -> float | None:
    """The bandwidth for two periods that are to be compared: that of both together."""
    before = {tally.device: tally for tally in other.tallies}
    both = [
        msgspec.structs.replace(t, n=t.n + before[t.device].n, effort=t.effort + before[t.device].effort)
        if t.device in before else t
        for t in one.tallies
    ]  # fmt: skip
    found = hotspots.hotspots(both)
    return found.surface.bandwidth_m if found else None


def captures(acts: Iterable[Act], wish: Wish, nights: float) -> Rate:
    """Captures of the wished species per 100 trap-nights."""
    return cpue(sum(1 for act in acts if is_capture(act, wish.counted)), nights)


def is_capture(act: Act, species: str | None) -> bool:
    """Whether a person recorded a capture, of this species if one is given."""
    return act.deed is Deed.CAPTURED and (species is None or act.species == species)


def _fits(device: Device, area: str) -> bool:
    return device.standing is Standing.APPROVED and (not area or device.area == area)


def _blind(reader: Reader, wish: Wish, asked: Span) -> set[str]:
    """A detector without eyes for species must not count as having seen none of this one.

    Judged alike for two periods that are compared.
    """
    if wish.counted in {None, UNKNOWN}:
        return set()
    days = [day for one in (wish.span, wish.other_span, asked) if one for day in one.days]
    return reader.ledger.blind(min(days) - LOOK_BACK_DAYS, max(days))


def _sums(reader: Reader, wish: Wish, asked: Span, zone: tzinfo) -> list[Sums]:
    if wish.clock is None:
        return reader.ledger.sums(*asked.days, wish.counted)
    first, last, offset = asked.hours(zone)
    return reader.ledger.sums_of_hours(first, last, Clock(*wish.clock, offset), wish.counted)


def _tally(device: Device, one: Sums) -> Tally:
    days = one.alive_ms / DAY_MS
    return Tally(
        device.id, one.independent, days, device.lat, device.lon, device.area, device.label
    )


def _nights(facts: Facts) -> list[float]:
    return [
        facts.armed.get(device.id, 0.0)
        for device in facts.devices.values()
        if device.role is Role.TRAP
    ]


def _caught(facts: Facts) -> list[Caught]:
    by_trap: dict[str, list[Act]] = {}
    for act in facts.acts:
        if is_capture(act, facts.wish.counted):
            by_trap.setdefault(act.device, []).append(act)
    placed = {sight.id: sight for sight in facts.traps}
    found = []
    for id_, acts in sorted(by_trap.items()):
        sight = placed.get(id_)
        if sight is None or sight.lat is None or sight.lon is None:
            continue
        rate = cpue(len(acts), facts.armed.get(id_, 0.0))
        found.append(Caught(id_, sight.name, sight.lat, sight.lon, animals(acts), rate))
    return found


def animals(acts: Iterable[Act]) -> dict[str, int]:
    """Heads by species; an act that does not say how many is one."""
    heads: dict[str, int] = {}
    for act in acts:
        species = act.species or UNKNOWN
        heads[species] = heads.get(species, 0) + (act.count or 1)
    return heads


def _reported(found: list[Sighting]) -> list[Reported]:
    squares: dict[str, list[Sighting]] = {}
    for one in found:
        if 0 <= one.lat < mesh.MAX_LAT and mesh.MIN_LON <= one.lon < mesh.MAX_LON:
            squares.setdefault(mesh.code(one.lat, one.lon, "500m"), []).append(one)
    return [
        Reported(code, dict(Counter(one.kind.value for one in parts)), max(o.day for o in parts))
        for code, parts in sorted(squares.items())
    ]


def _cells(tallies: list[Tally], square: mesh.Level) -> list[Cell]:
    groups: dict[str, list[Tally]] = {}
    for tally in tallies:
        if tally.lat is not None and tally.lon is not None:
            groups.setdefault(mesh.code(tally.lat, tally.lon, square), []).append(tally)
    return [
        Cell(
            code,
            mesh.bounds(code),
            len(parts),
            rai(sum(t.n for t in parts), sum(t.effort for t in parts)),
        )
        for code, parts in sorted(groups.items())
    ]
