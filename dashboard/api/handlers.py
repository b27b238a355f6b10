"""What is behind each versioned address of the API.

Owns reading and paging. What a visitor may see of it: `dashboard.live.restricted`.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.api import openapi
from dashboard.api.answers import answer, refusal
from dashboard.api.paging import CursorError, page_of, read_cursor, write_cursor
from dashboard.api.shapes import Nothing, Page, Paging, RatePaging
from dashboard.api.table import ENDPOINTS, Endpoint
from dashboard.api.token_check import LATER
from dashboard.live import restricted
from dashboard.live.sensor_rates import rates
from dashboard.live.snapshot import Snapshot
from dashboard.live.updates import Live
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.epoch import ms
from gateway.domain.model import Event
from gateway.domain.people.permissions import Access, Detail, Resource
from gateway.store import Store
from gateway.store.connection import DiskError

Q = TypeVar("Q", bound=Struct)
Handler = Callable[[Request], Awaitable[Response]]
encode = msgspec.json.Encoder().encode


class ProgramApi:
    """Handlers of the versioned addresses; each has the name of its operation."""

    def __init__(self, store: Store, live: Live, reply: Reply, clock: Clock) -> None:
        self._store, self._live, self._reply, self._clock = store, live, reply, clock

    def routes(self) -> list[BaseRoute]:
        """A route for each versioned row of the table."""
        return [Route(row.path, self._handler(row)) for row in ENDPOINTS if row.versioned]

    def _handler(self, row: Endpoint) -> Handler:
        read = getattr(self, row.name)

        async def handle(request: Request) -> Response:
            try:
                question = parse(request, row.question)
                return answer(request, await read(question, request), row.media_type)
            except (msgspec.ValidationError, CursorError) as error:
                return refusal(400, str(error))
            except DiskError:
                return refusal(503, headers=LATER)

        return handle

    async def openapi(self, question: Nothing, request: Request) -> bytes:
        """The document of the API itself."""
        return openapi.encoded()

    async def devices(self, question: Paging, request: Request) -> bytes:
        """Devices by id."""
        shown = await self._snapshot(request)
        page = page_of(shown.devices, lambda one: (0, one.id), question.limit, question.cursor)
        return encode(page)

    async def alerts(self, question: Paging, request: Request) -> bytes:
        """Open alerts, the newest first."""
        shown = await self._snapshot(request)
        page = page_of(
            shown.alerts,
            lambda one: (-ms(one.opened_at), one.id),
            question.limit,
            question.cursor,
        )
        return encode(page)

    async def events(self, question: Paging, request: Request) -> bytes:
        """Events, the newest first; the cursor holds a number of the journal."""
        before = read_cursor(question.cursor)[0] if question.cursor else None
        limit = question.limit
        rows = await self._store.read(lambda reader: reader.events_before(before, limit + 1))
        shown = await self._events_for([event for _, event in rows[:limit]], request)
        more = len(rows) > limit
        return encode(Page(shown, write_cursor((rows[limit - 1][0], "", 0)) if more else None))

    async def rates(self, question: RatePaging, request: Request) -> bytes:
        """Rates by sensor or square."""
        zone, now = self._reply.zone, self._clock()
        days, species = question.days, question.species or None
        found = await self._store.read(lambda reader: rates(reader, zone, now, days, species))
        _, snapshot = await self._live.snapshot()
        shown = restricted.rates_for(found, snapshot, _access(request))
        page = page_of(shown.sensors, lambda one: (0, one.id), question.limit, question.cursor)
        return encode(page)

    async def _snapshot(self, request: Request) -> Snapshot:
        _, snapshot = await self._live.snapshot()
        return restricted.snapshot_for(snapshot, _access(request))

    async def _events_for(self, events: list[Event], request: Request) -> list[Event]:
        access = _access(request)
        if access.sees(Resource.LIVE) is Detail.EXACT:
            return events
        _, snapshot = await self._live.snapshot()
        own = restricted.own_devices(snapshot.devices, access)
        return restricted.events_for(events, restricted.squares_of(snapshot.devices), own)


def parse(request: Request, question: type[Q]) -> Q:
    """The parameters of a request. Raises ValidationError naming the one that is wrong."""
    given = dict(request.query_params)
    if len(given) < len(request.query_params.multi_items()):
        raise msgspec.ValidationError("a parameter is given twice")
    return msgspec.convert(given, question, strict=False)


def _access(request: Request) -> Access:
    access: Access = request.state.access
    return access
