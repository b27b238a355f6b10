"""Sums and actions over a span of days, by device, for maps and figures.

Owns these statements. Their cost grows with the devices and days asked for, not with the length of history:
each goes from the device table by primary key into the roll-ups.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.domain.epoch import DAY_MS, HOUR_MS, from_ms, ms
from gateway.domain.model import Kind, TrapAction
from gateway.domain.species import UNTOLD
from gateway.domain.zones import LocalHours
from gateway.store.rollups.months import parts, until
from gateway.store.rollups.sums import Part, over
from gateway.store.rows import IS_TRAP_REPORT, readable, to_act

DAY_H = 24
LOOK_BACK_DAYS = 365  # before a period: long enough to see which devices report species


class Sums(Struct, frozen=True, gc=False):
    """Effort of one device in milliseconds, and its sightings of the species asked for."""

    device: str
    alive_ms: int
    armed_ms: int
    independent: int
    animals: int


class EffortSum(Struct, frozen=True, gc=False):
    """Effort of one device in milliseconds."""

    device: str
    alive_ms: int
    armed_ms: int


class WeekSum(Struct, frozen=True, gc=False):
    """The independent events of one device in one week."""

    device: str
    week: int  # from 0, of the period
    independent: int


class HoursOfDay(Struct, frozen=True):
    """Hours of the local day to count: from `first` on, `count` of them."""

    first: int
    count: int


class TrapChange(Struct, frozen=True, gc=False):
    """A change reported by a trap's sensor: it sprang, or was set again."""

    device: str
    at: datetime
    kind: Kind


def _of_day(hours: LocalHours) -> str:
    """SQL: the hour of the local day of `x.hour`."""
    (_, first), *later = hours.offsets
    whens = " ".join(f"WHEN x.hour >= {hour} THEN {ahead}" for hour, ahead in reversed(later))
    ahead = f"CASE {whens} ELSE {first} END" if later else str(first)
    return f"((x.hour + {ahead} + {DAY_H}) % {DAY_H})"


def _whole_days(hours: LocalHours) -> tuple[int, int] | None:
    """The local days [first, last) of hours in which the clock was never changed; else None."""
    if len(hours.offsets) > 1:
        return None
    ahead = hours.offsets[0][1]
    (first, before), (last, after) = (divmod(at + ahead, DAY_H) for at in (hours.start, hours.end))
    return None if before or after else (first, last)


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

    def effort(self, start_day: int, end_day: int) -> list[EffortSum]:
        """Effort by device over local days [start_day, end_day), days since 1970; all devices."""
        effort = over("effort", ("alive_ms", "armed_ms"), self.parts(start_day, end_day), "device")
        sql = f"""
            SELECT d.id, coalesce(e.alive_ms, 0), coalesce(e.armed_ms, 0)
            FROM device d LEFT JOIN ({effort}) e ON e.device = d.no ORDER BY d.id"""
        return [EffortSum(*row) for row in self._execute(sql)]

    def sums_of_hours(
        self, hours: LocalHours, clock: HoursOfDay, species: str | None = None
    ) -> list[Sums]:
        """The same over hours, of these hours of the local day only."""
        only = f"AND ({_of_day(hours)} + {DAY_H - clock.first}) % {DAY_H} < {clock.count}"
        return self._sums([("hour", hours.start, hours.end)], species, only)

    def _sums(self, among: list[Part], species: str | None, only: str = "") -> list[Sums]:
        of = only if species is None else f"{only} AND x.species = ?1"
        effort = over("effort", ("alive_ms", "armed_ms"), among, "device", only)
        seen = over("sighting", ("independent", "animals"), among, "device", of)
        sql = f"""
            SELECT d.id, coalesce(e.alive_ms, 0), coalesce(e.armed_ms, 0),
                coalesce(s.independent, 0), coalesce(s.animals, 0)
            FROM device d LEFT JOIN ({effort}) e ON e.device = d.no
            LEFT JOIN ({seen}) s ON s.device = d.no
            ORDER BY d.id"""
        bound = () if species is None else (species,)
        return [Sums(*row) for row in self._execute(sql, bound)]

    def hours_of_day(
        self, hours: LocalHours, species: str | None = None
    ) -> tuple[list[float], list[int]]:
        """Hours of detectors' uptime and independent events by local hour of the day (24 each)."""
        seen = f"""
            SELECT {_of_day(hours)}, sum(x.independent) FROM device d CROSS JOIN sighting_hour x
            ON x.device = d.no AND x.hour >= ?1 AND x.hour < ?2
            WHERE d.role = 'detector' AND (?3 IS NULL OR x.species = ?3) GROUP BY 1"""
        alive = self._alive_by_hour(hours)
        events = dict(self._execute(seen, (hours.start, hours.end, species)))
        day = range(DAY_H)
        return [alive.get(h, 0) / HOUR_MS for h in day], [events.get(h, 0) for h in day]

    def _alive_by_hour(self, hours: LocalHours) -> dict[int, int]:
        """Detectors' uptime by local hour of the day, in milliseconds.

        A day of 24 hours that was alive throughout has an hour in each: only the others are read by hour.
        """
        days = _whole_days(hours)
        if days is None:
            effort = f"""
                SELECT {_of_day(hours)}, sum(x.alive_ms) FROM device d CROSS JOIN effort_hour x
                ON x.device = d.no AND x.hour >= ? AND x.hour < ?
                WHERE d.role = 'detector' GROUP BY 1"""
            return dict(self._execute(effort, (hours.start, hours.end)))
        full = """
            SELECT count(*) FROM device d CROSS JOIN effort_day y
            ON y.device = d.no AND y.day >= ? AND y.day < ?
            WHERE d.role = 'detector' AND y.alive_ms >= ?"""
        first = f"y.day * {DAY_H} - {hours.offsets[0][1]}"
        rest = f"""
            SELECT {_of_day(hours)}, sum(x.alive_ms) FROM device d CROSS JOIN effort_day y
            ON y.device = d.no AND y.day >= ? AND y.day < ? CROSS JOIN effort_hour x
            ON x.device = d.no AND x.hour >= {first} AND x.hour < {first} + {DAY_H}
            WHERE d.role = 'detector' AND y.alive_ms < ? GROUP BY 1"""
        [(count,)] = self._execute(full, (*days, DAY_MS))
        found = dict(self._execute(rest, (*days, DAY_MS)))
        return {hour: found.get(hour, 0) + count * HOUR_MS for hour in range(DAY_H)}

    def weekly(self, start_day: int, end_day: int, species: str | None = None) -> list[WeekSum]:
        """Independent events by device and week, weeks counted from `start_day`; without empty weeks."""
        sql = """
            SELECT d.id, (x.day - ?1) / 7, sum(x.independent) FROM device d CROSS JOIN sighting_day x
            ON x.device = d.no AND x.day >= ?1 AND x.day < ?2 WHERE ?3 IS NULL OR x.species = ?3
            GROUP BY 1, 2"""
        return [WeekSum(*row) for row in self._execute(sql, (start_day, end_day, species))]

    def species(self, start_day: int, end_day: int) -> list[str]:
        """Species sighted in local days [start_day, end_day), the most frequent first."""
        found = over("sighting", ("independent",), self.parts(start_day, end_day), "species")
        sql = f"SELECT species FROM ({found}) WHERE independent <> 0 ORDER BY independent DESC, species"
        return [species for (species,) in self._execute(sql)]

    def blind(self, start_day: int, end_day: int) -> set[str]:
        """Devices that cannot identify species: all their sightings are `unknown`."""
        sighted = (
            "SELECT 1 FROM sighting_day x WHERE x.device = d.no AND x.day >= ?1 AND x.day < ?2 "
            "AND x.records <> 0"
        )
        sql = f"""
            SELECT d.id FROM device d WHERE EXISTS ({sighted})
            AND NOT EXISTS ({sighted} AND x.species NOT IN {UNTOLD})"""
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
        sql = f"""
            SELECT d.id, e.observed_ms, e.kind FROM device d CROSS JOIN event e INDEXED BY event_trap
            ON e.device = d.no AND e.observed_ms >= ? AND e.observed_ms < ?
            WHERE d.role = 'trap' AND e.{IS_TRAP_REPORT} ORDER BY e.observed_ms, e.no"""
        rows = self._execute(sql, (ms(start), ms(end)))
        return [TrapChange(device, from_ms(at), Kind(kind)) for device, at, kind in rows]


MakePeriodReads = Callable[[Callable[..., Any]], PeriodReads]
"""Makes the reads of a reading connection from its `execute`."""
