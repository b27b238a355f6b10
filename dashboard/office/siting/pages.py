"""The page of proposed trap sites: how many, under which wishes, why there, and what a move costs.

Owns the form and the answer to a dragged site. The choice itself is `proposals`'.
"""

import asyncio
from collections.abc import Mapping
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
from dashboard.maps import extent, geojson
from dashboard.maps.bounds import Box
from dashboard.maps.extent import OffMap
from dashboard.office import choices as choices_module
from dashboard.office import filters
from dashboard.office.choices import Choices
from dashboard.office.filters import ALL, MapFilter
from dashboard.office.land_files import Lands
from dashboard.office.map import drawing, hotspot_map, layers, overview
from dashboard.office.map.layers import Layer
from dashboard.office.map.overview import MapInput
from dashboard.office.siting import proposals
from dashboard.office.siting.proposals import Proposals, SitingRequest, TooWideError
from dashboard.office.siting.reasons import SiteReason
from dashboard.web.i18n import Translations
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain import species
from gateway.domain.geo.far_places import ASK_KM
from gateway.domain.model import TrapState
from gateway.store import Reader
from gateway.store.reading import Reads


class Form(Struct, frozen=True):
    """What the official asks for; `LIMITS` has what is allowed."""

    count: int = 5
    distance_m: int = 300
    reach_m: int = 200
    access_m: int = 300


LIMITS = {
    "count": (1, 30), "distance_m": (50, 3_000), "reach_m": (50, 1_000), "access_m": (20, 3_000),
}  # fmt: skip


class Asked(Struct, frozen=True, eq=False):
    """A query and what was read for it."""

    form: Form
    wish: MapFilter
    choices: Choices
    facts: MapInput


class SitingPages:
    """Handlers of the proposed sites."""

    def __init__(
        self, store: Reads, reply: Reply, config: Config, clock: Clock, owned: Lands
    ) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._lands = owned

    def routes(self) -> list[BaseRoute]:
        """Where they answer."""
        return [
            Route("/officials/sites", self.show),
            Route("/officials/sites/move", self.judge_move),
        ]

    async def show(self, request: Request) -> Response:
        """The proposals on a map and as a list."""
        words, now = self._reply.text(request), self._clock()
        asked = await self._store.read(lambda reader: self._read(reader, request))
        found = await asyncio.to_thread(self._propose, asked)
        plan, why = (None, found) if isinstance(found, str) else (found, "")
        drawn = await asyncio.to_thread(self._draw, asked, plan, words)
        return self._reply.page(
            request, "officials_sites.html", now, account=request.state.account, drawn=drawn,
            plan=plan, why=why, off_map=off_map(asked.facts), mark=_mark(plan), form=asked.form,
            limits=LIMITS, wish=asked.wish, choices=asked.choices, lengths=filters.LENGTHS,
            months=asked.choices.months, query=request.url.query, has_roads=self._lands.roads is not None,
            script=drawing.script_values(words, drawn),
        )  # fmt: skip

    async def judge_move(self, request: Request) -> Response:
        """JSON of what moving ``site`` to ``lat``, ``lon`` costs; 409 when the data changed since."""
        site, lat, lon = _move(request.query_params)
        asked = await self._store.read(lambda reader: self._read(reader, request))
        plan = await asyncio.to_thread(self._propose, asked)
        if isinstance(plan, str) or _mark(plan) != request.query_params.get("mark"):
            return _json({"error": "the data changed; load the page again"}, 409)
        try:
            move = await asyncio.to_thread(proposals.moved, plan, site, lat, lon)
        except IndexError as error:
            return _json({"error": str(error)}, 400)
        return _json(move)

    def _read(self, reader: Reader, request: Request) -> Asked:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        try:
            form = read_form(request.query_params)
            usual = choices_module.usual(choices.species)
            wanted = filters.read({"months": "12", **request.query_params}, choices.last, usual)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return Asked(form, wanted, choices, overview.read(reader, wanted, wanted.span, zone, now))

    def _propose(self, asked: Asked) -> Proposals | str:
        """The plan, or the word that says why there is none."""
        form, facts, sensors = asked.form, asked.facts, near(asked.facts)
        if len(sensors) < kriging.MIN_SENSORS:
            return "sites.too_few"
        wishes = SitingRequest(
            form.count, form.reach_m, form.distance_m, form.access_m,
            self._lands.roads, self._excluded(facts),
        )  # fmt: skip
        standing = [s for s in facts.traps if s.condition.value != TrapState.REMOVED.value]
        traps = [(s.lat, s.lon) for s in standing if s.lat is not None and s.lon is not None]
        try:
            return propose(sensors, tuple(traps), wishes, _animal(asked.wish))
        except TooWideError:
            return "sites.too_wide"
        except ValueError:
            return "sites.too_few"

    def _excluded(self, facts: MapInput) -> Shape:
        """Where no trap may stand: the sea, protected and refused land."""
        limits = drawing.limits_of([facts], self._config.dashboard.centre)
        return without_sea(limits, self._lands.excluded)

    def _draw(self, asked: Asked, plan: Proposals | None, words: Translations) -> Any:
        limits = drawing.limits_of([asked.facts], self._config.dashboard.centre)
        found = overview.overview(asked.facts, land=drawing.land_for([asked.facts], limits))
        shown = {"surface", "protected", "sensors", "traps"}
        parts = [
            Layer(one.name, one.features, True)
            for one in layers.layers(found, self._lands.protected)
            if one.name in shown
        ]
        sites = [] if plan is None else [_feature(i, plan, words) for i in range(len(plan.sites))]
        pictures = {"surface": layers.picture(found)}
        tiles = self._config.dashboard.tiles != "none"
        return hotspot_map.draw(
            [*parts, Layer("sites", sites, True)], pictures, limits, words, tiles=tiles
        )


@lru_cache(maxsize=2)
def without_sea(limits: Box, excluded: Shape | None) -> Shape:
    """`excluded` and the sea inside `limits`."""
    sea = shapely.box(*limits) - drawing.ashore(limits)
    return sea if excluded is None else shapely.union(sea, excluded)


@lru_cache(maxsize=2)
def propose(
    tallies: tuple[DeviceTally, ...],
    traps: tuple[tuple[float, float], ...],
    wishes: SitingRequest,
    animal: SiteReason,
) -> Proposals:
    """The same for the same data: kept for the drags that follow, and never stale."""
    return proposals.propose(tallies, traps, wishes, animal)


def near(facts: MapInput) -> tuple[DeviceTally, ...]:
    """Detectors near enough to the others to choose places from: a grid of a trap's reach is fine."""
    placed = [t for t in facts.drawn if t.lat is not None and t.lon is not None]
    away = extent.outside([(t.lat or 0.0, t.lon or 0.0) for t in placed], ASK_KM)
    return tuple(t for i, t in enumerate(placed) if i not in away)


def off_map(facts: MapInput) -> list[OffMap]:
    """What is left out of the choice because it is far from the others."""
    used = {tally.device for tally in near(facts)}
    left = [
        OffMap(t.name, t.lat, t.lon)
        for t in facts.drawn
        if t.lat is not None and t.lon is not None and t.device not in used
    ]
    return [*facts.off_map.values(), *left]


def read_form(query: Mapping[str, str]) -> Form:
    """Read the wishes; ValueError names what is allowed."""
    return Form(**{name: _number(query, name) for name in LIMITS})


def _number(query: Mapping[str, str], name: str) -> int:
    low, high = LIMITS[name]
    text = query.get(name) or str(getattr(Form(), name))
    if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
        raise ValueError(f"{name} {text[:20]!r} must be a whole number from {low} to {high}")
    return int(text)


def _move(query: Mapping[str, str]) -> tuple[int, float, float]:
    try:
        site, lat, lon = int(query["site"]), float(query["lat"]), float(query["lon"])
    except (KeyError, ValueError):
        raise HTTPException(400, "site, lat and lon must be numbers") from None
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise HTTPException(400, "lat and lon must be degrees")
    return site, lat, lon


def _animal(wanted: MapFilter) -> SiteReason:
    if wanted.species == ALL:
        return SiteReason("獣", "animals")
    return SiteReason(species.label(wanted.species, "ja"), species.label(wanted.species, "en"))


def _feature(index: int, plan: Proposals, words: Translations) -> Any:
    site = plan.sites[index]
    why = site.reason.ja if words.language == "ja" else site.reason.en
    return geojson.point(site.lat, site.lon, {"no": index + 1, "why": why, "drag": True})


def _mark(plan: Proposals | None) -> str:
    """Tells one plan from another."""
    places = [] if plan is None else [(site.lat, site.lon) for site in plan.sites]
    return blake2b(msgspec.json.encode(places), digest_size=8).hexdigest()


def _json(value: Any, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    body = msgspec.json.encode(value)
    return Response(body, status, media_type="application/json", headers=headers)
