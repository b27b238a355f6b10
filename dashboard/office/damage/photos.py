"""/damage/photos/{sha256}: the photos of records of damage, for whoever may see such a record.

Owns who sees one: with all records any, with own records those of records that they made themselves. To all
others there is none. How photos arrive: `pages`; how they are kept: `gateway.ingest.photos`.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.office.damage.pages import PAGE, only_own
from dashboard.web.forms.kept_photo import picture_answer
from dashboard.web.responses import Reply
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos.files import PhotoFiles
from gateway.store import Reader, Store


class DamagePhotos:
    """The handler of a photo."""

    def __init__(self, store: Store, reply: Reply, files: PhotoFiles) -> None:
        self._store, self._reply, self._files = store, reply, files

    def routes(self) -> list[Route]:
        """The route of a photo."""
        return [Route(f"{PAGE}/photos/{{sha256}}", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The kept picture."""
        sha256 = request.path_params["sha256"]
        by = request.state.access.name if only_own(request) else None
        photo = await self._store.read(lambda reader: _seen(reader, sha256, by))
        if photo is None:
            raise HTTPException(404)
        found = await picture_answer(self._files, photo)
        if found is None:
            raise HTTPException(410, self._reply.text(request)("photo.lost"))
        return found


def _seen(reader: Reader, sha256: str, by: str | None) -> Photo | None:
    """The photo if a record names it that this person may see; `by` None: any."""
    naming = reader.damage.naming(sha256)
    is_seen = any(by is None or one.by == by for one in naming)
    return reader.photos.find(sha256) if is_seen else None
