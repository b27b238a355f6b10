"""`/photos/{sha256}`: a phone sends a photo to the address of its content, and people see it there.

Owns who may send and see one: who may act at traps, or has a link of a message; who may see a trap that a
record names the photo for, or has sent it. The same photo sent again changes nothing. How it is checked and
kept: `gateway.ingest.photos`.
"""

from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.web.forms.kept_photo import picture_answer
from dashboard.web.forms.multipart import MAX_BODY_BYTES
from dashboard.web.responses import Reply
from gateway.alerts.links import BadTicketError, Links
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.domain.model import Device
from gateway.domain.people.permissions import Access, Resource
from gateway.domain.traps.photo import Photo, PhotoRefusal
from gateway.ingest.photos.keeping import PhotoKeeper, PhotoRefusedError
from gateway.store import DiskError, Reader, Store

ADDRESS = "/photos/{sha256}"
BY_LINK = "/a/{token}/photos/{sha256}"
STATUS = {
    PhotoRefusal.TOO_LARGE: 413,
    PhotoRefusal.NO_PHOTO: 415,
    PhotoRefusal.DAMAGED: 422,
    PhotoRefusal.TOO_MANY_PIXELS: 422,
    PhotoRefusal.TOO_SLOW: 422,
    PhotoRefusal.OTHER_CONTENT: 422,
    PhotoRefusal.TOO_MANY: 429,
    PhotoRefusal.BUSY: 503,
    PhotoRefusal.NO_ROOM: 507,
}
RETRY_S = "10"
HEX = frozenset("0123456789abcdef")


class PhotoPages:
    """Handlers of photos."""

    def __init__(
        self,
        store: Store,
        keeper: PhotoKeeper,
        reply: Reply,
        policy: Policy,
        links: Links,
        clock: Clock,
    ) -> None:
        self._store, self._keeper, self._reply = store, keeper, reply
        self._policy, self._links, self._clock = policy, links, clock

    def routes(self) -> list[Route]:
        """PUT and GET."""
        return [
            Route(ADDRESS, self.show, methods=["GET"]),
            Route(ADDRESS, self.put, methods=["PUT"]),
            Route(BY_LINK, self.put_by_link, methods=["PUT"]),
        ]

    async def put(self, request: Request) -> Response:
        """Keep a photo of whoever is logged in."""
        return await self._keep(request, request.state.access.name)

    async def put_by_link(self, request: Request) -> Response:
        """Keep a photo of whoever has a link of a message."""
        try:
            ticket = self._links.read(request.path_params["token"])
        except BadTicketError:
            raise HTTPException(404) from None
        if ticket.person not in self._policy.people:
            raise HTTPException(404)
        if ticket.is_over(self._clock()):
            raise HTTPException(410)
        return await self._keep(request, ticket.person)

    async def show(self, request: Request) -> Response:
        """The kept picture, to whoever may see it; to all others there is none."""
        sha256, access = request.path_params["sha256"], request.state.access
        photo, traps = await self._store.read(lambda reader: _with_traps(reader, sha256))
        if photo is None or not may_see(access, photo, traps):
            raise HTTPException(404)
        found = await picture_answer(self._keeper.files, photo)
        return found or self._answer(request, "photo.lost", 410)

    async def _keep(self, request: Request, person: str) -> Response:
        sha256, body = request.path_params["sha256"], request.stream()
        if len(sha256) != 64 or not HEX.issuperset(sha256):
            raise HTTPException(404)
        try:
            photo = await self._keeper.keep(body, person, sha256)
            await _drop(body)
        except PhotoRefusedError as refused:
            await _drop(body)
            word = f"photo.refused.{refused.reason.value}"
            return self._answer(request, word, STATUS[refused.reason], refused.reason)
        except DiskError:
            return self._answer(request, "photo.refused.no_room", 507, PhotoRefusal.NO_ROOM)
        except ClientDisconnect:
            return Response(status_code=400)
        return self._answer(request, "photo.stored", 200, photo=photo)

    def _answer(
        self,
        request: Request,
        word: str,
        status: int,
        error: PhotoRefusal | None = None,
        photo: Photo | None = None,
    ) -> Response:
        body = {"text": self._reply.text(request)(word)}
        if photo is not None:
            body |= {"sha256": photo.sent_sha256, "kept_sha256": photo.kept_sha256}
        if error is not None:
            body["error"] = error.value
        headers = {"Retry-After": RETRY_S} if status == 503 else None
        return JSONResponse(body, status, headers)


def may_see(access: Access, photo: Photo, traps: list[Device]) -> bool:
    """Whether somebody may see a photo: of a trap that they see exactly, or sent by themselves."""
    own = bool(access.name) and access.name == photo.by
    return own or any(access.sees_exactly(Resource.TRAP, trap) for trap in traps)


def _with_traps(reader: Reader, sha256: str) -> tuple[Photo | None, list[Device]]:
    photo = reader.photos.find(sha256)
    found = [reader.device(device) for device in reader.photos.traps(sha256)] if photo else []
    return photo, [one[0] for one in found if one is not None]


async def _drop(body: AsyncIterator[bytes]) -> None:
    """Read what is left of a body without keeping it."""
    left = MAX_BODY_BYTES  # of a photo that is refused: read to its end, so that the phone gets the reason
    while left > 0 and (piece := await anext(body, None)) is not None:
        left -= len(piece)
