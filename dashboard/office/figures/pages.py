"""The page of captures and effort, and its files.

Owns the handlers only. Definitions of the figures: `figures`; tables and plots: `report`.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.office import choices as choices_module
from dashboard.office import periods
from dashboard.office.figures import on_paper
from dashboard.office.figures import report as reports
from dashboard.office.figures.report import YearReport
from dashboard.office.map import compared
from dashboard.web.downloads import XLSX, file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config
from gateway.store import Reader
from gateway.store.reading import Reads
from gateway.words.catalogue import Translations

Write = Callable[[YearReport, Translations, str, datetime], bytes]


MOST_ROWS = 100  # of a table on the page; the files have all


class FigurePages:
    """Handlers of the office's figures."""

    def __init__(self, store: Reads, reply: Reply, config: Config, clock: Clock) -> None:
        self._store, self._reply, self._config, self._clock = store, reply, config, clock

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/officials/figures", self.show),
            Route("/officials/figures.xlsx", self.send_xlsx),
            Route("/officials/figures.pdf", self.send_pdf),
            Route("/officials/figures/{no:int}.csv", self.send_csv),
        ]

    async def show(self, request: Request) -> Response:
        """The figures of a fiscal year up to ``?month=``."""
        words, now = self._reply.text(request), self._clock()
        choices, report = await self._read(request)
        hours = reports.plot_hours(report, words)
        return self._reply.page(
            request,
            "officials_figures.html",
            now,
            account=request.state.account,
            report=report,
            title=reports.heading(report, words, ""),
            tables=reports.tables(report, words),
            most_rows=MOST_ROWS,
            untold=reports.unrecorded_text(report, words),
            compared=compared.sentence(report.change, words),
            months=choices.months,
            period_text=reports.period_text,
            plot=_svg(reports.plot_months(report, words)),
            hours=_svg(hours) if hours else None,
        )

    async def send_xlsx(self, request: Request) -> Response:
        """All tables as one workbook."""
        body, report = await self._paper(request, on_paper.xlsx)
        return file_answer(body, XLSX, f"shishigaki-{report.month}.xlsx")

    async def send_pdf(self, request: Request) -> Response:
        """The report on paper."""
        body, report = await self._paper(request, on_paper.pdf)
        return file_answer(body, "application/pdf", f"shishigaki-{report.month}.pdf")

    async def send_csv(self, request: Request) -> Response:
        """One table as CSV, by its place on the page."""
        words, (_, report) = self._reply.text(request), await self._read(request)
        tables, no = reports.tables(report, words), request.path_params["no"]
        if no >= len(tables):
            raise HTTPException(404)
        return file_answer(
            spreadsheet.csv_bytes(tables[no]), "text/csv", f"shishigaki-{report.month}-{no}.csv"
        )

    async def _paper(self, request: Request, write: Write) -> tuple[bytes, YearReport]:
        words, (_, report) = self._reply.text(request), await self._read(request)
        made, site = self._clock().astimezone(self._reply.zone), self._config.site.title
        return await asyncio.to_thread(write, report, words, site, made), report

    async def _read(self, request: Request) -> tuple[choices_module.Choices, YearReport]:
        zone, now = self._reply.zone, self._clock()
        given = request.query_params.get("month")
        try:
            asked = periods.parse_month(given) if given else None
        except ValueError as error:
            raise HTTPException(400, str(error)) from None

        def read(reader: Reader) -> tuple[choices_module.Choices, YearReport]:
            choices = choices_module.choices(reader, zone, now)
            return choices, reports.read(reader, asked or choices.usual, zone, now)

        return await self._store.read(read)


def _svg(text: str) -> Markup:
    """Mark our own SVG as safe: `dashboard.documents.plots` escapes all texts."""
    return Markup(text)  # noqa: S704
