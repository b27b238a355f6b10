"""The page of capture reports and evidence. For officials only: it names people and places.

Owns the handlers. What the papers contain: `capture_columns`, `bounty`, `permits`, `contact_sheet`, `forms`;
the check of one capture, which is recorded in the always-on service: `check_pages`.
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
from dashboard.office.papers import (
    bounty,
    bundle,
    capture_columns,
    captures,
    contact_sheet,
    history,
    permits,
)
from dashboard.office.papers import claims as claims_module
from dashboard.office.papers.bounty import BountyLine
from dashboard.office.papers.captures import Capture
from dashboard.office.papers.claims import Claim
from dashboard.office.papers.evidence import EvidenceFiles
from dashboard.office.papers.forms import filling, values
from dashboard.office.papers.forms.template import FormTemplateError
from dashboard.office.papers.permits import PermitLine
from dashboard.office.periods import LocalDays
from dashboard.web.downloads import XLSX, file_answer, large_file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.model import Device, TrapAction
from gateway.domain.traps.capture_check import CaptureCheck
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos import keeping
from gateway.store import Reader
from gateway.store.reading import Reads
from gateway.words.catalogue import Translations


class PapersInput(Struct, frozen=True, eq=False):
    """The data read for the papers of a period."""

    choices: Choices
    map_filter: MapFilter
    devices: dict[str, Device]
    actions: list[TrapAction]
    photos: dict[str, Photo]  # of these actions, by the SHA-256 of what was sent
    corrected: list[TrapAction]  # and what was corrected, with all of its chain
    checks: dict[str, CaptureCheck]  # by the id of the capture


class Papers(Struct, frozen=True, eq=False):
    """The claims of a period with their tables."""

    claims: list[Claim]
    rows: Table
    bounty: list[BountyLine]
    permits: list[PermitLine]

    @property
    def captures(self) -> list[Capture]:
        """The captures as they were recorded."""
        return [one.capture for one in self.claims]

    def tables(self, words: Translations) -> list[Table]:
        """Every table, the captures first."""
        return [self.rows, permits.table(self.permits, words), bounty.table(self.bounty, words)]


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
            Route("/officials/papers/photos.pdf", self.send_photos),
            Route("/officials/papers/forms/{no:int}.xlsx", self.send_form),
        ]

    async def show(self, request: Request) -> Response:
        """The rows of a period and links to the files."""
        words, (papers_input, found) = self._reply.text(request), await self._read(request)
        return self._reply.page(
            request,
            "officials_papers.html",
            self._clock(),
            account=request.state.account,
            table=found.rows,
            sums=found.tables(words)[1:],
            claims=found.claims,
            forms=[Path(one).stem for one in self._config.paperwork.forms],
            map_filter=papers_input.map_filter,
            choices=papers_input.choices,
            months=papers_input.choices.months,
            lengths=filters.PERIOD_MONTHS,
        )

    async def send_xlsx(self, request: Request) -> Response:
        """The rows as a workbook."""
        words, (papers_input, found) = self._reply.text(request), await self._read(request)
        body = await asyncio.to_thread(spreadsheet.xlsx_bytes, found.tables(words))
        return file_answer(body, XLSX, f"captures-{papers_input.map_filter.month}.xlsx")

    async def send_csv(self, request: Request) -> Response:
        """The rows as CSV."""
        papers_input, found = await self._read(request)
        return file_answer(
            spreadsheet.csv_bytes(found.rows),
            "text/csv",
            f"captures-{papers_input.map_filter.month}.csv",
        )

    async def send_zip(self, request: Request) -> Response:
        """The bundle of evidence; with ``?for=public`` without private data."""
        papers_input, found = await self._read(request)
        public, words = _public(request), self._reply.text(request)

        def make() -> IO[bytes]:
            out = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer was sent
            chains = history.table(
                papers_input.corrected, papers_input.devices, words, self._reply.zone
            )
            bundle.write(out, found.captures, found.rows, words, public=public, corrected=chains)
            return out

        made = await asyncio.to_thread(make)
        kind = "public" if public else "office"
        name = f"captures-{kind}-{papers_input.map_filter.month}.zip"
        return large_file_answer(made, "application/zip", name)

    async def send_photos(self, request: Request) -> Response:
        """The contact sheet of the photos."""
        words, (papers_input, found) = self._reply.text(request), await self._read(request)
        zone, made = self._reply.zone, self._clock().astimezone(self._reply.zone)
        chosen, settings = papers_input.map_filter, self._config.paperwork
        title = f"{self._config.site.title} {words('papers.photo_title')} {chosen.month}".strip()
        body = await asyncio.to_thread(
            contact_sheet.pdf, found.claims, settings, words, zone, title, made
        )
        return file_answer(body, "application/pdf", f"photos-{chosen.month}.pdf")

    async def send_form(self, request: Request) -> Response:
        """One of the municipality's own forms, filled."""
        no, forms = request.path_params["no"], self._config.paperwork.forms
        if no >= len(forms):
            raise HTTPException(404)
        words, (papers_input, found) = self._reply.text(request), await self._read(request)
        path, chosen = Path(forms[no]), papers_input.map_filter
        span = chosen.span.until(self._clock().astimezone(self._reply.zone).date())
        try:
            body = await asyncio.to_thread(self._filled, path, found, span, words)
        except (FormTemplateError, OSError) as error:
            raise HTTPException(409, f"{path}: {error}") from None
        return file_answer(body, XLSX, f"form-{no + 1}-{chosen.month}.xlsx")

    def _filled(self, path: Path, found: Papers, span: LocalDays, words: Translations) -> bytes:
        settings, zone = self._config.paperwork, self._reply.zone
        numbers = self._land.hunter_numbers
        today = self._clock().astimezone(zone).date()
        records = {
            "capture": [
                values.of_capture(one, settings, words, zone, numbers)
                for one in found.claims
                if not one.is_refused
            ],
            "permit": [values.of_permit(one, words) for one in found.permits],
            "bounty": [values.of_bounty(one, words) for one in found.bounty],
        }
        form = values.of_form(
            found.claims, found.bounty, span.start, span.last, today, self._config.site.title
        )
        return filling.filled(path.read_bytes(), form, records, values.keys(settings))

    async def _read(self, request: Request) -> tuple[PapersInput, Papers]:
        words, public = self._reply.text(request), _public(request)
        papers_input = await self._store.read(lambda reader: self._read_input(reader, request))
        composed = await asyncio.to_thread(self._compose, papers_input, words, public)
        return papers_input, composed

    def _compose(self, given: PapersInput, words: Translations, public: bool) -> Papers:
        zone, settings = self._reply.zone, self._config.paperwork
        found = captures.captures(
            given.actions,
            given.devices,
            lambda action: self._photos.of(action, given.photos),
            zone,
        )
        claims = claims_module.claims(found, given.checks, settings)
        if public:
            claims = [one for one in claims if not one.is_refused]
        rows = capture_columns.table(
            claims, settings, words, zone, self._land.hunter_numbers, public=public
        )
        paid = bounty.lines(claims, settings.tariff, zone)
        return Papers(claims, rows, paid, permits.lines(claims, settings.terms, zone))

    def _read_input(self, reader: Reader, request: Request) -> PapersInput:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        query: dict[str, Any] = {"months": "1", **request.query_params}
        try:
            chosen = filters.read(query, choices.usual, ALL)
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
        checks = reader.capture_checks.newest(action.id for action in actions)
        return PapersInput(choices, chosen, devices, actions, sent, corrected, checks)


def folder(config: Config) -> Path:
    """The folder of photos."""
    given = config.paperwork.photos
    return Path(given) if given else Path(config.store.path).parent / "photos"


def _public(request: Request) -> bool:
    wanted = request.query_params.get("for", "office")
    if wanted not in {"office", "public"}:
        raise HTTPException(400, "for must be office or public")
    return wanted == "public"
