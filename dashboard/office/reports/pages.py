"""/reports: the list of residents' reports, and one with all that was done about it.

Owns the handlers. Who sees what: `seen`; what a change means: `gateway.ingest.reports.changing`. It runs in
the always-on service and must not load what calculates.
"""

from typing import Any

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dashboard.live.routes_there import links_to
from dashboard.office.reports import seen
from dashboard.web.entry.account_pages import acting
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.people.permissions import Access
from gateway.domain.people.plain_text import plain_name, plain_note
from gateway.domain.reports.life import ReportChange, Wish
from gateway.domain.reports.merging import NEAR_TIME, alike
from gateway.domain.reports.report import MAX_TEXT, Report, ReportError, ReportStatus, ReportStep
from gateway.ingest.reports import changing
from gateway.store import Reader, Store
from gateway.store.feed import Feed

PAGE = "/reports"
ONE = f"{PAGE}/of/{{id}}"
SHOWN = 200
MAX_FIELDS = 10
FIELD = {Duty.TRAPPER, Duty.DEPUTY}


class Whole(Struct, frozen=True):
    """A report with all that belongs to it."""

    report: Report
    members: list[Report]
    steps: list[ReportStep]
    alike: list[Report]  # into which it may be merged, the nearest first


class ReportPages:
    """Handlers of the list and of one report."""

    def __init__(
        self, store: Store, feed: Feed, reply: Reply, policy: Policy, clock: Clock
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._policy, self._clock = policy, clock

    def routes(self) -> list[Route]:
        """The list, one report, and changing it."""
        return [
            Route(PAGE, self.show_list, methods=["GET"]),
            Route(ONE, self.show, methods=["GET"]),
            Route(ONE, self.act, methods=["POST"]),
        ]

    async def show_list(self, request: Request) -> Response:
        """The newest first; ``?status=received`` for one status. A trapper sees what is theirs."""
        access: Access = request.state.access
        wanted = request.query_params.get("status", "")
        status = next((one for one in ReportStatus if one == wanted), None)
        found = await self._store.read(lambda reader: _listed(reader, access, status))
        return self._reply.page(
            request,
            "reports.html",
            self._clock(),
            account=request.state.account,
            reports=found,
            wanted=status,
            statuses=list(ReportStatus),
        )

    async def show(self, request: Request) -> Response:
        """One report."""
        return await self._page(request)

    async def act(self, request: Request) -> Response:
        """Change a report; the page says why not, if not."""
        person, access = acting(request), request.state.access
        whole = await self._whole(request)
        async with request.form(max_fields=MAX_FIELDS, max_files=0) as form:
            given = {name: str(value) for name, value in form.items()}
        change = next((one for one in ReportChange if one == given.get("change")), None)
        if change is None or change not in seen.changes(access, whole.report):
            return await self._page(request, 409, wrong="report_error.change")
        text, to = plain_note(given.get("text", ""), MAX_TEXT), plain_name(given.get("to", ""))
        wish = Wish(change, person.name, self._clock(), text, to)
        try:
            outcome = await self._store.write(
                lambda tx: changing.act(tx, whole.report.id, wish, self._policy)
            )
        except ReportError as error:
            return await self._page(request, 409, refused=error)
        self._feed.tell(outcome)
        return RedirectResponse(f"{PAGE}/of/{whole.report.id}", 303)

    async def _whole(self, request: Request) -> Whole:
        """The report of the address. Raises HTTPException 404 for all that this person does not see."""
        id_ = request.path_params["id"]
        whole = await self._store.read(lambda reader: _read(reader, id_))
        if whole is None or not seen.may_see(request.state.access, whole.report):
            raise HTTPException(404)
        return whole

    async def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        whole, access = await self._whole(request), request.state.access
        words = self._reply.text(request)
        refused: ReportError | None = values.pop("refused", None)
        wrong = values.pop("wrong", "")
        return self._reply.page(
            request,
            "report_one.html",
            self._clock(),
            account=request.state.account,
            status=status,
            whole=whole,
            one=seen.shown(access, whole.report),
            all=seen.sees_all(access),
            changes=seen.changes(access, whole.report),
            trappers=self._trappers(),
            routes=links_to(whole.report.lat, whole.report.lon),
            longest=MAX_TEXT,
            wrong=refused.text(words) if refused else (words(wrong) if wrong else ""),
        )

    def _trappers(self) -> list[str]:
        """Who can be handed a report: they are reached by a channel."""
        people = self._policy.people.values()
        return [one.name for one in people if one.channels and FIELD.intersection(one.duties)]


def _listed(reader: Reader, access: Access, status: ReportStatus | None) -> list[Whole]:
    """What somebody sees, without those that were merged: they stand with the first."""
    if seen.sees_all(access):
        found = [one for one in reader.reports.newest(status) if not one.head]
    else:
        mine = reader.reports.handed_to(access.name)
        found = [one for one in mine if status is None or one.status is status]
    return [
        Whole(seen.shown(access, one), reader.reports.members(one.id), [], [])
        for one in found[:SHOWN]
    ]


def _read(reader: Reader, id_: str) -> Whole | None:
    report = reader.reports.find(id_)
    if report is None:
        return None
    near = reader.reports.between(report.at - NEAR_TIME, report.at + NEAR_TIME)
    members = reader.reports.members(id_)
    steps = reader.reports.steps(id_)
    return Whole(report, members, steps, [] if members else alike(report, near))
