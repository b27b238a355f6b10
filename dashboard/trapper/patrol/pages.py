"""The page of the day's patrol: the next trap large, the others in their order, and who was where.

Owns its addresses. A phone's place is sent in a body and never stands in an address. A visit is recorded
here by a tap; by nearness through `/acts`, which keeps it while there is no signal. Must not decide which
traps are stops (`stops`) nor what confirms a visit (`nearness`).
"""

import asyncio
import math
import secrets
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.documents.gpx import Waypoint, gpx
from dashboard.live.device_view import DeviceView
from dashboard.live.listing import has_places, is_mine
from dashboard.live.need import need_of
from dashboard.live.restricted import own_devices
from dashboard.live.routes_there import links_to
from dashboard.live.snapshot import read_snapshot
from dashboard.trapper.patrol.nearness import TAP
from dashboard.trapper.patrol.stops import LASTING, Here, Stops, stops_of
from dashboard.web.downloads import file_answer
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain import trap_lifecycle
from gateway.domain.model import ActionKind, Device, Role, TrapAction
from gateway.domain.outcome import Outcome
from gateway.domain.people.permissions import Access, Resource
from gateway.ingest.people import actions
from gateway.store import Store, Transaction
from gateway.store.feed import Feed

ADDRESS = "/patrol"
MOST_STOPS = 400
MOST_BYTES = 1_000  # of a place
SCRIPT_WORDS = ("patrol.js.",)


class PlaceSent(Struct, frozen=True):
    """Where the phone is."""

    lat: float
    lon: float


class PatrolPages:
    """Handlers of the patrol."""

    def __init__(
        self, store: Store, feed: Feed, reply: Reply, policy: Policy, clock: Clock
    ) -> None:
        self._store, self._feed, self._reply = store, feed, reply
        self._policy, self._clock = policy, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of the patrol."""
        return [
            Route(ADDRESS, self.show, methods=["GET"]),
            Route(ADDRESS, self.visit, methods=["POST"]),
            Route(f"{ADDRESS}/order", self.order, methods=["POST"]),
            Route(f"{ADDRESS}.gpx", self.send_gpx, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Today's stops."""
        return await self._page(request)

    async def visit(self, request: Request) -> Response:
        """Record a visit by a tap, without JavaScript; then the page again."""
        async with request.form(max_fields=10, max_files=0) as form:
            fields = {name: str(value) for name, value in form.items()}
        access, now = request.state.access, self._clock()
        found = await self._store.read(lambda reader: reader.device(fields.get("device", "")))
        if found is None or not access.may_act_at(Resource.TRAP, found[0]):
            raise HTTPException(404)
        digest = blake2b(
            f"patrol {access.name} {found[0].id} {fields.get('once', '')}".encode(), digest_size=16
        )
        act = TrapAction(
            id=digest.hexdigest(),
            device=found[0].id,
            deed=ActionKind.VISITED,
            at=now,
            by=access.name,
            recorded_at=now,
            through=TAP,
        )
        try:
            self._feed.tell(await self._store.write(lambda tx: self._record(tx, act)))
        except trap_lifecycle.IllegalActionError as refusal:
            return await self._page(request, refusal.text(self._reply.text(request)), 409)
        return RedirectResponse(ADDRESS, 303)

    async def order(self, request: Request) -> Response:
        """The ids of the stops that are left, in the order of a short tour from where the phone is."""
        here = await _here(request)
        if here is None:
            return JSONResponse({"error": "lat and lon: degrees"}, 400)
        stops = await self._stops(request, here)
        return JSONResponse({"order": [one.id for one in stops.left]})

    async def send_gpx(self, request: Request) -> Response:
        """The stops that are left, for a map application or a GPS receiver."""
        stops, words = await self._stops(request), self._reply.text(request)
        points = [
            Waypoint(one.lat, one.lon, one.name)
            for one in stops.left
            if one.lat is not None and one.lon is not None
        ]
        body = gpx(points, words("patrol.title"))
        return file_answer(body, "application/gpx+xml", f"patrol-{self._today()}.gpx")

    def _record(self, tx: Transaction, act: TrapAction) -> Outcome:
        return actions.record(tx, act, self._policy, self._clock())

    async def _stops(self, request: Request, here: Here | None = None) -> Stops:
        now, access = self._clock(), request.state.access
        plan = self._policy.visit_plan
        everything = await self._store.read(lambda reader: read_snapshot(reader, now, plan))
        mine = _of(everything.devices, access)[:MOST_STOPS]
        return await asyncio.to_thread(stops_of, mine, here)

    async def _page(self, request: Request, message: str = "", status: int = 200) -> Response:
        stops, words = await self._stops(request), self._reply.text(request)
        return self._reply.page(
            request,
            "patrol.html",
            self._clock(),
            account=request.state.account,
            status=status,
            message=message,
            stops=stops,
            rows=[self._row(one) for one in stops.left],
            may_act=request.state.access.may_act(Resource.TRAP),
            once=secrets.token_urlsafe(12),
            script_words=words.group(*SCRIPT_WORDS),
        )

    def _row(self, stop: DeviceView) -> dict[str, Any]:
        """What the page shows of a stop that is left."""
        device = Device(id=stop.id, role=stop.role, area=stop.area)
        return {
            "stop": stop,
            "need": need_of(stop).value,
            "lasting": need_of(stop) in LASTING,
            "way": links_to(stop.lat, stop.lon),
            "radius_m": self._policy.limits(device).check_in_radius_m,
        }

    def _today(self) -> str:
        return self._clock().astimezone(self._reply.zone).date().isoformat()


def _of(devices: list[DeviceView], access: Access) -> list[DeviceView]:
    """The person's own traps; of somebody without places of their own all that they may see exactly."""
    exact = own_devices(devices, access)
    traps = [one for one in devices if one.role is Role.TRAP and one.id in exact]
    return [one for one in traps if is_mine(one, access)] if has_places(access) else traps


async def _here(request: Request) -> Here | None:
    """The place in a small JSON body; None: there is none that can be used."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    try:
        sent = msgspec.json.decode(body, type=PlaceSent)
    except msgspec.MsgspecError:
        return None
    is_place = math.isfinite(sent.lat) and math.isfinite(sent.lon)
    return (
        Here(sent.lat, sent.lon)
        if is_place and abs(sent.lat) <= 89 and abs(sent.lon) <= 180
        else None
    )
