"""The live pages: map, traps, and their stream of changes.

Owns the handlers. Must not decide who may read (`dashboard.app`) and must not write to the store.
"""

from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.live.listing import clean_page, clean_query, has_places
from dashboard.live.map import live_map
from dashboard.live.panels import MAP, PANELS, Panels, Shown, View
from dashboard.live.restricted import rates_for, snapshot_for
from dashboard.live.sensor_rates import Rates, rates
from dashboard.live.snapshot import Snapshot, features
from dashboard.live.streaming.changes import Changes
from dashboard.live.streaming.open_streams import OpenStreams
from dashboard.live.streaming.stream import EventStream
from dashboard.live.updates import Live
from dashboard.maps import bounds, extent
from dashboard.maps.base_layers import COAST, Ground
from dashboard.maps.bounds import Box
from dashboard.maps.coastline_process import Coastline
from dashboard.maps.extent import Named, OffMap
from dashboard.maps.pack.archive import MapPack
from dashboard.web.auth import COOKIE
from dashboard.web.forwarded import source
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.store import Store

PERIODS = (30, 90, 365)  # days
MOST_RATES = 300  # sensors whose rates stand in the page, the highest first
FIRST_COAST_S = 3.0  # a page waits so long for the coast of its map's first picture
SCRIPT_WORDS = (
    "mark.",
    "field.",
    "species.",
    "condition.",
    "map.",
    "rates.",
    "squares.",
    "traps.way",
    "traps.record",
)


class LivePages:
    """Handlers of the live pages."""

    def __init__(
        self, store: Store, live: Live, reply: Reply, config: Config, clock: Clock
    ) -> None:
        self._store, self._live, self._reply, self._config = store, live, reply, config
        self._clock, self._coastline = clock, Coastline()
        self._pack = MapPack(config.dashboard.map_pack)
        self._panels, self._streams = Panels(reply), OpenStreams()
        self._changes = Changes(live, self._panels)

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
        view = self._view(request, ("alerts", "events", MAP))
        snapshot = self._panels.seen(version, everything, view)
        days, species = _period(request), request.query_params.get("species") or None
        all_rates, known = await self._rates(days, species)
        found = rates_for(all_rates, everything, request.state.access)
        words = self._reply.text(request)
        off_map, limits = self._split(snapshot)
        shown = self._panels.show(version, everything, view)
        drawing = live_map(
            features(shown.devices.values()),
            features(found.sensors[:MOST_RATES]),
            limits,
            words,
            off_map,
            cells=shown.cells,
            ground=await self._ground(limits),
        )
        return self._page(
            request,
            "map.html",
            version,
            snapshot,
            shown,
            map=drawing,
            off_map=list(off_map.values()),
            rates=found,
            most_rates=MOST_RATES,
            days=days,
            periods=PERIODS,
            species=species,
            known_species=known,
            script_words=words.group(*SCRIPT_WORDS),
        )

    async def show_traps(self, request: Request) -> Response:
        """One's own traps, or all (`?show=all`), the neediest first; `?q=` searches, `?page=` turns."""
        version, everything = await self._live.snapshot()
        view = self._view(request, ("alerts", "traps"))
        shown = self._panels.show(version, everything, view)
        snapshot = self._panels.seen(version, everything, view)
        has_own = has_places(view.access)
        return self._page(
            request,
            "traps.html",
            version,
            snapshot,
            shown,
            query=view.query,
            has_own=has_own,
            only_own=has_own and view.only_own,
        )

    async def send_coast(self, request: Request) -> Response:
        """The land around the devices, as GeoJSON."""
        _, everything = await self._live.snapshot()
        _, limits = self._split(snapshot_for(everything, request.state.access))
        body = await self._coastline.geojson(limits)
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(body, media_type="application/geo+json", headers=headers)

    async def send_changes(self, request: Request) -> EventStream:
        """Server-sent events `look` with what changed for this page, and `tick` as a sign of life."""
        since = request.headers.get("last-event-id") or request.query_params.get("since", "")
        wanted = request.query_params.getlist("panel") or [MAP]
        view = self._view(request, tuple(name for name in (*PANELS, MAP) if name in wanted))
        return EventStream(
            request,
            self._changes.events(since, view, request.state.access_now),
            self._streams,
            _reader(request),
        )

    def _view(self, request: Request, parts: tuple[str, ...]) -> View:
        query = clean_query(request.query_params.get("q", ""))
        page = clean_page(request.query_params.get("page", ""))
        is_list = "traps" in parts
        return View(
            self._reply.text(request).language,
            parts,
            replace(request.state.access, name=""),
            query=query if is_list else "",
            page=page if is_list else 1,
            only_own=is_list and request.query_params.get("show") != "all",
        )

    def _page(
        self,
        request: Request,
        template: str,
        version: str,
        snapshot: Snapshot,
        shown: Shown,
        **values: Any,
    ) -> Response:
        return self._reply.page(
            request,
            template,
            snapshot.at,
            account=request.state.account,
            version=version,
            snapshot=snapshot,
            panels=shown.panels,
            **values,
        )

    async def _rates(self, days: int, species: str | None) -> tuple[Rates, list[str]]:
        now = self._clock()
        return await self._store.read(
            lambda reader: (rates(reader, self._reply.zone, now, days, species), reader.species())
        )

    async def _ground(self, limits: Box) -> Ground:
        first = await self._coastline.first(limits, FIRST_COAST_S)
        return Ground(
            tiles=self._config.dashboard.tiles != "none",
            first=msgspec.Raw(first or b"null"),
            pack=self._pack.address,
        )

    def _split(self, snapshot: Snapshot) -> tuple[dict[str, OffMap], Box]:
        """The devices outside the map, by id, and the frame of the map."""
        off_map, limits = extent.split(
            {s.id: Named(s.name, s.lat, s.lon) for s in snapshot.devices}
        )
        centre = self._config.dashboard.centre
        return off_map, limits or bounds.around([centre] if centre else [])


def _period(request: Request) -> int:
    wanted = request.query_params.get("days", "")
    return int(wanted) if wanted in map(str, PERIODS) else PERIODS[1]


def _reader(request: Request) -> str:
    """Whose streams are counted together: a session's, or an address's without one."""
    if request.state.account is not None:
        return request.cookies.get(COOKIE, "")
    return source(request)
