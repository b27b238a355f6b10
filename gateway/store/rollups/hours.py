"""Roll-ups as InfluxDB and pages read them: hours, local days and months of devices, sums over a time.

Owns these reading statements.
"""

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from gateway.domain.epoch import first_day
from gateway.domain.model import Event
from gateway.store.rollups.sums import Part, over
from gateway.store.rows import EVENT_SELECT, to_event

SightingKey = tuple[str, int, int, int]
"""species, records, independent, animals"""


class Rollup(Struct, frozen=True, gc=False):
    """One device and hour, local day or month."""

    at: int  # since 1970
    device_no: int
    device: str
    alive_ms: int | None  # None: there has never been any effort
    armed_ms: int | None
    sightings: tuple[SightingKey, ...]


class RollupReads:
    """Queries on a reader's thread."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def days(self, wanted: Iterable[tuple[int, int]]) -> list[Rollup]:
        """The roll-ups of these (device no, day)."""
        return self._of_days((no, day, day, day + 1) for no, day in wanted)

    def months(self, wanted: Iterable[tuple[int, int]]) -> list[Rollup]:
        """The roll-ups of these (device no, month), added up from their days: also those not over yet."""
        return self._of_days(
            (no, month, first_day(month), first_day(month + 1)) for no, month in wanted
        )

    def _of_days(self, wanted: Iterable[tuple[int, int, int, int]]) -> list[Rollup]:
        """Of (device no, name, first day, day after the last)."""
        asked = (msgspec.json.encode(list(wanted)).decode(),)
        seen: dict[tuple[int, int], list[SightingKey]] = {}
        for no, at, *cell in self._all(_DAYS_SEEN, asked):
            seen.setdefault((no, at), []).append(tuple(cell))
        return [
            Rollup(at, no, device, alive, armed, tuple(seen.get((no, at), ())))
            for no, at, device, alive, armed in self._all(_DAYS_EFFORT, asked)
        ]

    def counts(self, start: int, end: int) -> list[tuple[str, str, int, int, int, int]]:
        """(device, species, hour, records, independent, animals) of hours [start, end)."""
        return self._all(
            """
            SELECT d.id, s.species, s.hour, s.records, s.independent, s.animals
            FROM sighting_hour s JOIN device d ON d.no = s.device
            WHERE s.hour >= ? AND s.hour < ? AND s.records <> 0""",
            (start, end),
        )

    def totals(self, among: list[Part], species: str | None) -> list[tuple[str, int, int]]:
        """(device, independent, animals) over all parts; `species` None: all together."""
        of = "" if species is None else "AND x.species = ?1"
        seen = over("sighting", ("independent", "animals"), among, "device", of)
        sql = f"""
            SELECT d.id, s.independent, s.animals
            FROM ({seen}) s JOIN device d ON d.no = s.device
            WHERE s.independent <> 0 OR s.animals <> 0"""
        return self._all(sql, () if species is None else (species,))

    def by_hour(
        self, start: int, end: int, species: str | None
    ) -> list[tuple[str, int, int, int, int]]:
        """(species, hour, records, independent, animals), all devices together."""
        return self._all(
            """
            SELECT x.species, x.hour, sum(x.records), sum(x.independent), sum(x.animals)
            FROM device o CROSS JOIN sighting_hour x
            ON x.device = o.no AND x.hour >= ?1 AND x.hour < ?2
            WHERE ?3 IS NULL OR x.species = ?3
            GROUP BY x.species, x.hour HAVING sum(x.records) <> 0""",
            (start, end, species),
        )

    def effort(self, among: list[Part]) -> list[tuple[str, int, int]]:
        """(device, alive ms, armed ms) over all parts, where there was any."""
        effort = over("effort", ("alive_ms", "armed_ms"), among, "device")
        return self._all(
            f"""
            SELECT d.id, e.alive_ms, e.armed_ms
            FROM ({effort}) e JOIN device d ON d.no = e.device
            WHERE e.alive_ms <> 0"""
        )

    def events(
        self, cursor: tuple[int, int], until_ms: int, device: str | None, limit: int
    ) -> list[tuple[int, Event]]:
        """(no, event) observed after `cursor` (ms, no) and before `until_ms`, in order of time."""
        chosen = "" if device is None else "AND d.id = ?5"
        sql = f"""
            SELECT e.no, {EVENT_SELECT}
            WHERE (e.observed_ms, e.no) > (?1, ?2) AND e.observed_ms < ?3 {chosen}
            ORDER BY e.observed_ms, e.no LIMIT ?4"""
        bound = (*cursor, until_ms, limit, *(() if device is None else (device,)))
        return [(row[0], to_event(row[1:])) for row in self._execute(sql, bound)]

    def latest(self, limit: int) -> list[Event]:
        """The newest events by observed time, the newest first."""
        sql = f"SELECT {EVENT_SELECT} ORDER BY e.observed_ms DESC, e.no DESC LIMIT ?"
        return [to_event(row) for row in self._execute(sql, (limit,))]

    def _all(self, sql: str, bound: tuple[int | str | None, ...] = ()) -> list[Any]:
        return self._execute(sql, bound).fetchall()


_WANTED = """
    WITH wanted (device, at, first, after) AS (
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?))"""
_DAYS_EFFORT = f"""{_WANTED}
    SELECT q.device, q.at, d.id, sum(e.alive_ms), sum(e.armed_ms)
    FROM wanted q CROSS JOIN device d ON d.no = q.device
    LEFT JOIN effort_day e ON e.device = q.device AND e.day >= q.first AND e.day < q.after
    GROUP BY q.device, q.at"""
_DAYS_SEEN = f"""{_WANTED}
    SELECT q.device, q.at, s.species, sum(s.records), sum(s.independent), sum(s.animals)
    FROM wanted q CROSS JOIN sighting_day s
    ON s.device = q.device AND s.day >= q.first AND s.day < q.after
    GROUP BY q.device, q.at, s.species"""
