"""/pictures/{id}: a picture of a camera and its thumbnail, for whoever may see the camera.

Owns who sees one: whoever sees the camera exactly; one with people in it only who may act at all cameras. To
all others there is none. A link that an alert sent shows one thumbnail for some days. Never public. How
pictures are kept: `gateway.ingest.pictures`.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.alerts.pictures.picture_links import PATH, PictureLinks
from gateway.clock import Clock
from gateway.domain.model import Device
from gateway.domain.people.permissions import Access, Acting, Resource
from gateway.ingest.pictures.files import PictureFiles
from gateway.store import Store
from gateway.store.pictures.table import KnownPicture

PAGE = "/pictures"


class SeenPictures:
    """Handlers of single pictures."""

    def __init__(
        self, store: Store, files: PictureFiles, links: PictureLinks, clock: Clock
    ) -> None:
        self._store, self._files, self._links, self._clock = store, files, links, clock

    def routes(self) -> list[BaseRoute]:
        """The picture and its thumbnail."""
        return [
            Route(f"{PAGE}/{{id}}", self.show, methods=["GET"]),
            Route(f"{PAGE}/{{id}}/small", self.show_small, methods=["GET"]),
            Route(f"{PATH}{{token}}", self.show_linked, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """The picture as it is kept."""
        return await self._answer(request, small=False)

    async def show_small(self, request: Request) -> Response:
        """Its thumbnail."""
        return await self._answer(request, small=True)

    async def show_linked(self, request: Request) -> Response:
        """The thumbnail of a link that an alert sent, unless people are to be seen in it."""
        id_ = self._links.read(request.path_params["token"], self._clock())
        known = await self._store.read(lambda reader: reader.pictures.find(id_ or ""))
        if known is None or known.has_people:
            raise HTTPException(404)
        data = await asyncio.to_thread(self._files.read, known.picture.id, small=True)
        if data is None:
            raise HTTPException(410)
        return picture_response(data)

    async def _answer(self, request: Request, *, small: bool) -> Response:
        id_, access = request.path_params["id"], request.state.access
        known, device = await self._store.read(
            lambda reader: (
                (found := reader.pictures.find(id_)),
                reader.device(found.picture.device) if found else None,
            )
        )
        if known is None or device is None or not may_see(access, known, device[0]):
            raise HTTPException(404)
        data = await asyncio.to_thread(self._files.read, id_, small=small)
        if data is None:
            raise HTTPException(410)
        return picture_response(data)


def may_see(access: Access, known: KnownPicture, device: Device) -> bool:
    """Whether somebody may see a picture."""
    if known.has_people and access.grant(Resource.PICTURES).act is not Acting.ALL:
        return False
    return access.sees_exactly(Resource.PICTURES, device)


def picture_response(data: bytes) -> Response:
    """A picture that no cache keeps for others."""
    headers = {
        "Cache-Control": "private, max-age=600",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
    }
    return Response(data, media_type="image/jpeg", headers=headers)
