"""/report: the form for residents, and what it sends. It keeps nothing of the browser: no account, no cookie.

Owns the handlers and the answer in words. A report is taken once by its id, however often it is sent. Who
may report: `gateway.ingest.reports.admission`; what is stored: `gateway.ingest.reports.taking`.
"""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.maps.base_layers import report_tiles
from dashboard.public.report.arriving import Arrived, Arriving
from dashboard.public.report.taking import NotAdmittedError, ReportTaker
from dashboard.web.browser.versions import address_of
from dashboard.web.forms.multipart import FormError
from dashboard.web.responses import Reply
from gateway.config import Config
from gateway.domain.reports.report import KINDS, MAX_LINE, MAX_PHOTOS, MAX_TEXT, ReportError
from gateway.domain.species import PERSON, TABLE
from gateway.ingest.photos.keeping import PhotoKeeper
from gateway.ingest.reports.admission import Admission, Verdict
from gateway.ingest.reports.reading import new_id, new_token
from gateway.store import DiskError

PAGE = "/report"
ANSWER = "/report/r/"
PLACE_SCRIPT = "report/place.js"
SCRIPTS = ("report/send.js", PLACE_SCRIPT, "report/page.js")
STYLE = "report/report.css"


class ReportForm:
    """Handlers of the form."""

    def __init__(
        self, taker: ReportTaker, reply: Reply, config: Config, keeper: PhotoKeeper
    ) -> None:
        self._taker, self._reply, self._config = taker, reply, config
        self._settings = config.reports
        room = self._settings.photos_mb * 1_000_000
        self._arriving = Arriving(taker.store, keeper, room)

    def routes(self) -> list[Route]:
        """The form, and sending it."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.send, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form; the same for everybody, so that a browser may keep it for times without signal."""
        self._check_open()
        return self._page(request)

    async def send(self, request: Request) -> Response:
        """Take a report."""
        self._check_open()
        given: dict[str, str] = {}

        async def admit(fields: dict[str, str]) -> bool:
            given.update(fields)
            return await self._taker.admit(request, fields)

        try:
            arrived = await self._arriving.read(request, admit)
            is_new = await self._taker.take(arrived)
        except NotAdmittedError as refused:
            return self._not_admitted(request, refused, given)
        except ReportError as error:
            return self._refused(request, error.text(self._reply.text(request)), 422, given)
        except FormError:
            return self._refused(
                request, self._reply.text(request)("report.unreadable"), 400, given
            )
        except DiskError:
            return self._refused(request, self._reply.text(request)("report.disk"), 503, given)
        return self._taken(request, arrived, is_new)

    def _taken(self, request: Request, arrived: Arrived, is_new: bool) -> Response:
        if not wants_json(request):
            return RedirectResponse(f"{ANSWER}{arrived.fields.get('token', '')}", 303)
        words = self._reply.text(request)
        lost = f" {words('report.photos_lost', n=arrived.refused)}" if arrived.refused else ""
        result = "recorded" if is_new else "repeated"
        return JSONResponse({"result": result, "text": words("report.thanks") + lost})

    def _not_admitted(
        self, request: Request, refused: NotAdmittedError, given: dict[str, str]
    ) -> Response:
        words, admission = self._reply.text(request), self._taker.admission
        wait_s = Admission.wait_s(self._taker.clock())
        if refused.verdict is Verdict.WORK and wants_json(request):
            task = {"task": admission.work.task(self._taker.clock()), "bits": admission.work.bits}
            return JSONResponse({"result": "work", "text": words("report.work"), **task}, 429)
        answer = self._refused(request, words("report.wait", n=-(-wait_s // 60)), 429, given)
        answer.headers["Retry-After"] = str(wait_s)
        return answer

    def _refused(self, request: Request, text: str, status: int, given: dict[str, str]) -> Response:
        if wants_json(request):
            result = "refused" if status in {400, 422} else "wait"
            return JSONResponse({"result": result, "text": text}, status)
        return self._page(request, status, wrong=text, given=given)

    def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        settings = self._settings
        answer = self._reply.page(
            request,
            "report/form.html",
            self._taker.clock(),
            status=status,
            kinds=KINDS,
            animals=[one.code for one in TABLE if one.code != PERSON],
            settings=settings,
            tiles_url=report_tiles(self._config.dashboard.tiles),
            style=address_of(STYLE),
            scripts=[address_of(name) for name in SCRIPTS],
            limits={"text": MAX_TEXT, "line": MAX_LINE, "photos": MAX_PHOTOS},
            new={"id": new_id(), "token": new_token()},
            **{"wrong": "", "given": {}, **values},
        )
        answer.headers["Referrer-Policy"] = "same-origin"
        return answer

    def _check_open(self) -> None:
        if not self._settings.enabled:
            raise HTTPException(404)


def wants_json(request: Request) -> bool:
    """Whether a script asks."""
    return "application/json" in request.headers.get("accept", "")
