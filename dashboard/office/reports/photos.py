"""/reports/photos/{sha256}: the photos of reports, for whoever sees a report that names one. Never public.

Owns who sees one. How photos arrive: `dashboard.public.report`; how they are kept: `gateway.ingest.photos`.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.office.reports import seen
from dashboard.office.reports.pages import PAGE
from dashboard.web.forms.kept_photo import picture_answer
from dashboard.web.responses import Reply
from gateway.domain.people.permissions import Access
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos.files import PhotoFiles
from gateway.store import Reader, Store


class ReportPhotos:
    """The handler of a photo."""

    def __init__(self, store: Store, reply: Reply, files: PhotoFiles) -> None:
        self._store, self._reply, self._files = store, reply, files

    def routes(self) -> list[Route]:
        """The route of a photo."""
        return [Route(f"{PAGE}/photos/{{sha256}}", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The kept picture."""
        sha256, access = request.path_params["sha256"], request.state.access
        photo = await self._store.read(lambda reader: _seen(reader, sha256, access))
        if photo is None:
            raise HTTPException(404)
        found = await picture_answer(self._files, photo)
        if found is None:
            raise HTTPException(410, self._reply.text(request)("photo.lost"))
        return found


def _seen(reader: Reader, sha256: str, access: Access) -> Photo | None:
    """The photo if a report names it that this person sees."""
    naming = reader.reports.naming(sha256)
    return reader.photos.find(sha256) if any(seen.may_see(access, one) for one in naming) else None
