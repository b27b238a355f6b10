"""The page of proposed trap sites: the form, the proposals with reasons, and the loss of a moved site.

Owns the form and the answer to a dragged site. The choice of sites: `proposals`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
import shapely
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.analysis import kriging
from dashboard.analysis.coverage import Shape
from dashboard.analysis.tallies import DeviceTally
from dashboard.live.device_view import Condition
from dashboard.maps import extent, geojson
from dashboard.maps.bounds import Box
from dashboard.maps.extent import OffMap
from dashboard.office import choices as choices_module
from dashboard.office import filters
from dashboard.office.choices import Choices
from dashboard.office.filters import ALL, MapFilter
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import drawing, hotspot_map, layers, overview
from dashboard.office.map.layers import Layer
from dashboard.office.map.overview import MapInput
from dashboard.office.siting import proposals
from dashboard.office.siting.proposals import Proposals, SitingRequest, TooWideError
from dashboard.office.siting.reasons import sentence
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain import species
from gateway.domain.geo.far_places import ASK_KM
from gateway.store import Reader
from gateway.store.reading import Reads
from gateway.words.catalogue import Translations


class SitingForm(Struct, frozen=True):
    """The fields of the form; allowed values: `LIMITS`."""

    count: int = 5
    distance_m: int = 300
    reach_m: int = 200
    access_m: int = 300


LIMITS = {
    "count": (1, 30),
    "distance_m": (50, 3_000),
    "reach_m": (50, 1_000),
    "access_m": (20, 3_000),
}


class SitingQuery(Struct, frozen=True, eq=False):
    """A query and the data that were read for it."""

    form: SitingForm
    map_filter: MapFilter
    choices: Choices
    map_input: MapInput


class SitingPages:
    """Handlers of the proposed sites."""

    def __init__(
        self, store: Reads, reply: Reply, config: Config, clock: Clock, land: OfficeLand
    ) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._land = land

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/officials/sites", self.show),
            Route("/officials/sites/move", self.judge_move),
        ]

    async def show(self, request: Request) -> Response:
        """The proposals on a map and as a list."""
        words, now = self._reply.text(request), self._clock()
        query = await self._store.read(lambda reader: self._read(reader, request))
        found = await asyncio.to_thread(self._propose, query)
        plan, why_none = (None, found) if isinstance(found, str) else (found, "")
        reasons = _sentences(plan, query.map_filter, words)
        drawn = await asyncio.to_thread(self._draw, query, plan, reasons, words)
        return self._reply.page(
            request,
            "officials_sites.html",
            now,
            account=request.state.account,
            drawn=drawn,
            plan=plan,
            why=why_none,
            reasons=reasons,
            off_map=off_map(query.map_input),
            mark=_plan_id(plan),
            form=query.form,
            limits=LIMITS,
            map_filter=query.map_filter,
            choices=query.choices,
            lengths=filters.PERIOD_MONTHS,
            months=query.choices.months,
            query=request.url.query,
            has_roads=self._land.roads is not None,
            script=drawing.script_values(words, drawn),
        )

    async def judge_move(self, request: Request) -> Response:
        """The loss of moving ``site`` to ``lat``, ``lon`` as JSON; 409 if the data have changed."""
        site, lat, lon = _read_move(request.query_params)
        query = await self._store.read(lambda reader: self._read(reader, request))
        plan = await asyncio.to_thread(self._propose, query)
        if isinstance(plan, str) or _plan_id(plan) != request.query_params.get("mark"):
            return _json({"error": "the data changed; load the page again"}, 409)
        try:
            move = await asyncio.to_thread(proposals.moved, plan, site, lat, lon)
        except IndexError as error:
            return _json({"error": str(error)}, 400)
        return _json(move)

    def _read(self, reader: Reader, request: Request) -> SitingQuery:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        try:
            form = read_form(request.query_params)
            species = choices_module.default_species(choices.species)
            chosen = filters.read({"months": "12", **request.query_params}, choices.last, species)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        found = overview.read(reader, chosen, chosen.span, zone, now)
        return SitingQuery(form, chosen, choices, found)

    def _propose(self, query: SitingQuery) -> Proposals | str:
        """The plan, or the key of the text that says why there is none."""
        form, map_input, sensors = query.form, query.map_input, detectors_in_range(query.map_input)
        if len(sensors) < kriging.MIN_SENSORS:
            return "sites.too_few"
        siting_request = SitingRequest(
            form.count,
            form.reach_m,
            form.distance_m,
            form.access_m,
            self._land.roads,
            self._excluded(map_input),
        )
        standing = [s for s in map_input.traps if s.condition is not Condition.REMOVED]
        traps = [(s.lat, s.lon) for s in standing if s.lat is not None and s.lon is not None]
        try:
            return propose(sensors, tuple(traps), siting_request)
        except TooWideError:
            return "sites.too_wide"
        except ValueError:
            return "sites.too_few"

    def _excluded(self, map_input: MapInput) -> Shape:
        """Where no trap may stand: the sea, protected and refused land."""
        limits = drawing.map_limits([map_input], self._config.dashboard.centre)
        return without_sea(limits, self._land.excluded)

    def _draw(
        self,
        query: SitingQuery,
        plan: Proposals | None,
        reasons: Sequence[str],
        words: Translations,
    ) -> Any:
        limits = drawing.map_limits([query.map_input], self._config.dashboard.centre)
        found = overview.overview(query.map_input, land=drawing.land_for([query.map_input], limits))
        shown = {"surface", "protected", "sensors", "traps"}
        parts = [
            Layer(one.name, one.features, True)
            for one in layers.layers(found, self._land.protected)
            if one.name in shown
        ]
        sites = [_feature(i, plan, why) for i, why in enumerate(reasons)] if plan else []
        pictures = {"surface": layers.picture(found)}
        tiles = self._config.dashboard.tiles != "none"
        return hotspot_map.draw(
            [*parts, Layer("sites", sites, True)], pictures, limits, words, tiles=tiles
        )


@lru_cache(maxsize=2)
def without_sea(limits: Box, excluded: Shape | None) -> Shape:
    """`excluded` and the sea inside `limits`."""
    sea = shapely.box(*limits) - drawing.land_and_shore(limits)
    return sea if excluded is None else shapely.union(sea, excluded)


@lru_cache(maxsize=2)
def propose(
    tallies: tuple[DeviceTally, ...],
    traps: tuple[tuple[float, float], ...],
    siting_request: SitingRequest,
) -> Proposals:
    """Cached by all its input, so never stale: each drag of a site needs the same plan."""
    return proposals.propose(tallies, traps, siting_request)


def detectors_in_range(map_input: MapInput) -> tuple[DeviceTally, ...]:
    """Detectors near enough to the others: the grid's cells stay smaller than a trap's reach."""
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


def read_form(query: Mapping[str, str]) -> SitingForm:
    """Read the form. Raises ValueError with the allowed values."""
    return SitingForm(**{name: _number(query, name) for name in LIMITS})


def _number(query: Mapping[str, str], name: str) -> int:
    low, high = LIMITS[name]
    text = query.get(name) or str(getattr(SitingForm(), name))
    if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
        raise ValueError(f"{name} {text[:20]!r} must be a whole number from {low} to {high}")
    return int(text)


def _read_move(query: Mapping[str, str]) -> tuple[int, float, float]:
    try:
        site, lat, lon = int(query["site"]), float(query["lat"]), float(query["lon"])
    except (KeyError, ValueError):
        raise HTTPException(400, "site, lat and lon must be numbers") from None
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise HTTPException(400, "lat and lon must be degrees")
    return site, lat, lon


def _sentences(plan: Proposals | None, chosen: MapFilter, words: Translations) -> list[str]:
    """Why each site of the plan is proposed."""
    if chosen.species == ALL:
        animal = words("sites.any_animal")
    else:
        animal = species.label(chosen.species, words.language)
    return [sentence(site.reason, animal, words) for site in plan.sites] if plan else []


def _feature(index: int, plan: Proposals, why: str) -> Any:
    site = plan.sites[index]
    return geojson.point(site.lat, site.lon, {"no": index + 1, "why": why, "drag": True})


def _plan_id(plan: Proposals | None) -> str:
    """Identifies a plan: a digest of its sites."""
    places = [] if plan is None else [(site.lat, site.lon) for site in plan.sites]
    return blake2b(msgspec.json.encode(places), digest_size=8).hexdigest()


def _json(value: Any, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    body = msgspec.json.encode(value)
    return Response(body, status, media_type="application/json", headers=headers)
