"""The page わなは効いたか, and its JSON, CSV and PDF.

Owns the handlers only. The figures: `comparison`; the sentences: `report`.
"""

import asyncio

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.office import choices as choices_module
from dashboard.office.choices import Choices
from dashboard.office.effect import comparison, facts, on_paper, question, report
from dashboard.office.effect.comparison import Comparison
from dashboard.office.effect.facts import Facts
from dashboard.office.effect.question import Question
from dashboard.office.filters import PERIOD_MONTHS
from dashboard.web.downloads import file_answer
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.store import Reader
from gateway.store.reading import Reads


class Asked(Struct, frozen=True):
    """A question with what may be chosen, and its answer."""

    question: Question
    choices: Choices
    found: Comparison
    facts: Facts


class EffectPages:
    """Handlers of the question whether the traps worked."""

    def __init__(self, store: Reads, reply: Reply, clock: Clock, site: str) -> None:
        self._store, self._reply, self._clock, self._site = store, reply, clock, site

    def routes(self) -> list[BaseRoute]:
        """The routes of these pages."""
        return [
            Route("/officials/effect", self.show),
            Route("/officials/effect.json", self.send_json),
            Route("/officials/effect.csv", self.send_csv),
            Route("/officials/effect.pdf", self.send_pdf),
        ]

    async def show(self, request: Request) -> Response:
        """The answer with its figures."""
        words, now = self._reply.text(request), self._clock()
        asked = await self._ask(request)
        return self._reply.page(
            request,
            "officials_effect.html",
            now,
            account=request.state.account,
            asked=asked.question,
            choices=asked.choices,
            months=asked.choices.months,
            lengths=PERIOD_MONTHS,
            nears=question.NEAR_M,
            baselines=question.BASELINES,
            found=asked.found,
            headline=report.headline(asked.found, words),
            wanted=report.wanted(asked.found, asked.question, words),
            groups=report.groups_text(asked.found, asked.question, words),
            tables=report.tables(asked.found, words),
        )

    async def send_json(self, request: Request) -> Response:
        """The same for programs."""
        asked = await self._ask(request)
        body = report.as_json(asked.found, asked.question, self._reply.text(request))
        return Response(body, media_type="application/json")

    async def send_csv(self, request: Request) -> Response:
        """The table of rates and ratios."""
        asked = await self._ask(request)
        table = report.tables(asked.found, self._reply.text(request))[0]
        name = f"shishigaki-effect-{asked.question.month}.csv"
        return file_answer(spreadsheet.csv_bytes(table), "text/csv", name)

    async def send_pdf(self, request: Request) -> Response:
        """The answer on one page of paper, then its tables."""
        words, made = self._reply.text(request), self._clock().astimezone(self._reply.zone)
        asked = await self._ask(request)
        body = await asyncio.to_thread(
            on_paper.pdf, asked.facts, asked.found, words, self._site, made
        )
        return file_answer(body, "application/pdf", f"shishigaki-effect-{asked.question.month}.pdf")

    async def _ask(self, request: Request) -> Asked:
        read = await self._store.read(lambda reader: self._read(reader, request))
        asked, choices, found = read
        return Asked(asked, choices, await asyncio.to_thread(comparison.compare, found), found)

    def _read(self, reader: Reader, request: Request) -> tuple[Question, Choices, Facts]:
        zone, now = self._reply.zone, self._clock()
        choices = choices_module.choices(reader, zone, now)
        species = choices_module.default_species(choices.species)
        try:
            asked = question.read(request.query_params, choices.usual, species)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return asked, choices, facts.read(reader, asked, zone, now)
