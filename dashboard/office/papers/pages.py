"""The page of capture reports and evidence. For officials only: it names people and places.

Owns the handlers. What the papers hold: `paperwork`.
"""

import asyncio
from pathlib import Path
from typing import Any

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
from dashboard.office.land_files import Lands
from dashboard.office.papers import papers, photos
from dashboard.office.papers.papers import Capture
from dashboard.web.downloads import XLSX, file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.accounts import Rank
from gateway.domain.model import Device, TrapAction
from gateway.store import Reader
from gateway.store.reading import Reads


class PapersInput(Struct, frozen=True, eq=False):
    """What was read for the papers of a period."""

    choices: Choices
    wish: MapFilter
    devices: dict[str, Device]
    acts: list[TrapAction]


class PaperPages:
    """Handlers of the papers."""

    def __init__(
        self, store: Reads, reply: Reply, config: Config, clock: Clock, owned: Lands
    ) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        self._lands = owned
        self._photos = folder(config)

    def routes(self) -> list[BaseRoute]:
        """Where they answer."""
        return [
            Route("/officials/papers", self.show),
            Route("/officials/papers.xlsx", self.send_xlsx),
            Route("/officials/papers.csv", self.send_csv),
            Route("/officials/papers.zip", self.send_zip),
        ]

    async def show(self, request: Request) -> Response:
        """The rows of a period and the files to take along."""
        told, _, rows = await self._read(request)
        return self._reply.page(
            request, "officials_papers.html", self._clock(), account=request.state.account,
            table=rows, wish=told.wish, choices=told.choices, months=told.choices.months,
            lengths=filters.LENGTHS,
        )  # fmt: skip

    async def send_xlsx(self, request: Request) -> Response:
        """The rows as a workbook."""
        told, _, rows = await self._read(request)
        body = await asyncio.to_thread(spreadsheet.xlsx_bytes, [rows])
        return file_answer(body, XLSX, f"captures-{told.wish.month}.xlsx")

    async def send_csv(self, request: Request) -> Response:
        """The rows as CSV."""
        told, _, rows = await self._read(request)
        return file_answer(
            spreadsheet.csv_bytes(rows), "text/csv", f"captures-{told.wish.month}.csv"
        )

    async def send_zip(self, request: Request) -> Response:
        """The bundle; ``?for=public`` without what is private."""
        told, found, rows = await self._read(request)
        public, words = _public(request), self._reply.text(request)

        def make() -> bytes:
            return papers.bundle(found, rows, words, public=public)

        body = await asyncio.to_thread(make)
        kind = "public" if public else "office"
        return file_answer(body, "application/zip", f"captures-{kind}-{told.wish.month}.zip")

    async def _read(self, request: Request) -> tuple[PapersInput, list[Capture], Table]:
        officials_only(request)
        words, zone, public = self._reply.text(request), self._reply.zone, _public(request)
        told = await self._store.read(lambda reader: self._told(reader, request))

        def compose() -> tuple[list[Capture], Table]:
            found = papers.captures(
                told.acts, told.devices, lambda name: photos.find(self._photos, name), zone
            )
            numbers = self._lands.hunter_numbers
            settings = self._config.paperwork
            return found, papers.table(found, settings, words, zone, numbers, public=public)

        return told, *await asyncio.to_thread(compose)

    def _told(self, reader: Reader, request: Request) -> PapersInput:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        query: dict[str, Any] = {"months": "1", **request.query_params}
        try:
            wanted = filters.read(query, choices.last, ALL)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        devices = {d.id: d for d in reader.devices() if not wanted.area or d.area == wanted.area}
        acts = [
            act
            for act in reader.ledger.acts(*wanted.span.moments(zone))
            if act.device in devices and wanted.counted in {None, act.species}
        ]
        return PapersInput(choices, wanted, devices, acts)


def folder(config: Config) -> Path:
    """Where photos are looked up."""
    given = config.paperwork.photos
    return Path(given) if given else Path(config.store.path).parent / "photos"


def _public(request: Request) -> bool:
    wanted = request.query_params.get("for", "office")
    if wanted not in {"office", "public"}:
        raise HTTPException(400, "for must be office or public")
    return wanted == "public"


def officials_only(request: Request) -> None:
    """Where nobody needs to log in (a demo on its own machine), there is nobody to keep out."""
    account = request.state.account
    if account is not None and account.rank < Rank.OFFICIAL:
        raise HTTPException(403)
