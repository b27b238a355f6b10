"""The officials' map: filters, one period or two side by side, and the sheet to print.

Owns what these pages are made of. Computes off the loop; keeps nothing that could become stale.
"""

import asyncio
from functools import lru_cache
from typing import Any

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard import coast, coverage, hotmap, lands, layers, overview, raster, wish
from dashboard.coast import Box
from dashboard.coverage import Shape
from dashboard.lands import Lands
from dashboard.maps import Page
from dashboard.overview import Choices, Facts, Overview
from dashboard.reply import Reply
from dashboard.text import Text
from dashboard.wish import Wish
from gateway.clock import Clock
from gateway.config import Config
from gateway.store import Reader, Store

SCRIPT_WORDS = ("office.", "layer.", "map.", "species.", "mark.trap", "condition.", "trap_type.")
PAPERS = ("a4", "a3")


class Drawn(Struct, frozen=True, eq=False):
    """One map with its figures."""

    found: Overview
    map: Page


class Officials:
    """Handlers of the officials' map."""

    def __init__(self, store: Store, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._lands = lands.read(config.office)

    def routes(self) -> list[BaseRoute]:
        """Where they answer."""
        return [
            Route("/officials", self.show_map),
            Route("/officials/sheet", self.show_sheet),
        ]

    async def show_map(self, request: Request) -> Response:
        """The map with its filters."""
        return await self._map(request, "officials_map.html")

    async def show_sheet(self, request: Request) -> Response:
        """The map as one sheet of paper; ``?paper=a4|a3``."""
        paper = request.query_params.get("paper", "a4")
        if paper not in PAPERS:
            raise HTTPException(400, f"paper must be one of {', '.join(PAPERS)}")
        return await self._map(request, "officials_sheet.html", paper=paper)

    async def _map(self, request: Request, template: str, **values: Any) -> Response:
        words, now = self._reply.text(request), self._clock()
        choices, facts = await self._store.read(lambda reader: self._read(reader, request))
        drawn = await asyncio.to_thread(self._draw, facts, words)
        return self._reply.page(
            request, template, now, account=request.state.account, drawn=drawn, choices=choices,
            wish=facts[0].wish, months=_months(choices), names=_names(facts[0]),
            unwatched=_unwatched(drawn[0]), legend=raster.legend(), lengths=wish.LENGTHS,
            hours=sorted(wish.HOURS), script=script_values(words), papers=PAPERS, **values,
        )  # fmt: skip

    def _read(self, reader: Reader, request: Request) -> tuple[Choices, list[Facts]]:
        zone, now = self._reply.zone, self._clock()
        choices = overview.choices(reader, zone, now)
        wanted = asked(request, choices)
        spans = [wanted.span, *([wanted.other_span] if wanted.other_span else [])]
        return choices, [overview.read(reader, wanted, span, zone, now) for span in spans]

    def _draw(self, facts: list[Facts], words: Text) -> list[Drawn]:
        limits = limits_of(facts, self._config.dashboard.centre)
        return draw_all(facts, self._lands, limits, words, self._config.dashboard.tiles != "none")


def draw_all(
    facts: list[Facts], owned: Lands, limits: Box, words: Text, tiles: bool, source: Any = None
) -> list[Drawn]:
    """Draw one period, or two that can be compared; `source`: the land, for a file without server."""
    width = overview.common_bandwidth(*facts) if len(facts) == 2 else None
    drawn = []
    for one in facts:
        found = overview.overview(one, width, land(limits))
        parts = layers.layers(found, owned.protected)
        where = source or "/map/coast.geojson"
        page = hotmap.draw(parts, layers.picture(found), limits, words, coast=where, tiles=tiles)
        drawn.append(Drawn(found, page))
    return drawn


def asked(request: Request, choices: Choices) -> Wish:
    """The wish of a query; a wrong one is answered with 400 and the reason."""
    try:
        return wish.read(request.query_params, choices.last, overview.usual(choices.species))
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


def limits_of(facts: list[Facts], centre: tuple[float, float] | None) -> Box:
    """The box around all devices, or around the configured centre."""
    devices = facts[0].devices.values()
    points = [(d.lat, d.lon) for d in devices if d.lat is not None and d.lon is not None]
    return coast.around(points or ([centre] if centre else []))


@lru_cache(maxsize=4)
def land(limits: Box) -> Shape:
    """The land inside a box; a coastline does not become stale."""
    return coverage.from_geojson(coast.features(limits))


def _months(choices: Choices) -> list[str]:
    return [str(choices.first.plus(i)) for i in range(choices.last.less(choices.first) + 1)]


def _names(facts: Facts) -> dict[str, str]:
    return {device.id: device.label for device in facts.devices.values()}


def _unwatched(one: Drawn) -> list[str]:
    return [tally.name for tally in one.found.tallies if tally.effort == 0]


def script_values(words: Text) -> dict[str, Any]:
    """What officials.js needs to know."""
    return {"words": words.group(*SCRIPT_WORDS), "colours": raster.COLOURS}
