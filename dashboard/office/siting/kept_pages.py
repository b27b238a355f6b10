"""The kept plans, and captures beside what each expected.

Owns the handlers and what is read for them. The comparison: `comparison`.
"""

from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.documents.table import Table
from dashboard.office.filters import ALL
from dashboard.office.map import overview
from dashboard.office.siting import comparison
from dashboard.office.siting.comparison import MATCH_M, PlanResult, SetTrap
from dashboard.office.siting.keeping import KEPT
from dashboard.web.downloads import file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.epoch import DAY_MS, day_number
from gateway.domain.model import Role, Standing
from gateway.domain.traps.trap_plan import TrapPlan
from gateway.store import Reader
from gateway.store.reading import Reads
from gateway.words.catalogue import Translations


class KeptPages:
    """Handlers of the kept plans."""

    def __init__(self, store: Reads, reply: Reply, clock: Clock) -> None:
        self._store, self._reply, self._clock = store, reply, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [Route(KEPT, self.show), Route(f"{KEPT}/{{id}}.csv", self.send_csv)]

    async def show(self, request: Request) -> Response:
        """Every kept plan with what followed."""
        found = await self._store.read(
            lambda reader: [self._result(reader, plan) for plan in reader.trap_plans.newest()]
        )
        words = self._reply.text(request)
        return self._reply.page(
            request,
            "officials_kept.html",
            self._clock(),
            account=request.state.account,
            found=[(one, table(one, words)) for one in found],
            said=request.query_params.get("said") == "made",
            match_m=round(MATCH_M),
        )

    async def send_csv(self, request: Request) -> Response:
        """One plan, site by site."""
        id_, words = request.path_params["id"], self._reply.text(request)

        def read(reader: Reader) -> PlanResult | None:
            plan = reader.trap_plans.find(id_)
            return self._result(reader, plan) if plan else None

        found = await self._store.read(read)
        if found is None:
            raise HTTPException(404)
        body = spreadsheet.csv_bytes(table(found, words))
        return file_answer(body, "text/csv", f"trap-plan-{id_}.csv")

    def _result(self, reader: Reader, plan: TrapPlan) -> PlanResult:
        return comparison.compared(plan, self._traps(reader, plan))

    def _traps(self, reader: Reader, plan: TrapPlan) -> list[SetTrap]:
        """Every trap with a place, and what happened there from the plan's day on."""
        zone, now = self._reply.zone, self._clock()
        first, after = (
            plan.made_at.astimezone(zone).date(),
            now.astimezone(zone).date() + timedelta(1),
        )
        sums = reader.period_reads.sums(day_number(first), day_number(after))
        nights = {one.device: one.armed_ms / DAY_MS for one in sums}
        species = None if plan.record.species == ALL else plan.record.species
        counts: dict[str, int] = {}
        for action in reader.period_reads.acts(plan.made_at, now):
            if overview.is_capture(action, species):
                counts[action.device] = counts.get(action.device, 0) + 1
        return [
            SetTrap(one.label, one.lat, one.lon, nights.get(one.id, 0.0), counts.get(one.id, 0))
            for one in reader.devices()
            if one.role is Role.TRAP
            and one.standing is Standing.APPROVED
            and one.lat is not None
            and one.lon is not None
        ]


def table(found: PlanResult, words: Translations) -> Table:
    """One row per site, and the sum."""
    keys = ("kept.no", "sites.column_lat", "sites.column_lon", "kept.trap", "kept.away")
    columns = (*keys, "kept.nights", "kept.caught", "kept.expected")
    rows = [
        (
            i,
            f"{one.site.lat:.5f}",
            f"{one.site.lon:.5f}",
            one.trap.name if one.trap else "",
            None if one.away_m is None else round(one.away_m),
            round(one.trap.nights, 1) if one.trap else 0.0,
            one.trap.captures if one.trap else None,
            round(one.expected, 2),
        )
        for i, one in enumerate(found.sites, start=1)
    ]
    return Table(
        words("kept.title"),
        tuple(words(key) for key in columns),
        tuple(rows),
        result_text(found, words),
    )


def result_text(found: PlanResult, words: Translations) -> str:
    """What was caught and what was expected, in one sentence."""
    if found.verdict == "unset":
        return words("kept.verdict_unset")
    return words(
        "kept.result",
        nights=f"{found.nights:.1f}",
        caught=found.captures,
        expected=f"{found.expected:.2f}",
        low=found.low,
        high=found.high,
    )
