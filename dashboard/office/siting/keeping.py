"""Keeping a plan of trap sites.

Owns the handler of /trap-plans. It runs in the always-on service and must not load what calculates: the
page of the plan hands over what it calculated, which is checked for its shape and limits.
"""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.web.entry.account_pages import acting
from gateway.clock import Clock
from gateway.domain.traps.trap_plan import PlanRecord, TrapPlan
from gateway.store import Store

KEPT = "/officials/sites/kept"


class PlanKeeping:
    """The handler that keeps plans."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("/trap-plans", self.keep, methods=["POST"])]

    async def keep(self, request: Request) -> Response:
        """Keep a plan; the same one sent twice is kept once."""
        person = acting(request)
        async with request.form(max_fields=1, max_files=0) as form:
            given = str(form.get("plan", ""))
        try:
            record = msgspec.json.decode(given, type=PlanRecord)
        except msgspec.MsgspecError as error:
            raise HTTPException(400, f"plan: {error}") from None
        plan = TrapPlan(record=record, made_at=self._clock(), made_by=person.name)
        await self._store.write(lambda tx: tx.trap_plans.add(plan))
        return RedirectResponse(f"{KEPT}?said=made", 303)
