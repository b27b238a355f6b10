"""The visit book's page and files.

Owns the addresses under `/visits`. Runs in the calculating process. Must not show a trap whose place the
reader may not know (`book`).
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.documents.paper.pdf import Pdf
from dashboard.trapper.visit_book.book import MOST_TRAPS, Book, read_book
from dashboard.trapper.visit_book.lines import Pen, sheet, summary, trap_table
from dashboard.trapper.visit_book.month import month_of, read_month
from dashboard.web.downloads import file_answer
from dashboard.web.responses import Reply
from gateway.alerts.policy import Policy
from gateway.clock import Clock
from gateway.config import Config
from gateway.store.reading import Reads

ADDRESS = "/visits"
MOST_ON_PAGE = 12  # traps whose days stand on the page; of more each is opened by itself


class VisitBookPages:
    """Handlers of the book."""

    def __init__(self, store: Reads, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._clock = store, reply, clock
        self._plan = Policy(config, people={}).visit_plan
        self._site = config.site.title

    def routes(self) -> list[BaseRoute]:
        """The routes of the book."""
        return [
            Route(ADDRESS, self.show),
            Route(f"{ADDRESS}/book.pdf", self.send_pdf),
            Route(f"{ADDRESS}/book.csv", self.send_csv),
        ]

    async def show(self, request: Request) -> Response:
        """The month: a line for each trap, and the days of few traps or of a chosen one."""
        book, pen = await self._book(request), self._pen(request)
        shown = book.traps if len(book.traps) <= MOST_ON_PAGE else ()
        return self._reply.page(
            request,
            "visits.html",
            self._clock(),
            account=request.state.account,
            book=book,
            summary=summary(pen, book),
            tables=[(one.record.device.id, trap_table(pen, one)) for one in shown],
            ids=[one.record.device.id for one in book.traps],
            area=request.query_params.get("area", ""),
            trap=request.query_params.get("trap", ""),
            most=MOST_TRAPS,
        )

    async def send_pdf(self, request: Request) -> Response:
        """The month for A4 paper."""
        book, pen = await self._book(request), self._pen(request)
        body = await asyncio.to_thread(self._pdf, book, pen)
        return file_answer(body, "application/pdf", f"visits-{book.month}.pdf")

    async def send_csv(self, request: Request) -> Response:
        """One row for each trap and day."""
        book, pen = await self._book(request), self._pen(request)
        body = await asyncio.to_thread(spreadsheet.csv_bytes, sheet(pen, book))
        return file_answer(body, "text/csv", f"visits-{book.month}.csv")

    async def _book(self, request: Request) -> Book:
        now, query, access = self._clock(), request.query_params, request.state.access
        today = now.astimezone(self._plan.zone).date()
        try:
            month = read_month(query.get("month", ""), month_of(today))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        area, trap = query.get("area", "")[:64], query.get("trap", "")[:200]
        return await self._store.read(
            lambda reader: read_book(reader, access, month, self._plan, now, area=area, trap=trap)
        )

    def _pen(self, request: Request) -> Pen:
        return Pen(self._reply.text(request), self._plan.zone)

    def _pdf(self, book: Book, pen: Pen) -> bytes:
        words = pen.words
        title = words("visits.paper_title", month=str(book.month), site=self._site)
        paper = Pdf(title, self._clock().astimezone(self._plan.zone))
        paper.text(title, 14)
        for key in ("visits.note", "visits.claim"):
            paper.text(words(key), 9)
        paper.text(words("visits.made", time=pen.moment(self._clock())), 9)
        paper.table(summary(pen, book), 9, whole=True)
        if book.left_out:
            paper.text(words("visits.left_out", n=book.left_out, most=MOST_TRAPS), 9)
        for one in book.traps:
            paper.table(trap_table(pen, one), whole=True)
        return paper.bytes()
