"""POST /pictures/upload?camera=ID: a camera's program sends a JPEG as the body, with a token.

Owns the request and its answers; it is answered after the picture is on the disk. Who may send: who may act
at the camera. How it is taken: `gateway.ingest.pictures`.
"""

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.domain.people.permissions import Access, Resource
from gateway.domain.pictures.picture import PictureSource
from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.files import Arriving
from gateway.ingest.photos.picture import kind_of
from gateway.ingest.pictures.arrival import Arrival, CameraFacts
from gateway.ingest.pictures.picture_reader import PictureReader
from gateway.ingest.pictures.requests import Look
from gateway.ingest.pictures.taking import NotTakenError, PictureTaker
from gateway.store import DiskError, Store

ADDRESS = "/pictures/upload"
MAX_BYTES = 20_000_000
MOST_AT_ONCE = 4
LATER = {"Retry-After": "5"}


class PictureUpload:
    """The handler."""

    def __init__(self, store: Store, taker: PictureTaker, picture_reader: PictureReader) -> None:
        self._store, self._taker, self._picture_reader = store, taker, picture_reader
        self._receiving = 0

    def routes(self) -> list[BaseRoute]:
        """The route."""
        return [Route(ADDRESS, self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Take one picture; 201 once it is on the disk, also when it was there before."""
        access: Access = request.state.access
        found = await self._store.read(
            lambda reader: reader.device(request.query_params.get("camera", ""))
        )
        if found is None or not access.may_act_at(Resource.PICTURES, found[0]):
            return _refused(404, "camera: no registered camera that the token may act for")
        if self._receiving >= MOST_AT_ONCE:
            return _refused(503, PhotoRefusal.BUSY)
        self._receiving += 1
        try:
            with await asyncio.to_thread(self._taker.files.arriving) as arriving:
                return await self._received(request, found[0].id, arriving)
        except (NotTakenError, DiskError, OSError) as error:
            return _refused(503, str(error) if isinstance(error, NotTakenError) else "no_room")
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._receiving -= 1

    async def _received(self, request: Request, camera: str, arriving: Arriving) -> Response:
        head = b""
        async for piece in request.stream():
            head = head or piece[:16]
            if arriving.size + len(piece) > MAX_BYTES:
                return _refused(413, PhotoRefusal.TOO_LARGE)
            await asyncio.to_thread(arriving.write, piece)
        sha256 = await asyncio.to_thread(arriving.end)
        if kind_of(head) != "jpeg":
            return _refused(415, PhotoRefusal.NO_PHOTO)
        taken = request.query_params.get("taken", "")[:40]
        if not taken:
            taken = (await self._picture_reader.look(Look(str(arriving.path)))).taken
        arrival = Arrival(camera, sha256, arriving.size, PictureSource.UPLOAD, CameraFacts(taken))
        picture = await self._taker.take(arrival, arriving.path)
        if picture is None:
            return _refused(404, "camera: revoked")
        return JSONResponse({"id": picture.id, "event": picture.event}, 201)


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"error": str(reason)}, status, LATER if status == 503 else None)
