"""Sums and actions over a span of days, by device, for maps and figures.

Owns these statements. Their cost grows with the devices and days asked for, not with the length of history:
each goes from the device table by primary key into the roll-ups.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.domain.epoch import HOUR_MS, from_ms, ms
from gateway.domain.model import Kind, TrapAction
from gateway.domain.species import UNTOLD
from gateway.store.rollups.months import parts, until
from gateway.store.rollups.sums import Part, over
from gateway.store.rows import readable, to_act

DAY_H = 24
LOOK_BACK_DAYS = 365  # before a period: long enough to see which devices report species


class Sums(Struct, frozen=True):
    """Effort of one device in milliseconds, and its sightings of the species asked for."""

    device: str
    alive_ms: int
    armed_ms: int
    independent: int
    animals: int


class HoursOfDay(Struct, frozen=True):
    """Hours of the day to count: from `first` on, `count` of them; `offset_h` of the zone from UTC."""

    first: int
    count: int
    offset_h: int


class TrapChange(Struct, frozen=True):
    """A change reported by a trap's sensor: it sprang, or was set again."""

    device: str
    at: datetime
    kind: Kind


class PeriodReads:
    """Queries of a reading connection."""

    def __init__(self, execute: Callable[..., Any]) -> None:
        self._execute = execute

    def parts(self, start_day: int, end_day: int) -> list[Part]:
        """Local days [start, end) as months that are added up, and the days around."""
        return parts(start_day, end_day, until(self._execute))

    def sums(self, start_day: int, end_day: int, species: str | None = None) -> list[Sums]:
        """Sums by device over local days [start_day, end_day), days since 1970; all devices."""
        return self._sums(self.parts(start_day, end_day), species)

    def sums_of_hours(
        self, start_hour: int, end_hour: int, clock: HoursOfDay, species: str | None = None
    ) -> list[Sums]:
        """The same over hours since 1970 [start_hour, end_hour), of these hours of the day only."""
        shift = clock.offset_h - clock.first + 2 * DAY_H
        only = f"AND (x.hour + {shift}) % 24 < {clock.count}"
        return self._sums([("hour", start_hour, end_hour)], species, only)

    def _sums(self, among: list[Part], species: str | None, only: str = "") -> list[Sums]:
        of = only if species is None else f"{only} AND x.species = ?1"
        effort = over("effort", ("alive_ms", "armed_ms"), among, "device", only)
        seen = over("sighting", ("independent", "animals"), among, "device", of)
        sql = f"""
            SELECT d.id, coalesce(e.alive_ms, 0), coalesce(e.armed_ms, 0),
                coalesce(s.independent, 0), coalesce(s.animals, 0)
            FROM device d LEFT JOIN ({effort}) e ON e.device = d.no
            LEFT JOIN ({seen}) s ON s.device = d.no
            ORDER BY d.id"""  # noqa: S608 - names of ours only
        bound = () if species is None else (species,)
        return [Sums(*row) for row in self._execute(sql, bound)]

    def hours_of_day(
        self, start_hour: int, end_hour: int, offset_h: int, species: str | None = None
    ) -> tuple[list[float], list[int]]:
        """Hours of detectors' uptime and independent events by local hour of the day (24 each)."""
        effort = """
            SELECT (x.hour + ?3) % 24, sum(x.alive_ms) FROM device d CROSS JOIN effort_hour x
            ON x.device = d.no AND x.hour >= ?1 AND x.hour < ?2 WHERE d.role = 'detector' GROUP BY 1"""
        seen = """
            SELECT (x.hour + ?3) % 24, sum(x.independent) FROM device d CROSS JOIN sighting_hour x
            ON x.device = d.no AND x.hour >= ?1 AND x.hour < ?2
            WHERE d.role = 'detector' AND (?4 IS NULL OR x.species = ?4) GROUP BY 1"""
        bound = (start_hour, end_hour, offset_h + DAY_H)
        alive = dict(self._execute(effort, bound))
        events = dict(self._execute(seen, (*bound, species)))
        hours = range(DAY_H)
        return [alive.get(h, 0) / HOUR_MS for h in hours], [events.get(h, 0) for h in hours]

    def species(self, start_day: int, end_day: int) -> list[str]:
        """Species sighted in local days [start_day, end_day), the most frequent first."""
        found = over("sighting", ("independent",), self.parts(start_day, end_day), "species")
        sql = f"SELECT species FROM ({found}) WHERE independent <> 0 ORDER BY independent DESC, species"  # noqa: S608
        return [species for (species,) in self._execute(sql)]

    def blind(self, start_day: int, end_day: int) -> set[str]:
        """Devices that cannot identify species: all their sightings are `unknown`."""
        sighted = (
            "SELECT 1 FROM sighting_day x WHERE x.device = d.no AND x.day >= ?1 AND x.day < ?2 "
            "AND x.records <> 0"
        )
        sql = f"""
            SELECT d.id FROM device d WHERE EXISTS ({sighted})
            AND NOT EXISTS ({sighted} AND x.species NOT IN {UNTOLD})"""  # noqa: S608 - ours only
        return {id_ for (id_,) in self._execute(sql, (start_day, end_day))}

    def span_days(self) -> tuple[int, int] | None:
        """First and last local day with effort or sightings, days since 1970; None when empty."""
        row = self._execute("""
            SELECT min(lo), max(hi) FROM (
                SELECT (SELECT min(day) FROM effort_day x WHERE x.device = d.no) lo,
                    (SELECT max(day) FROM effort_day x WHERE x.device = d.no) hi FROM device d
                UNION ALL SELECT (SELECT min(day) FROM sighting_day x WHERE x.device = d.no),
                    (SELECT max(day) FROM sighting_day x WHERE x.device = d.no) FROM device d)
            """).fetchone()
        return (row[0], row[1]) if row[0] is not None else None

    def first_days(self) -> dict[str, int]:
        """The first local day with effort of each device that has any, days since 1970."""
        sql = """
            SELECT id, first FROM (SELECT d.id,
                (SELECT min(day) FROM effort_day x WHERE x.device = d.no) first FROM device d)
            WHERE first IS NOT NULL"""
        return dict(self._execute(sql))

    def acts(self, start: datetime, end: datetime) -> list[TrapAction]:
        """People's actions in [start, end) that count, oldest first: not those corrected since."""
        sql = """
            SELECT a.body FROM device d CROSS JOIN act a
            ON a.device = d.id AND a.at_ms >= ? AND a.at_ms < ? AND a.counts ORDER BY a.at_ms, a.no"""
        return list(readable(lambda row: to_act(row[0]), self._execute(sql, (ms(start), ms(end)))))

    def corrected(self, start: datetime, end: datetime) -> list[TrapAction]:
        """People's actions in [start, end) that correct others, or were corrected, oldest first."""
        sql = """
            SELECT body FROM act WHERE at_ms >= ? AND at_ms < ? AND (replaces IS NOT NULL OR id IN (
                SELECT replaces FROM act WHERE replaces IS NOT NULL)) ORDER BY at_ms, no"""
        return list(readable(lambda row: to_act(row[0]), self._execute(sql, (ms(start), ms(end)))))

    def springs(self, start: datetime, end: datetime) -> list[TrapChange]:
        """When traps sprang and were set again in [start, end), oldest first, as sensors reported."""
        kinds: Sequence[str] = (Kind.SPRUNG.value, Kind.SET.value)
        sql = """
            SELECT d.id, e.observed_ms, e.kind FROM device d CROSS JOIN event e
            ON e.device = d.no AND e.observed_ms >= ? AND e.observed_ms < ?
            WHERE d.role = 'trap' AND e.kind IN (?, ?) ORDER BY e.observed_ms, e.no"""
        rows = self._execute(sql, (ms(start), ms(end), *kinds))
        return [TrapChange(device, from_ms(at), Kind(kind)) for device, at, kind in rows]


MakePeriodReads = Callable[[Callable[..., Any]], PeriodReads]
"""Makes the reads of a reading connection from its `execute`."""
