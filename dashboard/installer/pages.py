"""The installer's page: from whom what arrived, why something was not read, approving, reading again.

Owns its handlers and who may act: officials and administrators.
Acts are POSTs from our own pages.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.installer.card import read_backups, read_card
from dashboard.installer.examination import Examination
from dashboard.installer.traffic import read_traffic
from dashboard.web.responses import Reply
from gateway.broker.requests import ask_for_sync
from gateway.clock import Clock
from gateway.config import Config
from gateway.doctor.finding import MARKS
from gateway.domain.model import RefusalReason, Role
from gateway.domain.people.permissions import Access, Resource
from gateway.ingest.devices.approval import (
    ApprovalError,
    ApprovalRequest,
    Approvals,
    PlaceAnswer,
    ReplayReport,
)
from gateway.store import Store
from gateway.store.feed import Feed
from gateway.version import program_version

PAGE = "/pending"
RESULT_COUNTS = (
    "messages",
    "events",
    "alerts",
    "left",
    "forgotten",
)  # of an act's result, carried by the address
MAX_TEXT = 200  # characters of a name
PLACES: dict[str, PlaceAnswer] = {"right": "right", "none": "none"}


class Installer:
    """Handlers of the page. Without `approvals` nothing is approved, revoked or read again."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        reply: Reply,
        config: Config,
        approvals: Approvals | None,
        clock: Clock,
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._card_endurance_tb = config.store.card_endurance_tb
        self._sources, self._approvals, self._clock = config.sources, approvals, clock
        self._examination = Examination(config, clock)

    def routes(self) -> list[Route]:
        """The page and its actions."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(f"{PAGE}/approve", self.approve, methods=["POST"]),
            Route(f"{PAGE}/revoke", self.revoke, methods=["POST"]),
            Route(f"{PAGE}/forget", self.forget, methods=["POST"]),
            Route(f"{PAGE}/read-again", self.read_again, methods=["POST"]),
            Route(f"{PAGE}/examine", self.examine, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show sources, devices, and messages that were refused."""
        return await self._page(request)

    async def approve(self, request: Request) -> Response:
        """Approve a device with the values of the form."""
        approvals, form = await self._form(request)
        now = self._clock()
        try:
            wish = _approval_request(form)
            device, outcome = await self._store.write(lambda tx: approvals.approve(tx, wish, now))
        except ApprovalError as error:
            return await self._page(request, str(error))
        self._feed.tell(outcome)
        return _redirect_with_result(
            approved=device.label, events=len(outcome.events), left=outcome.refused.total()
        )

    async def revoke(self, request: Request) -> Response:
        """Revoke the approval of a device."""
        approvals, form = await self._form(request)
        now = self._clock()
        try:
            device, outcome = await self._store.write(
                lambda tx: approvals.revoke(tx, form.get("device", ""), now)
            )
        except ApprovalError as error:
            return await self._page(request, str(error))
        self._feed.tell(outcome)
        await asyncio.to_thread(ask_for_sync, self._store.path)
        return _redirect_with_result(revoked=device.label)

    async def forget(self, request: Request) -> Response:
        """Delete unknown names that match a topic filter."""
        approvals, form = await self._form(request)
        wanted = form.get("filter", "")
        return _redirect_with_result(
            forgotten=await self._store.write(lambda tx: approvals.forget(tx, wanted))
        )

    async def read_again(self, request: Request) -> Response:
        """Read refused messages again, of one reason or all."""
        approvals, form = await self._form(request)
        chosen = form.get("reason", "")
        if chosen not in {"", *RefusalReason}:
            raise HTTPException(400)
        reasons = (RefusalReason(chosen),) if chosen else tuple(RefusalReason)
        again, now = ReplayReport(), self._clock()
        while outcome := await self._store.write(
            lambda tx: approvals.step(tx, again, now, reasons)
        ):
            self._feed.tell(outcome)
        return _redirect_with_result(
            messages=again.messages,
            events=again.events,
            alerts=again.alerts,
            left=again.refused.total(),
        )

    async def examine(self, request: Request) -> Response:
        """Let the doctor examine this gateway, and show what it found."""
        if not may_act(request):
            raise HTTPException(403)
        await self._examination.run()
        return RedirectResponse(f"{PAGE}#doctor", 303)

    async def _form(self, request: Request) -> tuple[Approvals, Mapping[str, str]]:
        """The fields of the form. Raises HTTPException (403) if the reader may not act."""
        if self._approvals is None or not may_act(request):
            raise HTTPException(403)
        form = await request.form(max_fields=12)
        return self._approvals, {name: str(value)[:MAX_TEXT] for name, value in form.items()}

    async def _page(self, request: Request, wrong: str = "") -> Response:
        now, approvals = self._clock(), self._approvals
        found = await self._store.read(
            lambda reader: read_traffic(
                reader,
                self._sources,
                approvals.dialect if approvals else str,
                now,
                self._reply.zone,
                _page_number(request.query_params.get("page", "")),
            )
        )
        card, backups = await self._store.read(
            lambda reader: (read_card(reader, self._card_endurance_tb), read_backups(reader))
        )
        account = request.state.account
        return self._reply.page(
            request,
            "pending.html",
            now,
            account=account,
            status=400 if wrong else 200,
            found=found,
            card=card,
            backups=backups,
            wrong=wrong,
            done=_result(request.query_params),
            roles=tuple(Role),
            may_act=approvals is not None and may_act(request),
            models=approvals.models if approvals else {},
            examined=self._examination.newest,
            marks=MARKS,
            may_examine=may_act(request),
            version=program_version(),
        )


def _page_number(text: str) -> int:
    """The page number of the query; 1 for an invalid value."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def may_act(request: Request) -> bool:
    """Whether this reader may approve, revoke and read again."""
    access: Access = request.state.access
    return access.may_act(Resource.DEVICES)


def _approval_request(form: Mapping[str, str]) -> ApprovalRequest:
    heartbeat = form.get("heartbeat", "")
    if heartbeat and not (heartbeat.isascii() and heartbeat.isdigit()):
        raise ApprovalError(f"heartbeat {heartbeat!r}: seconds, a whole number above 0")
    return ApprovalRequest(
        device=form.get("device", ""),
        name=form.get("name", ""),
        role=form.get("role", ""),
        model=form.get("model", ""),
        inverted=form.get("inverted") == "yes",
        zone=form.get("zone", ""),
        heartbeat_s=int(heartbeat) if heartbeat else None,
        place=PLACES.get(form.get("place", ""), ""),
    )


def _redirect_with_result(**result: Any) -> Response:
    """Redirect to the page with the result in the query, so that a reload does not act again."""
    return RedirectResponse(f"{PAGE}?{urlencode(result)}", 303)


def _result(query: Mapping[str, str]) -> dict[str, str]:
    """The result of an action from the query: checked numbers, and names (escaped by templates)."""
    names = {name: query[name][:MAX_TEXT] for name in ("approved", "revoked") if name in query}
    figures = {
        name: query[name]
        for name in RESULT_COUNTS
        if name in query and query[name].isdigit() and len(query[name]) < 9
    }
    return names | figures
