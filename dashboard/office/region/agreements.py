"""The town's page of agreements: what leaves it for which organisation, giving and revoking.

It also shows what the region asked for, a message among it, and what the town decided.
Owns the handlers of /region/agreements. What may be agreed: `gateway.domain.people.agreement`. It runs in the
always-on service and must not load what calculates.
"""

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.entry.account_pages import acting
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.epoch import from_ms
from gateway.domain.people import agreement as rules
from gateway.domain.people.agreement import Agreement, AgreementError, ShareLevel
from gateway.domain.people.permissions import Access, Resource
from gateway.ingest.people import agreements
from gateway.region import sharing
from gateway.region.protocol import Request as RegionRequest
from gateway.store import Store
from gateway.store.followers.region import StoredRequest

PAGE = "/region/agreements"
MOST_FIELDS = 10
LONGEST_ID = 64
MOST_REQUESTS = 20


class AgreementPages:
    """Handlers of /region/agreements. `giver`: the town's name in its region; "": it is in none."""

    def __init__(self, store: Store, reply: Reply, giver: str, clock: Clock) -> None:
        self._store, self._reply, self._giver, self._clock = store, reply, giver, clock

    def routes(self) -> list[Route]:
        """The list, giving and revoking."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.make, methods=["POST"]),
            Route(f"{PAGE}/revoke", self.revoke, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Every agreement, and a form for a new one."""
        said = request.query_params.get("said", "")
        return await self._page(request, said=said if said in {"made", "revoked"} else "")

    async def make(self, request: Request) -> Response:
        """Make an agreement; the same form sent twice makes one."""
        person, now = acting(request), self._clock()
        async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
            given = {name: str(value) for name, value in form.items()}
        today = now.astimezone(self._reply.zone).date()
        try:
            asked = self._asked(given, person.name, now)
            await self._store.write(lambda tx: agreements.make(tx, asked, today))
        except AgreementError as error:
            return await self._refused(request, error, given)
        return RedirectResponse(f"{PAGE}?said=made", 303)

    async def revoke(self, request: Request) -> Response:
        """End an agreement at once."""
        person, now = acting(request), self._clock()
        async with request.form(max_fields=MOST_FIELDS, max_files=0) as form:
            id_ = str(form.get("id", ""))
        try:
            await self._store.write(lambda tx: agreements.revoke(tx, id_, person.name, now))
        except AgreementError as error:
            return await self._refused(request, error, {})
        return RedirectResponse(f"{PAGE}?said=revoked", 303)

    def _asked(self, given: Mapping[str, str], by: str, now: datetime) -> Agreement:
        """The agreement that the form describes. Raises AgreementError for what no form offers."""
        if not self._giver:
            raise AgreementError("agreement_error.no_region")
        level = next((one for one in ShareLevel if one == given.get("level")), None)
        id_ = given.get("id", "")
        if level is None or not (1 <= len(id_) <= LONGEST_ID and id_.isascii()):
            raise AgreementError("agreement_error.level", allowed=", ".join(ShareLevel))
        return Agreement(
            id=id_,
            giver=self._giver,
            taker=given.get("taker", ""),
            level=level,
            from_day=_day(given.get("from_day", "")),
            until_day=_day(until) if (until := given.get("until_day", "")) else None,
            made_at=now,
            made_by=by,
            note=given.get("note", ""),
        )

    async def _refused(
        self, request: Request, error: AgreementError, given: Mapping[str, str]
    ) -> Response:
        wrong = error.text(self._reply.text(request))
        return await self._page(request, status=409, wrong=wrong, given=given)

    async def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        known, asked = await self._store.read(
            lambda reader: (reader.agreements.all(), reader.region.requests(MOST_REQUESTS))
        )
        now = self._clock()
        zone, access = self._reply.zone, request.state.access
        return self._reply.page(
            request,
            "agreements.html",
            now,
            account=request.state.account,
            status=status,
            giver=self._giver,
            agreements=[(one, state_of(one, now, self._reply)) for one in known],
            requests=[_shown(one) for one in asked],
            leaving=sharing.leaving(known, now, zone),
            takers=sorted({one.taker for one in known}),
            levels=tuple(ShareLevel),
            today=now.astimezone(zone).date(),
            form_id=secrets.token_hex(16),
            longest=rules.LONGEST_NAME,
            longest_note=rules.LONGEST_NOTE,
            may_act=isinstance(access, Access) and access.may_act(Resource.AGREEMENTS),
            **{"said": "", "wrong": "", "given": {}, **values},
        )


def state_of(one: Agreement, now: datetime, reply: Reply) -> str:
    """What a reader is told of an agreement: holds, later, over or revoked."""
    if one.revoked_at is not None:
        return "revoked"
    if one.holds(now, reply.zone):
        return "holds"
    return "later" if now < one.starts_at(reply.zone) else "over"


def _shown(stored: StoredRequest) -> tuple[RegionRequest, StoredRequest, datetime]:
    """What the region asked for, what was decided of it, and when."""
    asked = msgspec.json.decode(stored.body, type=RegionRequest)
    return asked, stored, from_ms(stored.at_ms)


def _day(text: str) -> date:
    """A day as a form sends it. Raises AgreementError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise AgreementError("agreement_error.day", day=text[:20]) from None
