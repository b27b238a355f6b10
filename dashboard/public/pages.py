"""The public map: 5 km squares, late, small numbers withheld. Readable without a login if so set.

Owns the handlers. What is published: `opendata`. Must not hand a device, a trap or their place to a
template: only squares.
"""

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.maps import bounds, coastline, raster
from dashboard.maps.geojson import Feature, collection
from dashboard.office import choices as choices_module
from dashboard.office.choices import Choices
from dashboard.office.filters import MapFilter, read
from dashboard.office.map import drawing, hotspot_map, overview
from dashboard.office.map.layers import Layer
from dashboard.office.periods import LocalDays
from dashboard.public import open_data
from dashboard.public.open_data import PublicSquare
from dashboard.web.i18n import Translations
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.geo import mesh
from gateway.store import Reader
from gateway.store.reading import Reads


class PublicPages:
    """Handlers of what everybody may see."""

    def __init__(self, store: Reads, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock

    def routes(self) -> list[BaseRoute]:
        """Where they answer."""
        return [
            Route("/public", self.show),
            Route("/public/squares.geojson", self.send_geojson),
            Route("/public/squares.csv", self.send_csv),
        ]

    async def show(self, request: Request) -> Response:
        """The map."""
        words = self._reply.text(request)
        choices, wanted, span, found, off_map = await self._read(request)
        shapes = open_data.features(found, mesh.bounds)
        page = await asyncio.to_thread(draw, shapes, words)
        return self._reply.page(
            request, "public.html", self._clock(), account=request.state.account, map=page,
            squares=found, off_map=off_map, span=span, wish=wanted,
            species=open_data.offered(choices.species), public=self._config.public, legend=raster.legend(),
            script=drawing.script_values(words, page),
        )  # fmt: skip

    async def send_geojson(self, request: Request) -> Response:
        """The squares as GeoJSON."""
        found = (await self._read(request))[3]
        body = msgspec.json.encode(collection(open_data.features(found, mesh.bounds)))
        return Response(body, media_type="application/geo+json")

    async def send_csv(self, request: Request) -> Response:
        """The squares as CSV."""
        found = (await self._read(request))[3]
        return Response(
            spreadsheet.csv_bytes(open_data.table(found, "public")), media_type="text/csv"
        )

    async def _read(
        self, request: Request
    ) -> tuple[Choices, MapFilter, LocalDays, list[PublicSquare], int]:
        species = request.query_params.get("species", "")[:64]
        return await self._store.read(lambda reader: self._squares(reader, species))

    def _squares(
        self, reader: Reader, species: str
    ) -> tuple[Choices, MapFilter, LocalDays, list[PublicSquare], int]:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        species = open_data.told(species, choices.species)
        wanted = read({"species": species}, choices.last, species)
        span = open_data.period(now.astimezone(zone).date(), self._config.public)
        found = overview.overview(overview.read(reader, wanted, span, zone, now))
        told = open_data.squares(found.cells, self._config.public)
        return choices, wanted, span, told, len(found.off_map) + len(found.off_grid)


def draw(shapes: list[Feature], words: Translations) -> Any:
    """Draw squares; the map's frame follows from them alone."""
    corners = [(lat, lon) for shape in shapes for lon, lat in shape["geometry"]["coordinates"][0]]
    limits = bounds.around(corners)
    return hotspot_map.draw(
        [Layer("public", shapes, True)], {}, limits, words, coast=coastline.features(limits)
    )
