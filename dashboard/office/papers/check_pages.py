"""/captures/{id}: the office looks at the record of a capture and says what it found.

Owns the handlers. They run in the always-on service and must not load what calculates or draws. What a
check may hold: `gateway.domain.traps.capture_check`. The record itself is corrected at its trap.
"""

from secrets import token_hex
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.entry.account_pages import acting
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config.office import STANDARD, Paperwork
from gateway.domain.model import ActionKind, Device, TrapAction
from gateway.domain.people.permissions import Access, Resource
from gateway.domain.traps import capture_check
from gateway.domain.traps.capture_check import (
    FACTS,
    CaptureCheck,
    CheckError,
    CheckResult,
    CheckWay,
)
from gateway.store import Reader, Store

PAGE = "/captures/{id:path}"
MAX_FIELDS = 20
CHOICES = {one.key: one.choices for one in STANDARD}


class CheckPages:
    """Handlers of the check of one capture."""

    def __init__(self, store: Store, reply: Reply, paperwork: Paperwork, clock: Clock) -> None:
        self._store, self._reply, self._paperwork, self._clock = store, reply, paperwork, clock

    def routes(self) -> list[Route]:
        """The page and its form."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.record, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The record, its photos, the checks so far, and the form."""
        return await self._page(request)

    async def record(self, request: Request) -> Response:
        """Keep a check; the same form sent twice is one."""
        now, person, id_ = self._clock(), acting(request), request.path_params["id"]
        async with request.form(max_fields=MAX_FIELDS, max_files=0) as form:
            given = {name: str(value) for name, value in form.items()}
        today = now.astimezone(self._reply.zone).date()
        await self._found(id_)
        try:
            made = capture_check.read(given, id_, person.name, now, today)
        except CheckError as error:
            return await self._page(request, 409, wrong=error, given=given)
        await self._store.write(lambda tx: tx.capture_checks.add(made))
        return RedirectResponse(f"{request.url.path}?said=made", 303)

    async def _found(self, id_: str) -> tuple[TrapAction, bool, Device | None, list[CaptureCheck]]:
        found = await self._store.read(lambda reader: _read(reader, id_))
        if found is None:
            raise HTTPException(404)
        return found

    async def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        act, counts, device, checks = await self._found(request.path_params["id"])
        access: Access = request.state.access
        now, settings = self._clock(), self._paperwork
        recorded = {
            "captor": act.by,
            "permit": settings.permits.get(act.device, settings.permit),
        }
        last = checks[-1] if checks else None
        known = {
            name: (last.facts.get(name) if last else "")
            or recorded.get(name)
            or act.fields.get(name, "")
            for name in FACTS
        }
        filled = known | {"confirmer": last.confirmer if last else access.name}
        return self._reply.page(
            request,
            "capture_check.html",
            now,
            account=request.state.account,
            status=status,
            act=act,
            counts=counts,
            device=device,
            checks=checks[::-1],
            facts=FACTS,
            choices=CHOICES,
            results=list(CheckResult),
            ways=list(CheckWay),
            today=now.astimezone(self._reply.zone).date(),
            form_id=token_hex(16),
            longest=capture_check.MAX_TEXT,
            may_act=access.may_act(Resource.PAPERS),
            said=request.query_params.get("said", "") == "made",
            **{"wrong": None, "given": filled, **values},
        )


def _read(
    reader: Reader, id_: str
) -> tuple[TrapAction, bool, Device | None, list[CaptureCheck]] | None:
    """The record of a capture with its device and checks; None: there is no such record."""
    found = reader.act(id_)
    if found is None or found[0].deed is not ActionKind.CAPTURED:
        return None
    device = reader.device(found[0].device)
    return found[0], found[1], device[0] if device else None, reader.capture_checks.of(id_)
