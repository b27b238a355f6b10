"""History from InfluxDB, in the InfluxQL that 1.x, 2.x and 3 Core have in common.

Owns the queries and the conversion from points to events. Must not use HTTP
(`gateway.export.influx.server`). Values get the types of `schema`, because JSON writes 3.0 as 3.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.epoch import from_ms, hour_start, ms
from gateway.domain.identity import Identity, identity_of
from gateway.domain.model import FACTS, DeviceState, Event, Kind, TimeQuality
from gateway.export.influx.readback import (
    Count,
    Effort,
    HourCount,
    Total,
    hours_of,
    touched_days,
)
from gateway.export.influx.readback.influx_sums import (
    Family,
    InfluxRow,
    ServerSums,
    ask,
    parts_of,
    rows,
    species_condition,
)
from gateway.export.influx.schema import EVENTS, FIELDS, HOUR_NS, NS_A_MS, tag_text, untag
from gateway.export.influx.server import ResultTable, Server, quote
from gateway.store.rollups.months import parts

PAGE = 2_000  # events of one measurement in memory at once
_KIND = {"detection": Kind.DETECTION, "heartbeat": Kind.HEARTBEAT}
_FACTS = frozenset(FACTS) - {"species", "count"}
_state = msgspec.json.Decoder(DeviceState).decode


class InfluxHistory:
    """The history of one site on a server. `zone`: the time zone of its days."""

    def __init__(self, server: Server, site: str, zone: ZoneInfo) -> None:
        self._server, self._zone = server, zone
        self._site = f"site = {quote(tag_text(site))}"
        self._sums = ServerSums(server, self._site, zone)

    async def events(
        self, start: datetime, end: datetime, device: str | None = None
    ) -> AsyncIterator[Event]:
        """Events observed in [start, end), oldest first."""
        streams = [self._stream(name, start, end, device) for name in EVENTS]
        heads = {n: e for n, s in enumerate(streams) if (e := await anext(s, None)) is not None}
        while heads:
            first = min(heads, key=lambda n: heads[n].observed_at)
            yield heads.pop(first)
            if (following := await anext(streams[first], None)) is not None:
                heads[first] = following

    async def latest(self, limit: int) -> list[Event]:
        """The newest events by observed time, newest first.

        First their times and devices are read (one field of every series), then their whole points.
        """
        heads = await asyncio.gather(*(self._newest(name, limit) for name in EVENTS))
        every = sorted((head for found in heads for head in found), reverse=True)[:limit]
        if not every:
            return []
        devices: dict[str, set[str]] = {}
        for _, name, device in every:
            devices.setdefault(name, set()).add(device)
        found: list[tuple[int, Event]] = []
        for name, chosen in devices.items():
            among = " OR ".join(f"device = {quote(device)}" for device in sorted(chosen))
            where = f"{self._site} AND time >= {every[-1][0]} AND ({among})"
            found += await self._page(name, where, f"ORDER BY time DESC LIMIT {limit}")
        found = [one for one in found if one[1].id]
        found.sort(key=lambda one: one[0], reverse=True)
        return [event for _, event in found[:limit]]

    async def _newest(self, name: str, limit: int) -> list[tuple[int, str, str]]:
        """(time, measurement, device tag) of the newest points."""
        rows = await self._rows(
            f"SELECT received_ms, device FROM {name} WHERE {self._site} "
            f"ORDER BY time DESC LIMIT {limit}"
        )
        return [(time, name, device) for _, (time, _, device) in rows]

    async def counts(self, start: datetime, end: datetime) -> list[Count]:
        """Detections by device, species and hour."""
        rows = await self._rows(
            "SELECT records, independent, animals FROM detection_1h "
            f"WHERE {self._hours(start, end)} AND records > 0 GROUP BY device, species"
        )
        return sorted(
            Count(untag(tags["device"]), untag(tags["species"]), hour_start(time // HOUR_NS), *cell)
            for tags, (time, *cell) in rows
        )

    async def totals(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[Total]:
        """Detections of a species, or of all, by device."""
        family: Family = "device" if species is None else "detection"
        among = parts_of(start, end, self._zone)
        sums = await self._sums.ask(family, ("independent", "animals"), "device", among, species)
        return sorted(Total(device, *cell) for device, cell in sums.items() if any(cell))

    async def species(self, start: datetime, end: datetime) -> list[str]:
        """Species detected in the local days that a period touches, most frequent first."""
        days = parts(*touched_days(start, end, self._zone))
        sums = await self._sums.ask("detection", ("independent",), "species", days)
        found = {name: n for name, (n,) in sums.items() if n}
        return sorted(found, key=lambda name: (-found[name], name))

    async def blind(self, start: datetime, end: datetime) -> set[str]:
        """Devices whose detections in these days all have species `unknown`."""
        days = parts(*touched_days(start, end, self._zone))
        sums = await self._sums.ask("device", ("records", "identified"), "device", days)
        return {device for device, (seen, identified) in sums.items() if seen and not identified}

    async def by_hour(
        self, start: datetime, end: datetime, species: str | None = None
    ) -> list[HourCount]:
        """Detections by species and hour, added up here: the server needs 5 times as long."""
        rows = await self._rows(
            "SELECT species, records, independent, animals FROM detection_1h "
            f"WHERE {self._hours(start, end)}{species_condition(species)}"
        )
        sums: dict[tuple[str, int], list[int]] = {}
        for _, (time, name, *cell) in rows:
            known = sums.setdefault((untag(name or ""), time // HOUR_NS), [0, 0, 0])
            for place, value in enumerate(cell):
                known[place] += value
        return sorted(
            HourCount(name, hour_start(hour), *cell)
            for (name, hour), cell in sums.items()
            if cell[0]
        )

    async def effort(self, start: datetime, end: datetime) -> list[Effort]:
        """Effort by device."""
        among = parts_of(start, end, self._zone)
        sums = await self._sums.ask("device", ("alive_ms", "armed_ms"), "device", among)
        return sorted(Effort(device, *cell) for device, cell in sums.items() if cell[0])

    async def span(self) -> tuple[datetime, datetime] | None:
        """Beginnings of the first and last local day with effort or detections."""
        asked = "; ".join(
            f"SELECT {end}({field}) FROM device_1d WHERE {self._site}"
            for field in ("alive_ms", "records")
            for end in ("first", "last")
        )
        await self._sums.check_whole()
        answers = await ask(self._server, asked)
        ends = [
            from_ms(row[0] // NS_A_MS) for tables in answers for t in tables for row in t.values
        ]
        return (min(ends), max(ends)) if ends else None

    async def states(self) -> dict[str, DeviceState]:
        """The present state of each device."""
        rows = await self._rows(
            f"SELECT last(state) FROM device_state WHERE {self._site} GROUP BY device"
        )
        found = (_state(values[1]) for _, values in rows)
        return {state.device: state for state in found}

    async def _stream(
        self, measurement: str, start: datetime, end: datetime, device: str | None
    ) -> AsyncIterator[Event]:
        """The events of one measurement in order of time, page by page."""
        where = f"{self._site} AND time < {ms(end) * NS_A_MS}"
        where += f" AND device = {quote(tag_text(device))}" if device is not None else ""
        since, seen = ms(start) * NS_A_MS, frozenset[Identity]()
        while True:
            tail = f"ORDER BY time LIMIT {PAGE + len(seen)}"
            page = await self._page(measurement, f"{where} AND time >= {since}", tail)
            for time, event in page:
                if event.id and (time > since or identity_of(event) not in seen):
                    yield event
            if len(page) < PAGE + len(seen):
                return
            last = page[-1][0]  # other events may have the same time: read it again
            there = frozenset(identity_of(event) for time, event in page if time == last)
            # Their order may differ from answer to answer.
            since, seen = last, seen | there if last == since else there

    async def _page(self, measurement: str, where: str, tail: str) -> list[tuple[int, Event]]:
        [tables] = await ask(self._server, f"SELECT * FROM {measurement} WHERE {where} {tail}")
        return [(row["time"], to_event(measurement, row)) for row in _dicts(tables)]

    async def _rows(self, query: str) -> list[InfluxRow]:
        return await rows(self._server, query)

    def _hours(self, start: datetime, end: datetime) -> str:
        lo, hi = hours_of(start, end)
        return f"{self._site} AND time >= {lo * HOUR_NS} AND time < {hi * HOUR_NS}"


def to_event(measurement: str, row: dict[str, Any]) -> Event:
    """The event of one point, equal to the stored one; a void point gives the id ""."""
    kinds = FIELDS[measurement]
    facts: dict[str, Any] = {
        name: float(value) if kinds.get(name) == "float" else value
        for name, value in row.items()
        if name in _FACTS and value is not None
    }
    kind = _KIND.get(measurement) or Kind(row["kind"])
    device_ms = row.get("device_ms")
    return Event(
        id=row["eid"],
        device=untag(row["device"]),
        kind=kind,
        observed_at=from_ms(row["time"] // NS_A_MS),
        received_at=from_ms(row.get("received_ms") or 0),
        time_quality=TimeQuality(row.get("quality") or TimeQuality.UNTRUSTED),
        device_time=from_ms(device_ms) if device_ms is not None else None,
        boot=row.get("boot"),
        seq=row.get("seq"),
        species=row.get("species"),
        distinct=bool(row.get("is_distinct")),
        count=None if row.get("n_assumed") else row.get("n"),
        **facts,
    )


def _dicts(tables: Iterable[ResultTable]) -> Iterable[dict[str, Any]]:
    for table in tables:
        for values in table.values:
            yield dict(zip(table.columns, values, strict=True))
