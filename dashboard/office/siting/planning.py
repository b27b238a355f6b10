"""From a query of the form to a plan: what is read, what the traps in place say, which land is left out.

Owns this step. Must not know pages or words.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
import shapely
from msgspec import Struct
from starlette.exceptions import HTTPException

from dashboard.analysis import kriging
from dashboard.analysis.coverage import Shape
from dashboard.analysis.siting import space_use
from dashboard.analysis.siting.space_use import SpaceUse
from dashboard.analysis.tallies import DeviceTally
from dashboard.live.device_view import Condition, DeviceView
from dashboard.maps import extent
from dashboard.maps.bounds import Box
from dashboard.maps.extent import OffMap
from dashboard.office import choices as choices_module
from dashboard.office import filters
from dashboard.office.choices import Choices
from dashboard.office.filters import MapFilter
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import drawing, overview
from dashboard.office.map.overview import MapInput
from dashboard.office.siting import proposals
from dashboard.office.siting.form import SitingForm, read_form
from dashboard.office.siting.proposals import Proposals, SitingRequest, TooWideError
from gateway.domain.geo.far_places import ASK_KM
from gateway.store import Reader


class SitingQuery(Struct, frozen=True, eq=False):
    """A query and the data that were read for it."""

    form: SitingForm
    map_filter: MapFilter
    choices: Choices
    map_input: MapInput

    @property
    def space_use(self) -> SpaceUse:
        """How the chosen species uses space."""
        return space_use.of(self.map_filter.species)


def read(reader: Reader, query: Mapping[str, str], zone: ZoneInfo, now: datetime) -> SitingQuery:
    """Read the data of a query. Raises HTTPException (400, with the reason) for a wrong value."""
    choices = choices_module.choices(reader, zone, now)
    try:
        form = read_form(query)
        usual = choices_module.default_species(choices.species)
        chosen = filters.read({"months": "12", **query}, choices.usual, usual)
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    found = overview.read(reader, chosen, chosen.span, zone, now)
    return SitingQuery(form, chosen, choices, found)


def plan(query: SitingQuery, land: OfficeLand, limits: Box) -> Proposals | str:
    """The plan, or the key of the text that says why there is none."""
    map_input, sensors = query.map_input, detectors_in_range(query.map_input)
    if sum(1 for one in sensors if one.effort > 0) < kriging.MIN_SENSORS:
        return "sites.too_few"
    form = query.form
    wanted = SitingRequest(
        form.count,
        form.nights,
        form.distance_m,
        form.access_m,
        land.roads,
        _without_sea(limits, land.excluded),
        form.start,
        form.start_m,
        query.space_use,
    )
    try:
        return _proposed(sensors, standing(map_input), _caught(map_input), wanted)
    except TooWideError:
        return "sites.too_wide"


def standing(map_input: MapInput) -> tuple[tuple[float, float], ...]:
    """(latitude, longitude) of the traps in place."""
    return tuple(
        (one.lat, one.lon)
        for one in map_input.traps
        if one.condition is not Condition.REMOVED and one.lat is not None and one.lon is not None
    )


def detectors_in_range(map_input: MapInput) -> tuple[DeviceTally, ...]:
    """Detectors near enough to the others: the grid's cells stay smaller than a home range."""
    placed = [t for t in map_input.drawn if t.lat is not None and t.lon is not None]
    away = extent.outside([(t.lat or 0.0, t.lon or 0.0) for t in placed], ASK_KM)
    return tuple(t for i, t in enumerate(placed) if i not in away)


def off_map(map_input: MapInput) -> list[OffMap]:
    """Devices left out of the choice because they are far from the others."""
    used = {tally.device for tally in detectors_in_range(map_input)}
    left = [
        OffMap(t.name, t.lat, t.lon)
        for t in map_input.drawn
        if t.lat is not None and t.lon is not None and t.device not in used
    ]
    return [*map_input.off_map.values(), *left]


def _caught(map_input: MapInput) -> tuple[tuple[float, float, float, int], ...]:
    """(latitude, longitude, trap-nights, captures of the species) of each trap."""
    counts: dict[str, int] = {}
    for action in map_input.actions:
        if overview.is_capture(action, map_input.map_filter.counted):
            counts[action.device] = counts.get(action.device, 0) + 1
    return tuple(
        (one.lat, one.lon, map_input.armed.get(one.id, 0.0), counts.get(one.id, 0))
        for one in map_input.traps
        if _is_drawn(map_input, one) and one.lat is not None and one.lon is not None
    )


def _is_drawn(map_input: MapInput, view: DeviceView) -> bool:
    return view.id not in map_input.off_map


@lru_cache(maxsize=2)
def _without_sea(limits: Box, excluded: Shape | None) -> Shape:
    """`excluded` and the sea inside `limits`."""
    sea = shapely.box(*limits) - drawing.land_and_shore(limits)
    return sea if excluded is None else shapely.union(sea, excluded)


@lru_cache(maxsize=2)
def _proposed(
    tallies: tuple[DeviceTally, ...],
    traps: tuple[tuple[float, float], ...],
    caught: tuple[tuple[float, float, float, int], ...],
    wanted: SitingRequest,
) -> Proposals:
    """Cached by all its input, so never stale: each drag of a site needs the same plan."""
    used = tuple(one for one in tallies if one.effort > 0)
    found = proposals.estimated(used, wanted.space_use.sigma_m, wanted.measured_within_m)
    catch = proposals.catch_at(found, caught, wanted.measured_within_m)
    return proposals.propose(used, traps, msgspec.structs.replace(wanted, catch=catch))
