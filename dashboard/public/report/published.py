"""/report/published: what officials made public of reports: day, animal, 1 km square, how far they are.

Owns what is published, and the page. It is given neither an exact place nor a text that a reporter wrote: the
value that the page is made of has no room for them.
"""

from datetime import datetime, timedelta, tzinfo

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.public.report.form import STYLE
from dashboard.web.browser.versions import address_of
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.reports.report import Report
from gateway.store import Store

PAGE = "/report/published"
SHOWN = timedelta(days=92)
MOST = 500


class PublishedReport(Struct, frozen=True):
    """A report as the public may know it."""

    id: str
    day: str  # local
    kind: str
    species: str
    square: str  # of 1 km
    status: str


def published(report: Report, zone: tzinfo) -> PublishedReport:
    """What the public may know of a report."""
    return PublishedReport(
        id=report.id,
        day=str(report.at.astimezone(zone).date()),
        kind=report.kind.value,
        species=report.species,
        square=report.square,
        status=report.status.value,
    )


class PublishedReports:
    """The handler of the page."""

    def __init__(self, store: Store, reply: Reply, clock: Clock, *, enabled: bool) -> None:
        self._store, self._reply, self._clock, self._enabled = store, reply, clock, enabled

    def routes(self) -> list[Route]:
        """Its route."""
        return [Route(PAGE, self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The newest first."""
        if not self._enabled:
            raise HTTPException(404)
        found = await newest(self._store, self._clock(), self._reply.zone)
        style = address_of(STYLE)
        return self._reply.page(
            request,
            "report/published.html",
            self._clock(),
            reports=found,
            days=SHOWN.days,
            style=style,
        )


async def newest(store: Store, now: datetime, zone: tzinfo) -> list[PublishedReport]:
    """What is public now."""
    found = await store.read(lambda reader: reader.reports.published(now - SHOWN, MOST))
    return [published(one, zone) for one in found]
