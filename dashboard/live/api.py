"""JSON and GeoJSON for other programs: the current state.

Owns the addresses and formats under /api. Must not give data that no page shows.
"""

from math import isfinite
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.live import restricted
from dashboard.live.map_marks import inside
from dashboard.live.sensor_rates import rates
from dashboard.live.snapshot import Snapshot, features
from dashboard.live.updates import Live
from dashboard.maps.geojson import collection
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.model import Role
from gateway.domain.people.permissions import Detail, Resource
from gateway.store import Store

MAX_EVENTS = 1_000
MAX_DAYS = 3_660


class Api:
    """Handlers under /api."""

    def __init__(self, store: Store, live: Live, reply: Reply, clock: Clock) -> None:
        self._store, self._live, self._reply, self._clock = store, live, reply, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of the API."""
        return [
            Route("/api/devices.geojson", self.devices),
            Route("/api/rates.geojson", self.rates),
            Route("/api/traps", self.traps),
            Route("/api/alerts", self.alerts),
            Route("/api/events", self.events),
        ]

    async def devices(self, request: Request) -> Response:
        """GeoJSON FeatureCollection of all approved devices with a position.

        ``?id=`` gives one device, ``?box=south,west,north,east`` the 600 most urgent ones inside.
        """
        devices, wanted = (await self._snapshot(request)).devices, request.query_params
        if "id" in wanted:
            devices = [one for one in devices if one.id == wanted["id"]]
        if "box" in wanted:
            box = _box(wanted["box"])
            if box is None:
                return _refused("box: four numbers in degrees: south,west,north,east")
            devices = inside(devices, box)
        return _json(collection(features(devices)), "application/geo+json")

    async def traps(self, request: Request) -> Response:
        """Traps, the most urgent first."""
        snapshot = await self._snapshot(request)
        return _json([view for view in snapshot.devices if view.role is Role.TRAP])

    async def alerts(self, request: Request) -> Response:
        """Open alerts, the most urgent first."""
        snapshot = await self._snapshot(request)
        return _json(snapshot.alerts)

    async def events(self, request: Request) -> Response:
        """The newest events of every kind, newest first; ``?limit=`` 1..1000."""
        limit = _number(request, "limit", 100, MAX_EVENTS)
        if limit is None:
            return _refused(f"limit: a whole number from 1 to {MAX_EVENTS}")
        events = await self._store.read(lambda reader: reader.latest_events(limit))
        access = request.state.access
        if access.sees(Resource.LIVE) is Detail.EXACT:
            return _json(events)
        _, snapshot = await self._live.snapshot()
        own = restricted.own_devices(snapshot.devices, access)
        return _json(restricted.events_for(events, restricted.squares_of(snapshot.devices), own))

    async def rates(self, request: Request) -> Response:
        """GeoJSON of independent detections per 100 device-days; ``?days=&species=``."""
        days = _number(request, "days", 90, MAX_DAYS)
        if days is None:
            return _refused(f"days: a whole number from 1 to {MAX_DAYS}")
        species, now = request.query_params.get("species") or None, self._clock()
        found = await self._store.read(
            lambda reader: rates(reader, self._reply.zone, now, days, species)
        )
        _, snapshot = await self._live.snapshot()
        shown = restricted.rates_for(found, snapshot, request.state.access)
        return _json(collection(features(shown.sensors)), "application/geo+json")

    async def _snapshot(self, request: Request) -> Snapshot:
        """The present, as this reader may see it."""
        _, snapshot = await self._live.snapshot()
        return restricted.snapshot_for(snapshot, request.state.access)


def _json(value: Any, media_type: str = "application/json") -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(msgspec.json.encode(value), media_type=media_type, headers=headers)


def _number(request: Request, name: str, default: int, most: int) -> int | None:
    """A whole number of the query in 1..most; None: another value."""
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        return None
    return int(given) if 1 <= int(given) <= most else None


def _box(given: str) -> tuple[float, float, float, float] | None:
    """Four finite numbers; None: it is something else."""
    try:
        south, west, north, east = (float(part) for part in given.split(","))
    except ValueError:
        return None
    return (south, west, north, east) if isfinite(south + west + north + east) else None


def _refused(reason: str) -> Response:
    return Response(
        msgspec.json.encode({"error": reason, "code": "bad_parameter"}),
        status_code=400,
        media_type="application/json",
    )
