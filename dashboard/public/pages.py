"""The public map: delayed 5 km squares with small numbers withheld. No login needed if configured so.

Owns the handlers. What is published: `open_data`. Must not pass a device, a trap or their position to
a template: only squares.
"""

import asyncio
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.maps import bounds, coastline
from dashboard.maps.base_layers import Ground
from dashboard.maps.geojson import Feature
from dashboard.office import choices as choices_module
from dashboard.office.choices import Choices
from dashboard.office.filters import MapFilter, read
from dashboard.office.map import drawing, hotspot_map, overview
from dashboard.office.map.layers import Layer
from dashboard.office.periods import LocalDays
from dashboard.public import open_data
from dashboard.public.edition import edition
from dashboard.public.files import OpenDataFiles
from dashboard.public.open_data import PublicSquare
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.geo import mesh
from gateway.store import Reader
from gateway.store.reading import Reads
from gateway.words.catalogue import Translations

COAST_DETAILS = 800  # the coast stands in the page, for readers who may not ask for the live map's


class PublicInput(Struct, frozen=True):
    """The data of one request."""

    choices: Choices
    map_filter: MapFilter
    span: LocalDays
    squares: list[PublicSquare]
    off_map: int  # detectors without a square


class PublicPages:
    """Handlers of the public map and its files."""

    def __init__(self, store: Reads, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/public", self.show),
            *OpenDataFiles(self._store, self._config, self._clock).routes(),
        ]

    async def show(self, request: Request) -> Response:
        """The map."""
        words = self._reply.text(request)
        found = await self._read(request)
        shapes = open_data.features(found.squares, mesh.bounds)
        page = await asyncio.to_thread(draw, shapes, words)
        return self._reply.page(
            request,
            "public.html",
            self._clock(),
            account=request.state.account,
            map=page,
            squares=found.squares,
            off_map=found.off_map,
            span=found.span,
            map_filter=found.map_filter,
            species=open_data.public_choices(found.choices.species),
            public=self._config.public,
            about=edition(self._config, found.map_filter.species, "", found.span),
            legend=drawing.legends(words)["legend"],
            script=drawing.script_values(words, page),
        )

    async def _read(self, request: Request) -> PublicInput:
        species = request.query_params.get("species", "")[:64]
        return await self._store.read(lambda reader: self._squares(reader, species))

    def _squares(self, reader: Reader, species: str) -> PublicInput:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        species = open_data.public_species(species, choices.species)
        chosen = read({"species": species}, choices.last, species)
        span = open_data.period(now.astimezone(zone).date(), self._config.public)
        found = overview.overview(overview.read(reader, chosen, span, zone, now))
        squares = open_data.squares(found.cells, self._config.public)
        off_map = len(found.off_map) + len(found.off_grid)
        return PublicInput(choices, chosen, span, squares, off_map)


def draw(shapes: list[Feature], words: Translations) -> Any:
    """Draw squares; the frame of the map depends on the squares only, not on devices."""
    corners = [(lat, lon) for shape in shapes for lon, lat in shape["geometry"]["coordinates"][0]]
    limits = bounds.around(corners)
    return hotspot_map.draw(
        [Layer("public", shapes, True)],
        {},
        limits,
        words,
        Ground(coast=coastline.features(limits, COAST_DETAILS)),
    )
