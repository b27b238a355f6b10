"""The officials' map: filters, one period or two side by side, and the sheet to print.

Owns what these pages are made of. Computes off the loop; keeps nothing that could become stale.
"""

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.analysis.rate import RateInterval
from dashboard.maps import raster
from dashboard.office import choices as choices_module
from dashboard.office import filters, land_files
from dashboard.office.choices import Choices
from dashboard.office.figures.pages import FigurePages
from dashboard.office.filters import MapFilter
from dashboard.office.map import drawing, offline_file, overview, report_density
from dashboard.office.map.drawing import Drawn
from dashboard.office.map.overview import MapInput
from dashboard.office.papers.pages import PaperPages
from dashboard.office.siting.pages import SitingPages
from dashboard.web.i18n import Translations
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.store import Reader
from gateway.store.reading import Reads

PAPERS = ("a4", "a3")


class Officials:
    """Handlers of the officials' map."""

    def __init__(self, store: Reads, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._lands = land_files.read(config.office)
        self._figures = FigurePages(store, reply, config, clock)
        self._papers = PaperPages(store, reply, config, clock, self._lands)
        self._sites = SitingPages(store, reply, config, clock, self._lands)

    def routes(self) -> list[BaseRoute]:
        """Where they answer."""
        return [
            Route("/officials", self.show_map),
            Route("/officials/sheet", self.show_sheet),
            Route("/officials/map.html", self.send_file),
            *self._sites.routes(),
            *self._figures.routes(),
            *self._papers.routes(),
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

    async def send_file(self, request: Request) -> Response:
        """The map as one file that opens without a network."""
        words = self._reply.text(request)
        _, facts = await self._store.read(lambda reader: self._read(reader, request))
        html = await asyncio.to_thread(
            offline_file.render, self._reply, facts, self._lands, words, self._clock()
        )
        name = f"shishigaki-{facts[0].wish.month}.html"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(html, media_type="text/html", headers=headers)

    async def _map(self, request: Request, template: str, **values: Any) -> Response:
        words, now = self._reply.text(request), self._clock()
        choices, facts = await self._store.read(lambda reader: self._read(reader, request))
        drawn = await asyncio.to_thread(self._draw, facts, words)
        return self._reply.page(
            request, template, now, account=request.state.account, drawn=drawn, choices=choices,
            reports_legend=report_density.legend(), bounded=self._lands.boundary is not None,
            wish=facts[0].wish, months=choices.months, names=_names(facts[0]),
            unwatched=_unwatched(drawn[0]), legend=raster.legend(), lengths=filters.LENGTHS,
            hours=sorted(filters.HOURS), papers=PAPERS, squares=_squares(drawn),
            script=drawing.script_values(words, *(one.map for one in drawn)), **values,
        )  # fmt: skip

    def _read(self, reader: Reader, request: Request) -> tuple[Choices, list[MapInput]]:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        wanted = asked(request, choices)
        spans = [wanted.span, *([wanted.other_span] if wanted.other_span else [])]
        return choices, [overview.read(reader, wanted, span, zone, now) for span in spans]

    def _draw(self, facts: list[MapInput], words: Translations) -> list[Drawn]:
        limits = drawing.limits_of(facts, self._config.dashboard.centre)
        return drawing.draw(
            facts, self._lands, limits, words, self._config.dashboard.tiles != "none"
        )


def asked(request: Request, choices: Choices) -> MapFilter:
    """The wish of a query; a wrong one is answered with 400 and the reason."""
    try:
        return filters.read(
            request.query_params, choices.last, choices_module.usual(choices.species)
        )
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


def _names(facts: MapInput) -> dict[str, str]:
    return {device.id: device.label for device in facts.devices.values()}


def _squares(drawn: list[Drawn]) -> list[tuple[str, list[RateInterval]]]:
    """Each mesh square with its rate in every period."""
    periods = [{cell.code: cell.rate for cell in one.found.cells} for one in drawn]
    return [(code, [period[code] for period in periods]) for code in periods[0]]


def _unwatched(one: Drawn) -> list[str]:
    return [tally.name for tally in one.found.tallies if tally.effort == 0]
