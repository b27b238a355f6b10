"""The page of capture reports and evidence. For officials only: it names people and places.

Owns the handlers. The content of the papers: `papers`.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import IO, Any

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.documents.table import Table
from dashboard.office import choices as choices_module
from dashboard.office import filters
from dashboard.office.choices import Choices
from dashboard.office.filters import ALL, MapFilter
from dashboard.office.land_files import OfficeLand
from dashboard.office.papers import bundle, history, papers
from dashboard.office.papers.evidence import EvidenceFiles
from dashboard.office.papers.papers import Capture
from dashboard.web.downloads import XLSX, file_answer, large_file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.model import Device, TrapAction
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos import keeping
from gateway.store import Reader
from gateway.store.reading import Reads


class PapersInput(Struct, frozen=True, eq=False):
    """The data read for the papers of a period."""

    choices: Choices
    map_filter: MapFilter
    devices: dict[str, Device]
    actions: list[TrapAction]
    photos: dict[str, Photo]  # of these actions, by the SHA-256 of what was sent
    corrected: list[TrapAction]  # and what was corrected, with all of its chain


class PaperPages:
    """Handlers of the papers."""

    def __init__(
        self, store: Reads, reply: Reply, config: Config, clock: Clock, land: OfficeLand
    ) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._land = land
        self._photos = EvidenceFiles(folder(config), keeping.folder(config))

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/officials/papers", self.show),
            Route("/officials/papers.xlsx", self.send_xlsx),
            Route("/officials/papers.csv", self.send_csv),
            Route("/officials/papers.zip", self.send_zip),
        ]

    async def show(self, request: Request) -> Response:
        """The rows of a period and links to the files."""
        papers_input, _, rows = await self._read(request)
        return self._reply.page(
            request,
            "officials_papers.html",
            self._clock(),
            account=request.state.account,
            table=rows,
            map_filter=papers_input.map_filter,
            choices=papers_input.choices,
            months=papers_input.choices.months,
            lengths=filters.PERIOD_MONTHS,
        )

    async def send_xlsx(self, request: Request) -> Response:
        """The rows as a workbook."""
        papers_input, _, rows = await self._read(request)
        body = await asyncio.to_thread(spreadsheet.xlsx_bytes, [rows])
        return file_answer(body, XLSX, f"captures-{papers_input.map_filter.month}.xlsx")

    async def send_csv(self, request: Request) -> Response:
        """The rows as CSV."""
        papers_input, _, rows = await self._read(request)
        return file_answer(
            spreadsheet.csv_bytes(rows), "text/csv", f"captures-{papers_input.map_filter.month}.csv"
        )

    async def send_zip(self, request: Request) -> Response:
        """The bundle of evidence; with ``?for=public`` without private data."""
        papers_input, found, rows = await self._read(request)
        public, words = _public(request), self._reply.text(request)

        def make() -> IO[bytes]:
            out = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer was sent
            chains = history.table(
                papers_input.corrected, papers_input.devices, words, self._reply.zone
            )
            bundle.write(out, found, rows, words, public=public, corrected=chains)
            return out

        made = await asyncio.to_thread(make)
        kind = "public" if public else "office"
        name = f"captures-{kind}-{papers_input.map_filter.month}.zip"
        return large_file_answer(made, "application/zip", name)

    async def _read(self, request: Request) -> tuple[PapersInput, list[Capture], Table]:
        words, zone, public = self._reply.text(request), self._reply.zone, _public(request)
        papers_input = await self._store.read(lambda reader: self._read_input(reader, request))

        def compose() -> tuple[list[Capture], Table]:
            found = papers.captures(
                papers_input.actions,
                papers_input.devices,
                lambda action: self._photos.of(action, papers_input.photos),
                zone,
            )
            numbers = self._land.hunter_numbers
            settings = self._config.paperwork
            return found, papers.table(found, settings, words, zone, numbers, public=public)

        return papers_input, *await asyncio.to_thread(compose)

    def _read_input(self, reader: Reader, request: Request) -> PapersInput:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        query: dict[str, Any] = {"months": "1", **request.query_params}
        try:
            chosen = filters.read(query, choices.last, ALL)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        devices = {d.id: d for d in reader.devices() if not chosen.area or d.area == chosen.area}
        actions = [
            action
            for action in reader.period_reads.acts(*chosen.span.moments(zone))
            if action.device in devices and chosen.counted in {None, action.species}
        ]
        sent = reader.photos.of(one for action in actions for one in action.photos)
        corrected = [
            one
            for one in reader.period_reads.corrected(*chosen.span.moments(zone))
            if one.device in devices
        ]
        return PapersInput(choices, chosen, devices, actions, sent, corrected)


def folder(config: Config) -> Path:
    """The folder of photos."""
    given = config.paperwork.photos
    return Path(given) if given else Path(config.store.path).parent / "photos"


def _public(request: Request) -> bool:
    wanted = request.query_params.get("for", "office")
    if wanted not in {"office", "public"}:
        raise HTTPException(400, "for must be office or public")
    return wanted == "public"
