"""`GET /phone/pack`: the pages that a person's phone keeps for places without signal.

Owns which pages these are. Must not render them: it asks the page of each trap, so what the phone keeps is
what the person would be shown, with the same rights.
"""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.maps.base_layers import COAST
from dashboard.maps.pack.archive import MapPack
from dashboard.trapper.phone import map_tiles
from dashboard.web import assets
from dashboard.web.browser.versions import address_of
from gateway.domain.model import Device, Role
from gateway.domain.people.permissions import Access, Resource
from gateway.store import Store

ADDRESS = "/phone/pack"
MOST_TRAPS = 120
LISTS = ("/traps", "/patrol", "/phone")
MAP_FILES = (
    "basemap.js",
    "map.js",
    "map.css",
    "vendor/leaflet/leaflet.js",
    "vendor/leaflet/leaflet.css",
)

Show = Callable[[Request], Awaitable[Response]]


class OfflinePages:
    """The handler. `show`: the handler of a trap's page."""

    def __init__(self, store: Store, show: Show, map_pack: str = "") -> None:
        self._store, self._show, self._map_pack = store, show, MapPack(map_pack)

    def routes(self) -> list[Route]:
        """GET only."""
        return [Route(ADDRESS, self.send)]

    async def send(self, request: Request) -> Response:
        """The pages of the person's traps, and the addresses of what else to keep."""
        devices = await self._store.read(lambda reader: reader.devices())
        pages = {}
        own = own_traps(devices, request.state.access)[:MOST_TRAPS]
        for device in own:
            address = f"/traps/{quote(device.id)}"
            if html := await self._page(request, device, address):
                pages[address] = html
        light = [*LISTS]
        ground = await asyncio.to_thread(map_tiles.around, self._map_pack, own)
        every = [*light, *(address_of(name) for name in MAP_FILES), COAST, *ground, "/"]
        return JSONResponse(
            {
                "person": request.state.access.name,
                "policy": assets.policy("", tiles=False),
                "pages": pages,
                "light": light,
                "all": every,
            }
        )

    async def _page(self, request: Request, device: Device, address: str) -> str:
        """The page of one trap; "" if it was taken out meanwhile."""
        scope = {
            **request.scope,
            "path": f"/traps/{device.id}",
            "raw_path": address.encode(),
            "query_string": b"",
            "path_params": {"device": device.id},
        }
        try:
            answer = await self._show(Request(scope))
        except HTTPException:
            return ""
        return bytes(answer.body).decode()


def own_traps(devices: list[Device], access: Access) -> list[Device]:
    """The traps at which somebody acts."""
    return [
        one for one in devices if one.role is Role.TRAP and access.may_act_at(Resource.TRAP, one)
    ]
