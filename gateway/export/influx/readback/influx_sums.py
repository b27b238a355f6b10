"""Sums over a time from InfluxDB: whole months and the days around them, asked at once, added up here.

Owns which roll-up is asked how, and that nobody adds up a past of which only a part has arrived.
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
"""Roll-ups of all species together, or by species."""
InfluxRow = tuple[dict[str, str], list[Any]]
"""(tags, values) of one statement; the first value is the time."""


class ServerSums:
    """Of one site, whose condition is `site`."""

    def __init__(self, server: Server, site: str, zone: ZoneInfo) -> None:
        self._server, self._site, self._zone = server, site, zone

    async def ask(
        self, family: Family, fields: tuple[str, ...], by: By, among: list[Part],
        species: str | None = None,
    ) -> dict[str, list[int]]:  # fmt: skip
        """Sums of `fields` by device or species, over all parts together."""
        await self.check_whole()
        asked = (self._query(family, fields, by, part, species) for part in among)
        answers = await asyncio.gather(*(rows(self._server, query) for query in asked))
        return await asyncio.to_thread(_added, by, answers)

    async def check_whole(self) -> None:
        """Unreadable while a part of the past is missing: it would look like fewer animals."""
        told = await rows(self._server, f"SELECT max(layout) FROM whole WHERE {self._site}")
        if not any(layout >= LAYOUT for _, (_, layout) in told):
            raise HistoryUnreadableError("InfluxDB: the past of this site is not all there yet")

    def _query(
        self, family: Family, fields: tuple[str, ...], by: By, part: Part, species: str | None
    ) -> str:
        """Folding many series into few groups is quick. Into a group for each device it takes twice as
        long as telling all their months one by one.
        """
        unit, low, high = part
        start, end = (beginning_ns(unit, at, self._zone) for at in (low, high))
        source = (
            f"FROM {family}_{ENDINGS[unit]} WHERE {self._site}{of(species)} "
            f"AND time >= {start} AND time < {end}"
        )
        if unit == "month" and by == "device":
            return f"SELECT {by}, {', '.join(fields)} {source}"
        return f"SELECT {', '.join(f'sum({field})' for field in fields)} {source} GROUP BY {by}"


def parts_of(start: datetime, end: datetime, zone: ZoneInfo) -> list[Part]:
    """[start, end) as whole months and the days around, or as the hours it touches. PURE."""
    days = days_of(start, end, zone)
    return parts(*days) if days else [("hour", *hours_of(start, end))]


def of(species: str | None) -> str:
    """A condition; none for None."""
    return "" if species is None else f" AND species = {quote(tag_text(species))}"


async def rows(server: Server, query: str) -> list[InfluxRow]:
    """The rows of one statement; Unreadable if there is no answer."""
    [tables] = await ask(server, query)
    return [(table.tags, values) for table in tables for values in table.values]


async def ask(server: Server, query: str) -> list[list[ResultTable]]:
    """The tables of each statement."""
    try:
        return await server.query(query)
    except QueryError as error:
        raise HistoryUnreadableError(f"InfluxDB: {error}") from None


def _added(by: By, answers: Iterable[Iterable[InfluxRow]]) -> dict[str, list[int]]:
    """Sums by the values of a tag: a group's, or told beside the sums."""
    sums: dict[str, list[int]] = {}
    for answer in answers:
        for tags, (_, *cell) in answer:
            key = untag(tags[by] if tags else cell.pop(0))
            known = sums.setdefault(key, [0] * len(cell))
            for place, value in enumerate(cell):
                known[place] += value or 0
    return sums
