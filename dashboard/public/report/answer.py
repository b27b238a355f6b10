"""/report/r/{token}: what became of a report, for whoever has its link.

Owns the page. The secret in the link is the right; only its hash is stored. The page names no place and no
other reporter, and a link that is none is answered as one that never was.
"""

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.public.report.form import ANSWER, STYLE
from dashboard.web.browser.versions import address_of
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.reports.report import Report, ReportError
from gateway.ingest.reports.reading import token_hash
from gateway.store import Reader, Store


class Followed(Struct, frozen=True):
    """A report, and the one that speaks for it if it was merged."""

    own: Report
    leading: Report
    others: int  # that were merged with it


class ReportAnswer:
    """The handler of the page."""

    def __init__(self, store: Store, reply: Reply, clock: Clock, *, enabled: bool) -> None:
        self._store, self._reply, self._clock, self._enabled = store, reply, clock, enabled

    def routes(self) -> list[Route]:
        """Its route."""
        return [Route(ANSWER + "{token}", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The status and the answer."""
        found = await self._find(request.path_params["token"])
        if found is None:
            raise HTTPException(404)
        answer = self._reply.page(
            request,
            "report/answer.html",
            self._clock(),
            followed=found,
            style=address_of(STYLE),
        )
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    async def _find(self, token: str) -> Followed | None:
        if not self._enabled:
            return None
        try:
            hashed = token_hash(token)
        except ReportError:
            return None
        return await self._store.read(lambda reader: _followed(reader, hashed))


def _followed(reader: Reader, hashed: str) -> Followed | None:
    own = reader.reports.of_token(hashed)
    if own is None:
        return None
    leading = (reader.reports.find(own.head) if own.head else None) or own
    return Followed(own, leading, len(reader.reports.members(leading.id)))
