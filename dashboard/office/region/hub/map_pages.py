"""The region's map: rates by square across the borders of towns.

Owns the handlers of the map, its table as a file, and the coastline. What is shown of a square: `squares`.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.documents.table import Table
from dashboard.maps import coastline
from dashboard.office.region.hub import drawing, filters, squares
from dashboard.office.region.hub.filters import RegionFilter
from dashboard.office.region.hub.kept_sums import KeptSums
from dashboard.office.region.hub.page import HubReply, reader
from dashboard.office.region.hub.reading import Readings
from dashboard.office.region.hub.squares import ShownSquare
from gateway.clock import Clock
from gateway.region.sharing import LEAST_SHOWN

TABLE_ROWS = 60  # of the table beside the map, the highest rates first
COLUMNS = ("mesh", "camera_days", "events_at_least", "class", "rate", "low", "high")
DAY_S = 86_400


class MapPages:
    """Handlers of /region/map and its files."""

    def __init__(self, readings: Readings, reply: HubReply, clock: Clock) -> None:
        self._readings, self._reply, self._clock = readings, reply, clock
        self._sums = KeptSums(clock)

    def routes(self) -> list[BaseRoute]:
        """The routes of the map."""
        return [
            Route("/region/map", self.show),
            Route("/region/squares.csv", self.send_csv),
            Route("/region/coast.geojson", self.send_coast),
        ]

    async def show(self, request: Request) -> Response:
        """The map with its filters."""
        wanted, found = await self._read(request)
        words = self._reply.text(request)
        tiles = self._reply.settings.tiles
        link = f"/region/map?{wanted.query(inside='')}"
        map_ = await asyncio.to_thread(drawing.draw, found, [], words, link, tiles=tiles)
        return self._reply.page(
            request,
            "map.html",
            self._clock(),
            map=map_,
            wanted=wanted,
            species=filters.SPECIES,
            lengths=filters.LENGTHS,
            scale=drawing.scale(words),
            squares=highest(found),
            number=len(found),
            least=LEAST_SHOWN,
        )

    async def send_csv(self, request: Request) -> Response:
        """The same squares as a table for programs."""
        wanted, found = await self._read(request)
        rows = tuple(_row(one) for one in found)
        body = spreadsheet.csv_bytes(Table(f"{wanted.species} {wanted.month}", COLUMNS, rows))
        name = f"region-{wanted.month}-{wanted.species}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, media_type="text/csv; charset=utf-8", headers=headers)

    async def send_coast(self, request: Request) -> Response:
        """The land around the squares."""
        try:
            box = drawing.coast_box(request.query_params)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        land = await asyncio.to_thread(coastline.features, box)
        return JSONResponse(land, headers={"Cache-Control": f"private, max-age={DAY_S}"})

    async def _read(self, request: Request) -> tuple[RegionFilter, list[ShownSquare]]:
        wanted = read_filter(request, self._reply, self._clock)
        async with self._readings.as_organisation(reader(request).organisation) as connection:
            sums = await self._sums.squares(connection, wanted)
        return wanted, squares.shown(sums)


def read_filter(request: Request, reply: HubReply, clock: Clock) -> RegionFilter:
    """The filter of a query. Raises HTTPException (400, with the reason) for a wrong value."""
    try:
        return filters.read(request.query_params, clock().astimezone(reply.zone).date())
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


def highest(found: list[ShownSquare]) -> list[ShownSquare]:
    """The squares with the highest classes and the most events."""
    order = sorted(found, key=lambda one: (-(one.rate_class or 0), -(one.n or 0), one.code))
    return order[:TABLE_ROWS]


def _row(one: ShownSquare) -> tuple[str | int | float | None, ...]:
    exact = one.exact
    interval = (exact.per100, exact.low, exact.high) if exact else (None, None, None)
    return one.code, one.days, one.n, one.rate_class, *interval
