"""/report/warnings: asking for warnings nearby by mail, confirming, ending.

Owns the handlers. Asking opens nothing: only the button on the page behind the mailed link confirms, as mail
programs open links by themselves. A mail program ends a subscription by one POST (RFC 8058); the link in the
mail opens a page with one button.
"""

from typing import Any

from msgspec.structs import replace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.maps.base_layers import report_tiles
from dashboard.public.report.form import PLACE_SCRIPT, STYLE
from dashboard.public.warnings import asked
from dashboard.web.browser.versions import address_of
from dashboard.web.entry.guesses import network
from dashboard.web.forwarded import source
from dashboard.web.responses import Reply
from gateway.alerts.nearby.mail_texts import END, ONE
from gateway.clock import Clock
from gateway.config import Config
from gateway.domain.reports.warning import Subscription, SubscriptionError
from gateway.domain.species import PERSON, TABLE
from gateway.ingest.reports.admission import Admission, Verdict
from gateway.store import Store, Transaction

PAGE = "/report/warnings"
MAX_FIELDS = 40


class WarningPages:
    """Handlers of the pages."""

    def __init__(self, store: Store, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock
        settings = config.reports
        self._is_open = settings.enabled and bool(settings.mail)
        self._admission = Admission(settings.per_source_h, settings.flood_h, settings.work_bits)

    def routes(self) -> list[Route]:
        """The form, the page behind the link, and ending by mail programs."""
        return [
            Route(PAGE, self.show, methods=["GET"]),
            Route(PAGE, self.ask, methods=["POST"]),
            Route(ONE + "{token}", self.show_one, methods=["GET"]),
            Route(ONE + "{token}", self.confirm, methods=["POST"]),
            Route(END + "{token}", self.show_end, methods=["GET"]),
            Route(END + "{token}", self.end, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form."""
        self._check_open()
        return self._form(request)

    async def ask(self, request: Request) -> Response:
        """Keep what somebody asks for, and mail the link for the confirmation."""
        self._check_open()
        words, now = self._reply.text(request), self._clock()
        async with request.form(max_fields=MAX_FIELDS, max_files=0) as form:
            given = {name: str(value) for name, value in form.items() if name != "species"}
            given["species"] = " ".join(str(one) for one in form.getlist("species"))
        try:
            wanted = asked.read(given, words.language, now)
            if self._admission.ask(network(source(request)), now) is not Verdict.FREE:
                return self._form(request, 429, wrong=words("warnings.too_many"), given=given)
            await self._store.write(lambda tx: asked.ask(tx, wanted, now))
        except SubscriptionError as error:
            return self._form(request, 422, wrong=error.text(words), given=given)
        return self._said(request, "warnings.asked")

    async def show_one(self, request: Request) -> Response:
        """What was asked for, with the button that confirms it."""
        return self._page(request, "report/warning.html", one=await self._one(request), ends=False)

    async def confirm(self, request: Request) -> Response:
        """It begins."""
        one, now = await self._one(request), self._clock()
        confirmed = replace(one, confirmed_at=one.confirmed_at or now)
        await self._store.write(lambda tx: _put_if_known(tx, confirmed))
        return self._said(request, "warnings.confirmed")

    async def show_end(self, request: Request) -> Response:
        """The button that ends it; also where it has ended already."""
        one = await self._find(request)
        if one is None:
            return self._said(request, "warnings.ended")
        return self._page(request, "report/warning.html", one=one, ends=True)

    async def end(self, request: Request) -> Response:
        """It ends at once; a second time nothing changes. Mail programs post here."""
        one = await self._find(request)
        if one is not None:
            await self._store.write(lambda tx: tx.warnings.remove(one.id))
        return self._said(request, "warnings.ended")

    async def _find(self, request: Request) -> Subscription | None:
        self._check_open()
        token = request.path_params["token"]
        return await self._store.read(lambda reader: reader.warnings.of_token(token))

    async def _one(self, request: Request) -> Subscription:
        found = await self._find(request)
        if found is None:
            raise HTTPException(404)
        return found

    def _form(self, request: Request, status: int = 200, **values: Any) -> Response:
        given = {"wrong": "", "given": {}, **values}
        return self._page(
            request,
            "report/warnings.html",
            status,
            animals=[one.code for one in TABLE if one.code != PERSON],
            radii=asked.RADII_M,
            hours=asked.HOURS,
            settings=self._config.reports,
            tiles_url=report_tiles(self._config.dashboard.tiles),
            script=address_of(PLACE_SCRIPT),
            **given,
        )

    def _said(self, request: Request, key: str) -> Response:
        return self._page(request, "report/said.html", said=self._reply.text(request)(key))

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        now, style = self._clock(), address_of(STYLE)
        answer = self._reply.page(request, template, now, status=status, style=style, **values)
        answer.headers["Referrer-Policy"] = "same-origin"  # with less a form would say no origin
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    def _check_open(self) -> None:
        if not self._is_open:
            raise HTTPException(404)


def _put_if_known(tx: Transaction, one: Subscription) -> None:
    """Store it unless it has ended meanwhile."""
    if tx.warnings.of_token(one.token):
        tx.warnings.put(one)
