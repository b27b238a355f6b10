"""The file for GIS, and its styles for layers that are read by their address.

Owns the handlers. What the layers are: `layers`; the format: `geopackage`.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import geopackage
from dashboard.live.device_view import DeviceView, device_views
from dashboard.office import choices as choices_module
from dashboard.office import filters
from dashboard.office.gis.layers import layers
from dashboard.office.map import overview
from dashboard.office.map.overview import MapInput
from dashboard.web.downloads import file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.store import Reader
from gateway.store.reading import Reads
from gateway.version import program_version
from gateway.words.catalogue import Translations

QML = "text/xml"


class GisPages:
    """Handlers of the files for GIS."""

    def __init__(self, store: Reads, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of the files."""
        return [
            Route("/officials/layers.gpkg", self.send_package),
            Route("/officials/layers/{name}.qml", self.send_style),
        ]

    async def send_package(self, request: Request) -> Response:
        """All layers of the map's period as one file; the query is that of the map."""
        words = self._reply.text(request)
        found, views = await self._store.read(lambda reader: self._read(reader, request))
        body = await asyncio.to_thread(self._package, found, views, words)
        return file_answer(body, geopackage.GPKG, f"shishigaki-{found.map_filter.month}.gpkg")

    async def send_style(self, request: Request) -> Response:
        """The style of one layer."""
        words, name = self._reply.text(request), request.path_params["name"]
        found, views = await self._store.read(lambda reader: self._read(reader, request))
        made = {one.name: one.style for one in layers(found, views, words, self._reply.zone)}
        if name not in made:
            raise HTTPException(404)
        return file_answer(made[name].encode(), QML, f"{name}.qml")

    def _package(self, found: MapInput, views: list[DeviceView], words: Translations) -> bytes:
        made = self._clock()
        about = {
            "site": self._config.site.title or self._config.site.name,
            "period_from": found.span.start.isoformat(),
            "period_to": found.span.last.isoformat(),
            "species": found.map_filter.counted or filters.ALL,
            "hours": found.map_filter.hours,
            "time_zone": self._config.site.timezone,
            "rate": words("gis.rate"),
            "places": words("gis.places"),
            "licence": words("gis.licence"),
            "made_at": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "made_by": f"Shishigaki {program_version()}",
        }
        made_layers = layers(found, views, words, self._reply.zone)
        return geopackage.write(made_layers, about, made)

    def _read(self, reader: Reader, request: Request) -> tuple[MapInput, list[DeviceView]]:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        try:
            chosen = filters.read(
                request.query_params, choices.usual, choices_module.default_species(choices.species)
            )
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        found = overview.read(reader, chosen, chosen.span, zone, now)
        return found, device_views(found.devices.values(), reader.states(), now)
