"""Alerts, the comparison of towns, agreements, the audit and requests: the hub's pages of lists.

Owns these handlers. Open alerts are read only: what is to be done about one is decided by its town, which can
be asked.
"""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.office.region.hub import comparison, filters, queries, records
from dashboard.office.region.hub.comparison import ComparisonPage, TownFigure
from dashboard.office.region.hub.map_pages import read_filter
from dashboard.office.region.hub.page import HubReply, reader
from dashboard.office.region.hub.reading import Readings
from dashboard.office.region.hub.records import RequestRefusedError, RequestWord
from gateway.clock import Clock
from gateway.domain.epoch import day_date, from_ms, ms
from gateway.domain.people.plain_text import plain_note
from gateway.region.sharing import LEAST_SHOWN

KINDS: tuple[RequestWord, ...] = ("acknowledge", "message")


class RecordPages:
    """Handlers of the pages of lists."""

    def __init__(self, readings: Readings, reply: HubReply, clock: Clock) -> None:
        self._readings, self._reply, self._clock = readings, reply, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/region/alerts", self.show_alerts, methods=["GET"]),
            Route("/region/compare", self.compare, methods=["GET"]),
            Route("/region/agreements", self.show_agreements, methods=["GET"]),
            Route("/region/audit", self.show_audit, methods=["GET"]),
            Route("/region/requests", self.show_requests, methods=["GET"]),
            Route("/region/requests", self.ask, methods=["POST"]),
        ]

    async def show_alerts(self, request: Request) -> Response:
        """Open alerts of every town that gives at least squares."""
        async with self._readings.as_organisation(reader(request).organisation) as connection:
            found = await queries.open_alerts(connection)
            towns = {one.no: one for one in await queries.towns(connection, most=10_000)}
        return self._reply.page(
            request,
            "alerts.html",
            self._clock(),
            alerts=[(one, towns[one.town]) for one in found if one.town in towns],
            from_ms=from_ms,
            most=queries.MOST_ALERTS,
        )

    async def compare(self, request: Request) -> Response:
        """Rates of towns side by side, with their intervals."""
        wanted = read_filter(request, self._reply, self._clock)
        async with self._readings.as_organisation(reader(request).organisation) as connection:
            sums = await queries.town_sums(connection, wanted)
            names = await queries.town_names(connection)
        figures = comparison.compare(sums, names)
        return self._reply.page(
            request,
            "compare.html",
            self._clock(),
            page=_page_of(figures, request.query_params.get("page", "")),
            wanted=wanted,
            species=filters.SPECIES,
            lengths=filters.LENGTHS,
            least=LEAST_SHOWN,
        )

    async def show_agreements(self, request: Request) -> Response:
        """What towns give to the reader's organisation, and what it gives."""
        async with self._readings.as_organisation(reader(request).organisation) as connection:
            found = await records.agreements(connection)
        now = self._clock()
        rows = [(one, one.state(ms(now))) for one in found]
        return self._reply.page(
            request, "agreements.html", now, agreements=rows, day_date=day_date, from_ms=from_ms
        )

    async def show_audit(self, request: Request) -> Response:
        """Who has read exact places."""
        async with self._readings.as_organisation(reader(request).organisation) as connection:
            found = await records.position_reads(connection)
        return self._reply.page(
            request, "audit.html", self._clock(), reads=found, most=records.MOST_ROWS
        )

    async def show_requests(self, request: Request) -> Response:
        """What was asked of towns, and what they answered."""
        return await self._requests(request, said=request.query_params.get("said") == "asked")

    async def ask(self, request: Request) -> Response:
        """Ask a town to acknowledge an alert, or send it a message."""
        user = reader(request)
        async with request.form(max_fields=10, max_files=0) as form:
            given = {name: str(value) for name, value in form.items()}
        kind = next((one for one in KINDS if one == given.get("kind")), None)
        if kind is None:
            raise HTTPException(400, f"kind must be one of {', '.join(KINDS)}")
        told = plain_note(given.get("text", ""), records.LONGEST_TEXT)
        try:
            async with self._readings.as_organisation(user.organisation) as connection:
                await records.ask(
                    connection,
                    given.get("town", "")[:64],
                    kind,
                    given.get("alert", "")[:512],
                    told,
                    user.name,
                )
        except RequestRefusedError as error:
            wrong = error.text(self._reply.text(request))
            return await self._requests(request, status=409, wrong=wrong)
        return RedirectResponse("/region/requests?said=asked", 303)

    async def _requests(self, request: Request, status: int = 200, **values: Any) -> Response:
        async with self._readings.as_organisation(reader(request).organisation) as connection:
            found = await records.requests(connection)
        told = {"said": False, "wrong": "", **values}
        return self._reply.page(
            request, "requests.html", self._clock(), status=status, asked=found, **told
        )


def _page_of(figures: list[TownFigure], wanted: str) -> ComparisonPage:
    try:
        return comparison.paged(figures, wanted)
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
