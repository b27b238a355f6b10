"""Sums over a period from InfluxDB: whole months and the days around them, queried together.

Owns which roll-up is queried, and that no sum is made of a history that is not completely sent yet.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from gateway.export.influx.readback import HistoryUnreadableError, days_of, hours_of
from gateway.export.influx.schema import ENDINGS, LAYOUT, beginning_ns, tag_text, untag
from gateway.export.influx.server import QueryError, ResultTable, Server, quote
from gateway.store.rollups.months import parts
from gateway.store.rollups.sums import By, Part

Family = Literal["device", "detection"]
""""device": roll-ups of all species together; "detection": by species."""
InfluxRow = tuple[dict[str, str], list[Any]]
"""(tags, values) of one row; the first value is the time, ns since 1970."""


class ServerSums:
    """Sums of one site; `site` is its condition in InfluxQL."""

    def __init__(self, server: Server, site: str, zone: ZoneInfo) -> None:
        self._server, self._site, self._zone = server, site, zone

    async def ask(
        self,
        family: Family,
        fields: tuple[str, ...],
        by: By,
        among: list[Part],
        species: str | None = None,
    ) -> dict[str, list[int]]:
        """Sums of `fields` by device or species, over all parts. Raises HistoryUnreadableError."""
        await self.check_whole()
        asked = (self._query(family, fields, by, part, species) for part in among)
        answers = await asyncio.gather(*(rows(self._server, query) for query in asked))
        return await asyncio.to_thread(_added, by, answers)

    async def check_whole(self) -> None:
        """Raise HistoryUnreadableError while past data is missing: it would look like fewer animals."""
        marks = await rows(self._server, f"SELECT max(layout) FROM whole WHERE {self._site}")
        if not any(layout >= LAYOUT for _, (_, layout) in marks):
            raise HistoryUnreadableError("InfluxDB: the past of this site is not all there yet")

    def _query(
        self, family: Family, fields: tuple[str, ...], by: By, part: Part, species: str | None
    ) -> str:
        """The query of one part. For months by device each point is returned, because grouping them on
        the server takes twice as long.
        """
        unit, low, high = part
        start, end = (beginning_ns(unit, at, self._zone) for at in (low, high))
        source = (
            f"FROM {family}_{ENDINGS[unit]} WHERE {self._site}{species_condition(species)} "
            f"AND time >= {start} AND time < {end}"
        )
        if unit == "month" and by == "device":
            return f"SELECT {by}, {', '.join(fields)} {source}"
        return f"SELECT {', '.join(f'sum({field})' for field in fields)} {source} GROUP BY {by}"


def parts_of(start: datetime, end: datetime, zone: ZoneInfo) -> list[Part]:
    """[start, end) as whole months and the days around them, or as the hours it touches. PURE."""
    days = days_of(start, end, zone)
    return parts(*days) if days else [("hour", *hours_of(start, end))]


def species_condition(species: str | None) -> str:
    """A further condition on the species; empty for None."""
    return "" if species is None else f" AND species = {quote(tag_text(species))}"


async def rows(server: Server, query: str) -> list[InfluxRow]:
    """The rows of one statement. Raises HistoryUnreadableError if the server does not answer."""
    [tables] = await ask(server, query)
    return [(table.tags, values) for table in tables for values in table.values]


async def ask(server: Server, query: str) -> list[list[ResultTable]]:
    """The tables of each statement. Raises HistoryUnreadableError if the server does not answer."""
    try:
        return await server.query(query)
    except QueryError as error:
        raise HistoryUnreadableError(f"InfluxDB: {error}") from None


def _added(by: By, answers: Iterable[Iterable[InfluxRow]]) -> dict[str, list[int]]:
    """Sums by the values of a tag, which is the group's or the first value of each row."""
    sums: dict[str, list[int]] = {}
    for answer in answers:
        for tags, (_, *cell) in answer:
            key = untag(tags[by] if tags else cell.pop(0))
            known = sums.setdefault(key, [0] * len(cell))
            for place, value in enumerate(cell):
                known[place] += value or 0
    return sums
