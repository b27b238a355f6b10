"""The officials' map: filters, one period or two side by side, and the sheet to print.

Owns the handlers. Computes in threads, off the event loop. Must not cache data of the store.
"""

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.analysis.rate import RateInterval
from dashboard.maps.base_layers import Ground
from dashboard.maps.pack.archive import MapPack
from dashboard.office import choices as choices_module
from dashboard.office import filters, land_files
from dashboard.office.choices import Choices
from dashboard.office.damage.files import DamageFiles
from dashboard.office.effect.pages import EffectPages
from dashboard.office.figures.pages import FigurePages
from dashboard.office.filters import MapFilter
from dashboard.office.gis.pages import GisPages
from dashboard.office.map import compared, drawing, offline_file, overview
from dashboard.office.map.drawing import Drawn
from dashboard.office.map.overview import MapInput
from dashboard.office.papers.pages import PaperPages
from dashboard.office.reports.files import ReportFiles
from dashboard.office.siting.kept_pages import KeptPages
from dashboard.office.siting.pages import SitingPages
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.store import Reader
from gateway.store.reading import Reads
from gateway.version import program_version
from gateway.words.catalogue import Translations

PAPERS = ("a4", "a3")
MOST_ROWS = 500  # of sensors in the page; all are in the file for GIS


class Officials:
    """Handlers of the officials' map."""

    def __init__(self, store: Reads, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._land = land_files.read(config.office)
        self._figures = FigurePages(store, reply, config, clock)
        self._effect = EffectPages(store, reply, clock, config.site.title)
        self._papers = PaperPages(store, reply, config, clock, self._land)
        self._gis = GisPages(store, reply, config, clock)
        self._kept = KeptPages(store, reply, clock)
        self._sites = SitingPages(store, reply, config, clock, self._land)

    def routes(self) -> list[BaseRoute]:
        """The routes of the map and of the other pages for officials."""
        return [
            Route("/officials", self.show_map),
            Route("/officials/sheet", self.show_sheet),
            Route("/officials/map.html", self.send_file),
            *self._gis.routes(),
            *self._sites.routes(),
            *self._kept.routes(),
            *self._figures.routes(),
            *self._effect.routes(),
            *self._papers.routes(),
            *DamageFiles(self._store).routes(),
            *ReportFiles(self._store, self._reply).routes(),
        ]

    async def show_map(self, request: Request) -> Response:
        """The map with its filters."""
        return await self._map(request, "officials_map.html")

    async def show_sheet(self, request: Request) -> Response:
        """The map as one sheet of paper; ``?paper=a4|a3``."""
        paper = request.query_params.get("paper", "a4")
        if paper not in PAPERS:
            raise HTTPException(400, f"paper must be one of {', '.join(PAPERS)}")
        return await self._map(
            request, "officials_sheet.html", paper=paper, version=program_version()
        )

    async def send_file(self, request: Request) -> Response:
        """The map as one file that opens without a network."""
        words = self._reply.text(request)
        _, inputs = await self._store.read(lambda reader: self._read(reader, request))
        html = await asyncio.to_thread(
            offline_file.render,
            self._reply,
            inputs,
            self._land,
            words,
            self._clock(),
            self._config.dashboard,
        )
        name = f"shishigaki-{inputs[0].map_filter.month}.html"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(html, media_type="text/html", headers=headers)

    async def _map(self, request: Request, template: str, **values: Any) -> Response:
        words, now = self._reply.text(request), self._clock()
        choices, inputs = await self._store.read(lambda reader: self._read(reader, request))
        drawn = await asyncio.to_thread(self._draw, inputs, words)
        return self._reply.page(
            request,
            template,
            now,
            account=request.state.account,
            drawn=drawn,
            choices=choices,
            bounded=self._land.boundary is not None,
            map_filter=inputs[0].map_filter,
            months=choices.months,
            names=_names(inputs[0]),
            unwatched=_unwatched(drawn[0]),
            lengths=filters.PERIOD_MONTHS,
            hours=sorted(filters.HOURS),
            papers=PAPERS,
            most_rows=MOST_ROWS,
            compared=_compared(inputs, words),
            bands=filters.BANDS,
            squares=_squares(drawn),
            script=drawing.script_values(words, *(one.map for one in drawn)),
            **(drawing.legends(words) | values),
        )

    def _read(self, reader: Reader, request: Request) -> tuple[Choices, list[MapInput]]:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        chosen = read_filter(request, choices)
        spans = [chosen.span, *([chosen.other_span] if chosen.other_span else [])]
        return choices, [overview.read(reader, chosen, span, zone, now) for span in spans]

    def _draw(self, inputs: list[MapInput], words: Translations) -> list[Drawn]:
        limits = drawing.map_limits(inputs, self._config.dashboard.centre)
        settings = self._config.dashboard
        ground = Ground(tiles=settings.tiles != "none", pack=MapPack(settings.map_pack).address)
        return drawing.draw(inputs, self._land, limits, words, ground)


def read_filter(request: Request, choices: Choices) -> MapFilter:
    """The filter of a query. Raises HTTPException (400, with the reason) for a wrong value."""
    try:
        return filters.read(
            request.query_params, choices.usual, choices_module.default_species(choices.species)
        )
    except ValueError as error:
        raise HTTPException(400, str(error)) from None


def _compared(inputs: list[MapInput], words: Translations) -> str:
    """The sentence about two periods; "" for one."""
    if len(inputs) < 2:
        return ""
    return compared.sentence(compared.compared(inputs[0].tallies, inputs[1].tallies), words)


def _names(inputs: MapInput) -> dict[str, str]:
    return {device.id: device.label for device in inputs.devices.values()}


def _squares(drawn: list[Drawn]) -> list[tuple[str, list[RateInterval]]]:
    """Each mesh square with its rate in every period."""
    periods = [{cell.code: cell.rate for cell in one.overview.cells} for one in drawn]
    return [(code, [period[code] for period in periods]) for code in periods[0]]


def _unwatched(one: Drawn) -> list[str]:
    return [tally.name for tally in one.overview.tallies if tally.effort == 0]
