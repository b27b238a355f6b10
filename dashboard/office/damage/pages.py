"""/damage: records of damage and their form; whoever has own places alone sees what they recorded themselves.

Owns the handlers. It runs in the always-on service and must not load what calculates. What a record may hold:
`gateway.domain.damage.record`; who may correct it: `gateway.ingest.people.damage`; who sees its
photos: `photos`.
"""

from datetime import date, timedelta
from secrets import token_hex
from typing import Any

from msgspec.structs import asdict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.entry.account_pages import acting
from dashboard.web.forms.multipart import FormError
from dashboard.web.forms.sent_form import FormReader, SentForm, photos_told
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.damage.record import MAX_TEXT, DamageError, DamageRecord, totals
from gateway.domain.epoch import NEVER, day_number
from gateway.domain.people.permissions import Access, Detail, Resource
from gateway.domain.resident_reports import Sighting, SightingKind
from gateway.domain.species import TABLE
from gateway.ingest.people import damage
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.store import Reader, Store

PAGE = "/damage"
SHOWN_DAYS = 366
SHOWN = 200
FEW_REPORTS = 5  # more of them are folded, so that the form stays near
DONE = ("made", "corrected", "taken_back")


class DamagePages:
    """Handlers of the page."""

    def __init__(self, store: Store, reply: Reply, clock: Clock, keeper: PhotoKeeper) -> None:
        self._store, self._reply, self._clock = store, reply, clock
        self._forms = FormReader(keeper)

    def routes(self) -> list[Route]:
        """The list with the form, recording, and taking back."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.record, methods=["POST"]),
            Route(f"{PAGE}/undo", self.take_back, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The records of the last year; ``?correct=ID`` or ``?report=ID`` fills the form."""
        done = request.query_params.get("said", "")
        return await self._page(request, said=done if done in DONE else "")

    async def record(self, request: Request) -> Response:
        """Keep a record or a correction; the same form sent twice is one."""
        sent, now = await self._fields(request), self._clock()
        person, today = acting(request), now.astimezone(self._reply.zone).date()
        own, photos = only_own(request), sent.photos
        lost = photos_told(sent, self._reply.text(request)) if sent.refused else ""
        try:
            made = damage.read(sent.fields, person.name, now)
            await self._store.write(
                lambda tx: damage.add(tx, made, today, only_own=own, sent_now=photos)
            )
        except DamageError as error:
            return await self._page(request, 409, wrong=error, given=sent.fields, lost=lost)
        said = "corrected" if made.replaces else "made"
        if lost:
            return await self._page(request, said=said, lost=lost)
        return RedirectResponse(f"{PAGE}?said={said}", 303)

    async def take_back(self, request: Request) -> Response:
        """Take a record back; it stays on record."""
        sent, now, person = await self._fields(request), self._clock(), acting(request)
        id_, own = sent.fields.get("id", ""), only_own(request)
        try:
            await self._store.write(
                lambda tx: damage.take_back(tx, id_, person.name, now, only_own=own)
            )
        except DamageError as error:
            return await self._page(request, 409, wrong=error)
        return RedirectResponse(f"{PAGE}?said=taken_back", 303)

    async def _fields(self, request: Request) -> SentForm:
        access: Access = request.state.access
        if not access.may_act(Resource.DAMAGE):
            raise HTTPException(403)
        try:
            return await self._forms.read(request, access.name)
        except FormError as error:
            raise HTTPException(400, str(error)) from None

    async def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        access: Access = request.state.access
        now = self._clock()
        today = now.astimezone(self._reply.zone).date()
        by = access.name if only_own(request) else None
        records, reports = await self._store.read(lambda reader: _read(reader, today, by))
        query = request.query_params
        filled = await self._store.read(
            lambda reader: _filled(reader, query.get("correct", ""), query.get("report", ""), by)
        )
        return self._reply.page(
            request,
            "damage.html",
            now,
            account=request.state.account,
            status=status,
            records=records[:SHOWN],
            totals=totals(records),
            reports=reports if by is None else [],
            few=FEW_REPORTS,
            today=today,
            form_id=token_hex(16),
            longest=MAX_TEXT,
            animals=[one.code for one in TABLE],
            may_act=access.may_act(Resource.DAMAGE),
            **{"said": "", "wrong": None, "lost": "", "given": filled, **values},
        )


def only_own(request: Request) -> bool:
    """Whether a reader sees only what they recorded themselves."""
    access: Access = request.state.access
    return access.sees(Resource.DAMAGE) is not Detail.EXACT


def _read(reader: Reader, today: date, by: str | None) -> tuple[list[DamageRecord], list[Sighting]]:
    """The records of the last year, newest first, and residents' reports that are no record yet."""
    start, end = today - timedelta(SHOWN_DAYS), today + timedelta(1)
    records = reader.damage.between(start, end, by=by)
    reports = reader.sightings(day_number(start), day_number(end))
    open_ = [
        one
        for one in reports
        if one.kind is SightingKind.DAMAGE and reader.damage.of_report(one.id) is None
    ]
    return records[::-1], open_[: -SHOWN - 1 : -1]


def _filled(reader: Reader, correct: str, report: str, by: str | None) -> dict[str, Any]:
    """The values of the form: of the record to be corrected, or of a resident's report."""
    found = reader.damage.find(correct) if correct else None
    if found is not None and (by is None or found.by == by):
        values = {name: value for name, value in asdict(found).items() if value is not None}
        return values | {"id": token_hex(16), "replaces": found.id, "photos": ""}
    told = reader.sighting(report) if report and by is None else None
    if told is None:
        return {}
    made = asdict(damage.of_report(told, "", NEVER)) | {"photos": ""}
    return {name: value for name, value in made.items() if value is not None}
