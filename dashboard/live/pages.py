"""The live pages: map, traps, and their stream of changes.

Owns what each page is made of. Must not decide who may see it (`app`) nor write.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.live.map import live_map
from dashboard.live.sensor_rates import Rates, rates
from dashboard.live.snapshot import Look, features
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
PING_S = 15


class LivePages:
    """Handlers of the live pages."""

    def __init__(
        self, store: Store, live: Live, reply: Reply, config: Config, clock: Clock
    ) -> None:
        self._store, self._live, self._reply, self._config = store, live, reply, config
        self._clock, self._coastline = clock, Coastline()

    def routes(self) -> list[BaseRoute]:
        """Where they answer."""
        return [
            Route("/", self.show_map),
            Route("/traps", self.show_traps),
            Route("/live", self.send_changes),
            Route(COAST, self.send_coast),
        ]

    async def show_map(self, request: Request) -> Response:
        """The live map."""
        version, present = await self._live.look()
        days, species = _period(request), request.query_params.get("species") or None
        found, known = await self._rates(days, species)
        words = self._reply.text(request)
        off_map, limits = self._split(present)
        drawing = live_map(
            features(present.sights), features(found.sensors), limits, words, off_map,
            tiles=self._config.dashboard.tiles != "none",
        )  # fmt: skip
        return self._page(
            request, "map.html", version, present, map=drawing,
            off_map=list(off_map.values()), rates=found, days=days, periods=PERIODS,
            species=species, known_species=known,
            script_words=words.group("mark.", "field.", "species.", "condition.", "map.", "rates."),
        )  # fmt: skip

    async def show_traps(self, request: Request) -> Response:
        """All traps, the most urgent first."""
        version, present = await self._live.look()
        return self._page(request, "traps.html", version, present)

    async def send_coast(self, request: Request) -> Response:
        """The land around the devices, as GeoJSON."""
        _, present = await self._live.look()
        _, limits = self._split(present)
        body = await self._coastline.geojson(limits)
        headers = {"Cache-Control": "private, max-age=3600"}
        return Response(body, media_type="application/geo+json", headers=headers)

    async def send_changes(self, request: Request) -> Response:
        """Server-sent events `look`: {now, features, panels}, only what changed for this page."""
        since = request.headers.get("last-event-id") or request.query_params.get("since", "")
        shown = [name for name in PANELS if name in request.query_params.getlist("panel")]
        events = self._changes(since, shown, self._reply.text(request))
        return EventSourceResponse(events, ping=PING_S, send_timeout=30)

    async def _changes(
        self, since: str, shown: list[str], words: Translations
    ) -> AsyncIterator[ServerSentEvent]:
        last: dict[str, Any] = {}
        async for version, present in self._live.changes(since):
            now: dict[str, Any] = {f"feature {f['id']}": f for f in features(present.sights)}
            now |= {f"panel {name}": self._panel(name, present, words) for name in shown}
            news = {key: value for key, value in now.items() if last.get(key) != value}
            last = now
            if news:
                data = msgspec.json.encode({"now": present.at, **_grouped(news)}).decode()
                yield ServerSentEvent(data, event="look", id=version)

    def _panel(self, name: str, present: Look, words: Translations) -> str:
        return self._reply.fragment(
            f"panel_{name}.html", words, present.at, look=present, traps=_traps(present)
        )

    def _page(
        self, request: Request, template: str, version: str, present: Look, **values: Any
    ) -> Response:
        return self._reply.page(
            request, template, present.at, account=request.state.account, version=version,
            look=present, traps=_traps(present), **values,
        )  # fmt: skip

    async def _rates(self, days: int, species: str | None) -> tuple[Rates, list[str]]:
        now = self._clock()
        return await self._store.read(
            lambda reader: (rates(reader, self._reply.zone, now, days, species), reader.species())
        )

    def _split(self, present: Look) -> tuple[dict[str, OffMap], Box]:
        """What the map cannot show, by device, and its frame."""
        off_map, limits = extent.split({s.id: Named(s.name, s.lat, s.lon) for s in present.sights})
        centre = self._config.dashboard.centre
        return off_map, limits or bounds.around([centre] if centre else [])


def _traps(present: Look) -> list[Any]:
    return [sight for sight in present.sights if sight.role is Role.TRAP]


def _period(request: Request) -> int:
    wanted = request.query_params.get("days", "")
    return int(wanted) if wanted in map(str, PERIODS) else PERIODS[1]


def _grouped(news: dict[str, Any]) -> dict[str, Any]:
    found = [value for key, value in news.items() if key.startswith("feature ")]
    panels = {
        key.removeprefix("panel "): html for key, html in news.items() if key.startswith("panel ")
    }
    return {"features": found, "panels": panels}
