"""The live pages: map, traps, and their stream of changes.

Owns the handlers. Must not decide who may read (`dashboard.app`) and must not write to the store.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.live.map import live_map
from dashboard.live.restricted import rates_for, snapshot_for
from dashboard.live.sensor_rates import Rates, rates
from dashboard.live.snapshot import Snapshot, features
from dashboard.live.updates import Live
from dashboard.maps import bounds, extent
from dashboard.maps.base_layers import COAST
from dashboard.maps.bounds import Box
from dashboard.maps.coastline_process import Coastline
from dashboard.maps.extent import Named, OffMap
from dashboard.web.i18n import Translations
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.model import Role
from gateway.store import Store

PERIODS = (30, 90, 365)  # days
PANELS = ("alerts", "events", "traps")  # parts of pages that the stream replaces
SCRIPT_WORDS = ("mark.", "field.", "species.", "condition.", "map.", "rates.", "squares.")
PING_S = 15


class LivePages:
    """Handlers of the live pages."""

    def __init__(
        self, store: Store, live: Live, reply: Reply, config: Config, clock: Clock
    ) -> None:
        self._store, self._live, self._reply, self._config = store, live, reply, config
        self._clock, self._coastline = clock, Coastline()

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/", self.show_map),
            Route("/traps", self.show_traps),
            Route("/live", self.send_changes),
            Route(COAST, self.send_coast),
        ]

    async def show_map(self, request: Request) -> Response:
        """The live map."""
        version, everything = await self._live.snapshot()
        snapshot = snapshot_for(everything, request.state.access)
        days, species = _period(request), request.query_params.get("species") or None
        all_rates, known = await self._rates(days, species)
        found = rates_for(all_rates, everything, request.state.access)
        words = self._reply.text(request)
        off_map, limits = self._split(snapshot)
        drawing = live_map(
            features(snapshot.devices),
            features(found.sensors),
            limits,
            words,
            off_map,
            tiles=self._config.dashboard.tiles != "none",
        )
        return self._page(
            request,
            "map.html",
            version,
            snapshot,
            map=drawing,
            off_map=list(off_map.values()),
            rates=found,
            days=days,
            periods=PERIODS,
            species=species,
            known_species=known,
            script_words=words.group(*SCRIPT_WORDS),
        )

    async def show_traps(self, request: Request) -> Response:
        """All traps, the most urgent first."""
        version, everything = await self._live.snapshot()
        snapshot = snapshot_for(everything, request.state.access)
        return self._page(request, "traps.html", version, snapshot)

    async def send_coast(self, request: Request) -> Response:
        """The land around the devices, as GeoJSON."""
        _, everything = await self._live.snapshot()
        _, limits = self._split(snapshot_for(everything, request.state.access))
        body = await self._coastline.geojson(limits)
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(body, media_type="application/geo+json", headers=headers)

    async def send_changes(self, request: Request) -> Response:
        """Server-sent events named `look`: {now, features, panels}, only changes for this page."""
        since = request.headers.get("last-event-id") or request.query_params.get("since", "")
        shown = [name for name in PANELS if name in request.query_params.getlist("panel")]
        events = self._changes(request, since, shown)
        return EventSourceResponse(events, ping=PING_S, send_timeout=30)

    async def _changes(
        self, request: Request, since: str, shown: list[str]
    ) -> AsyncIterator[ServerSentEvent]:
        """Until the reader goes, or may see something else than at the beginning."""
        last: dict[str, Any] = {}
        words, access = self._reply.text(request), request.state.access
        async for version, everything in self._live.changes(since):
            if await request.state.access_now() != access:
                return
            snapshot = snapshot_for(everything, access)
            now: dict[str, Any] = {f"feature {f['id']}": f for f in features(snapshot.devices)}
            now |= {f"panel {name}": self._panel(name, snapshot, words) for name in shown}
            changed = {key: value for key, value in now.items() if last.get(key) != value}
            last = now
            if changed:
                data = msgspec.json.encode({"now": snapshot.at, **_grouped(changed)}).decode()
                yield ServerSentEvent(data, event="look", id=version)

    def _panel(self, name: str, snapshot: Snapshot, words: Translations) -> str:
        return self._reply.fragment(
            f"panel_{name}.html", words, snapshot.at, snapshot=snapshot, traps=_traps(snapshot)
        )

    def _page(
        self, request: Request, template: str, version: str, snapshot: Snapshot, **values: Any
    ) -> Response:
        return self._reply.page(
            request,
            template,
            snapshot.at,
            account=request.state.account,
            version=version,
            snapshot=snapshot,
            traps=_traps(snapshot),
            **values,
        )

    async def _rates(self, days: int, species: str | None) -> tuple[Rates, list[str]]:
        now = self._clock()
        return await self._store.read(
            lambda reader: (rates(reader, self._reply.zone, now, days, species), reader.species())
        )

    def _split(self, snapshot: Snapshot) -> tuple[dict[str, OffMap], Box]:
        """The devices outside the map, by id, and the frame of the map."""
        off_map, limits = extent.split(
            {s.id: Named(s.name, s.lat, s.lon) for s in snapshot.devices}
        )
        centre = self._config.dashboard.centre
        return off_map, limits or bounds.around([centre] if centre else [])


def _traps(snapshot: Snapshot) -> list[Any]:
    return [view for view in snapshot.devices if view.role is Role.TRAP]


def _period(request: Request) -> int:
    wanted = request.query_params.get("days", "")
    return int(wanted) if wanted in map(str, PERIODS) else PERIODS[1]


def _grouped(changed: dict[str, Any]) -> dict[str, Any]:
    found = [value for key, value in changed.items() if key.startswith("feature ")]
    panels = [(key, html) for key, html in changed.items() if key.startswith("panel ")]
    return {
        "features": found,
        "panels": {key.removeprefix("panel "): html for key, html in panels},
    }
