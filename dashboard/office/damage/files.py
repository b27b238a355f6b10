"""The records of damage as a file to save, for officials.

Owns its columns: those that `gateway.ingest.files.damage_table` reads, so that the file can be read back.
"""

from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.documents import spreadsheet
from dashboard.documents.table import Table
from dashboard.web.downloads import file_answer
from gateway.domain.damage.record import DamageRecord
from gateway.store.reading import Reads

COLUMNS = (
    "day",
    "crop",
    "species",
    "area_m2",
    "amount_yen",
    "amount_kg",
    "lat",
    "lon",
    "municipality",
    "place",
    "note",
    "by",
    "source",
    "id",
)
FIRST, LAST = date(1970, 1, 1), date(2100, 1, 1)


class DamageFiles:
    """The handler of the file."""

    def __init__(self, store: Reads) -> None:
        self._store = store

    def routes(self) -> list[BaseRoute]:
        """The route of the file."""
        return [Route("/officials/damage.csv", self.send_csv)]

    async def send_csv(self, request: Request) -> Response:
        """Every record that counts; ``?from=2026-04-01&to=2027-04-01`` for a period."""
        start, end = _day(request, "from", FIRST), _day(request, "to", LAST)
        records = await self._store.read(lambda reader: reader.damage.between(start, end))
        return file_answer(spreadsheet.csv_bytes(table(records)), "text/csv", "damage.csv")


def table(records: list[DamageRecord]) -> Table:
    """The rows of the file."""
    return Table("damage", COLUMNS, tuple(_row(one) for one in records))


def _row(one: DamageRecord) -> tuple[str | int | float | None, ...]:
    values = (getattr(one, name) for name in COLUMNS)
    return tuple(str(value) if isinstance(value, date) else value for value in values)


def _day(request: Request, name: str, default: date) -> date:
    text = request.query_params.get(name, "")
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise HTTPException(400, f"{name} {text[:20]!r} must be like 2026-04-01") from None
