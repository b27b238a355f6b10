"""The towns of a region: when each was heard, and one town as exactly as it gives itself.

Owns the handlers of /region/towns. Exact places are shown after somebody has said what for, and PostgreSQL
has written down that they were read.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.office.region.hub import drawing, filters, queries, records, squares
from dashboard.office.region.hub.map_pages import highest, read_filter
from dashboard.office.region.hub.page import HubReply, reader
from dashboard.office.region.hub.queries import ExactDevice, TownRow
from dashboard.office.region.hub.reading import Readings
from gateway.clock import Clock
from gateway.domain.people.plain_text import plain_name
from gateway.region.hub.database import Connection
from gateway.region.sharing import LEAST_SHOWN

LONGEST_PURPOSE, LONGEST_SEARCH = 200, 64


class TownPages:
    """Handlers of /region/towns."""

    def __init__(self, readings: Readings, reply: HubReply, clock: Clock) -> None:
        self._readings, self._reply, self._clock = readings, reply, clock

    def routes(self) -> list[BaseRoute]:
        """The list, one town, and its exact places."""
        return [
            Route("/region/towns", self.show_all, methods=["GET"]),
            Route("/region/towns/{town}", self.show, methods=["GET"]),
            Route("/region/towns/{town}/places", self.show_places, methods=["POST"]),
        ]

    async def show_all(self, request: Request) -> Response:
        """Every town that the reader may know, the silent ones first."""
        search = plain_name(request.query_params.get("search", ""), LONGEST_SEARCH)
        async with self._readings.as_organisation(reader(request).organisation) as connection:
            found = await queries.towns(connection, search)
        now, after_s = self._clock(), self._reply.settings.silent_after_s
        return self._reply.page(
            request,
            "towns.html",
            now,
            towns=[(one, one.is_silent(now, after_s)) for one in found],
            search=search,
            most=queries.MOST_TOWNS,
        )

    async def show(self, request: Request) -> Response:
        """One town, by 1 km squares if it gives them."""
        return await self._page(request)

    async def show_places(self, request: Request) -> Response:
        """The same with exact places; who reads them, and what for, is kept."""
        async with request.form(max_fields=5, max_files=0) as form:
            purpose = plain_name(str(form.get("purpose", "")), LONGEST_PURPOSE)
        if not purpose:
            return await self._page(request, status=409, wrong="region.town.no_purpose")
        return await self._page(request, purpose)

    async def _page(
        self, request: Request, purpose: str = "", status: int = 200, wrong: str = ""
    ) -> Response:
        user, wanted = reader(request), read_filter(request, self._reply, self._clock)
        async with self._readings.as_organisation(user.organisation) as connection:
            town = await _known(connection, request.path_params["town"])
            sums = await queries.town_squares(connection, town, wanted)
            devices: Sequence[ExactDevice] = ()
            if purpose and town.level == "exact":
                devices = await queries.exact_devices(connection, town, wanted, user.name, purpose)
            asked = await records.requests_of(connection, town.no)
        # The note of who has read exact places is committed from here on.
        found, words, now = squares.shown(sums), self._reply.text(request), self._clock()
        map_ = await asyncio.to_thread(
            drawing.draw, found, devices, words, tiles=self._reply.settings.tiles
        )
        values: dict[str, Any] = {
            "town": town,
            "is_silent": town.is_silent(now, self._reply.settings.silent_after_s),
            "map": map_,
            "squares": highest(found),
            "devices": devices,
            "asked": asked,
        }
        return self._reply.page(
            request,
            "town.html",
            now,
            status=status,
            wanted=wanted,
            species=filters.SPECIES,
            lengths=filters.LENGTHS,
            scale=drawing.scale(words),
            least=LEAST_SHOWN,
            wrong=wrong,
            longest=LONGEST_PURPOSE,
            longest_text=records.LONGEST_TEXT,
            **values,
        )


async def _known(connection: Connection, id_: str) -> TownRow:
    """The town of an address. Raises HTTPException (404) for one that the reader may not know."""
    found = await queries.town(connection, id_)
    if found is None:
        raise HTTPException(404)
    return found
