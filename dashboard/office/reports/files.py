"""The residents' reports as a file to save, for officials: exact places, without how to reach a reporter.

Owns its columns, whose names the import of sightings knows, so that another gateway reads it.
"""

from datetime import UTC, date, datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.documents.table import Table
from dashboard.web.downloads import file_answer
from dashboard.web.responses import Reply
from gateway.domain.reports.life import counts
from gateway.domain.reports.report import Report
from gateway.store.reading import Reads

COLUMNS = (
    "date",
    "time",
    "lat",
    "lon",
    "species",
    "kind",
    "place",
    "note",
    "mesh1km",
    "status",
    "published",
    "dismissed",
    "merged_into",
    "handed_to",
    "answer",
    "received_at",
    "way",
    "photos",
    "id",
)
FIRST, LAST = date(1970, 1, 2), date(2100, 1, 1)


class ReportFiles:
    """The handler of the file."""

    def __init__(self, store: Reads, reply: Reply) -> None:
        self._store, self._reply = store, reply

    def routes(self) -> list[BaseRoute]:
        """The route of the file."""
        return [Route("/officials/reports.csv", self.send_csv)]

    async def send_csv(self, request: Request) -> Response:
        """Every report; ``?from=2026-04-01&to=2027-04-01`` for a period, ``?counted=1`` what counts."""
        start, end = self._moment(request, "from", FIRST), self._moment(request, "to", LAST)
        found = await self._store.read(lambda reader: reader.reports.between(start, end))
        counted = request.query_params.get("counted") == "1"
        rows = tuple(self._row(one) for one in found if not counted or counts(one))
        body = spreadsheet.csv_bytes(Table("reports", COLUMNS, rows))
        return file_answer(body, "text/csv", "reports.csv")

    def _row(self, one: Report) -> tuple[str | int | float | None, ...]:
        local = one.at.astimezone(self._reply.zone)
        return (
            str(local.date()),
            f"{local:%H:%M}",
            one.lat,
            one.lon,
            one.species,
            one.kind.value,
            one.place,
            one.note,
            one.square,
            one.status.value,
            int(one.published),
            int(one.dismissed),
            one.head,
            one.handed_to,
            one.answer,
            one.received_at.astimezone(UTC).isoformat(timespec="seconds"),
            one.way.value,
            len(one.photos),
            one.id,
        )

    def _moment(self, request: Request, name: str, default: date) -> datetime:
        text = request.query_params.get(name, "")
        try:
            day = date.fromisoformat(text) if text else default
            local = datetime(day.year, day.month, day.day, tzinfo=self._reply.zone)
            return max(local, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1))
        except ValueError:
            raise HTTPException(400, f"{name} {text[:20]!r} must be like 2026-04-01") from None
