"""`GET /map/pack/…`: the tiles of the site's map pack, each by the version of the pack.

Owns the handler. The pack holds public land data: whoever sees the 5 km squares may see it. Reads one tile at
a time, off the event loop, and sends it as it lies in the file.
"""

import asyncio
import gzip
import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.maps.pack.archive import ADDRESS, MapPack

log = logging.getLogger(__name__)
YEAR_S = 365 * 24 * 3600


class PackFiles:
    """The handler of one site's pack."""

    def __init__(self, path: str) -> None:
        self._pack = MapPack(path)
        if path and not self._pack.version():
            log.warning("dashboard.map_pack = %s: no such file; maps are drawn without it", path)

    def routes(self) -> list[BaseRoute]:
        """Its route."""
        return [Route(f"{ADDRESS}/{{version}}/{{name:path}}", self.send)]

    async def send(self, request: Request) -> Response:
        """A tile, or the list of all; 404 for another version than that of the file."""
        version, name = request.path_params["version"], request.path_params["name"]
        data = await asyncio.to_thread(self._read, version, name.removesuffix(".json"))
        headers = {
            "Cache-Control": f"private, max-age={YEAR_S}, immutable",
            "Vary": "Accept-Encoding",
        }
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            data = gzip.decompress(data)
        return Response(data, media_type="application/json", headers=headers)

    def _read(self, version: str, name: str) -> bytes:
        data = self._pack.read(name) if version == self._pack.version() else None
        if data is None:
            raise HTTPException(404)
        return data
