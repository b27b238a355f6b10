"""What the hub's pages read of PostgreSQL, inside a transaction of `reading`.

Owns the statements about squares, towns and alerts. Must not hide anything itself: which rows there are is
chosen by row-level security, what of a sum is shown by `squares`.
"""

import datetime as dt

from msgspec import Struct

from dashboard.office.region.hub.filters import RegionFilter
from dashboard.office.region.hub.squares import SquareSum
from gateway.region.hub.database import Connection, one_row

MOST_TOWNS, MOST_ALERTS = 300, 200
_LEVEL = (  # each list of towns is asked for once, not for each row
    "CASE WHEN t.no = ANY ((SELECT region.givers(0))::int[]) THEN 'exact' "
    "WHEN t.no = ANY ((SELECT region.givers(1))::int[]) THEN '1km' "
    "WHEN t.no = ANY ((SELECT region.givers(5))::int[]) THEN '5km' ELSE '' END"
)
_TOWNS = (
    f"SELECT o.no, o.id, o.title, t.heard_at, t.clock_off_ms, t.program, {_LEVEL} AS level, "  # noqa: S608 - ours
    "o.id = (SELECT region.me_id()) AS own "
    "FROM region.town t JOIN region.organisation o ON o.no = t.no "
)

# By column: a nation has 18,000 rows, and a row by itself is slower.
_SQUARES = """
SELECT coalesce(array_agg(code), '{}'), coalesce(array_agg(own_alive_ms), '{}'),
    coalesce(array_agg(others_alive_ms), '{}'), coalesce(array_agg(own_n), '{}'),
    coalesce(array_agg(others_n), '{}'), coalesce(array_agg(untold), '{}')
FROM region.map_squares($1, $2, $3, $4)
"""


class TownRow(Struct, frozen=True):
    """A town as the reader may know it; `level`: what it gives to the reader, "": nothing."""

    no: int
    id: str
    title: str
    heard_at: dt.datetime | None
    clock_off_ms: int | None
    program: str
    level: str
    own: bool

    @property
    def label(self) -> str:
        """The name that people read."""
        return self.title or self.id

    def is_silent(self, now: dt.datetime, after_s: int) -> bool:
        """Whether it was not heard for so long."""
        return self.heard_at is None or (now - self.heard_at).total_seconds() > after_s


class TownSum(Struct, frozen=True):
    """Sums of one town over some months."""

    town: int
    fine: bool  # it gives exact places, or is the reader's own
    alive_ms: int
    n: int
    armed_ms: int
    captures: int
    untold: int


class OpenAlert(Struct, frozen=True):
    """An open alert: of a device by name where places are given exactly, else of a square."""

    town: int
    rule: str
    level: str
    status: str
    opened_ms: int
    acknowledged_ms: int | None
    id: str = ""  # "": only its square is known
    about: str = ""
    code: str = ""


class ExactDevice(Struct, frozen=True):
    """One device with its exact place, and what a detector counted in the period."""

    name: str
    role: str
    lat: float
    lon: float
    alive_ms: int
    n: int


async def givers(connection: Connection) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The towns that give exact places to the reader now, and those that give at least squares."""
    row = await one_row(connection, "SELECT region.givers(0), region.givers(5)")
    return tuple(sorted(row[0])), tuple(sorted(row[1]))


async def squares(connection: Connection, wanted: RegionFilter) -> list[SquareSum]:
    """Sums by 5 km squares of every town that gives at least these."""
    columns = await one_row(connection, _SQUARES, *wanted.numbers, wanted.species, wanted.inside)
    return [SquareSum(*row) for row in zip(*columns, strict=True)]


async def town_squares(
    connection: Connection, town: TownRow, wanted: RegionFilter
) -> list[SquareSum]:
    """Sums by 1 km squares of one town, if it gives them."""
    sql = "SELECT * FROM region.town_squares($1, $2, $3, $4)"
    rows = await connection.fetch(sql, town.no, *wanted.span.days, wanted.species)
    if town.level == "exact":
        return [SquareSum(code, own_ms=alive, own_n=n) for code, alive, n in rows]
    return [SquareSum(code, others_ms=alive, others_n=n) for code, alive, n in rows]


async def town_sums(connection: Connection, wanted: RegionFilter) -> list[TownSum]:
    """Sums of every town that gives at least squares."""
    sql = "SELECT * FROM region.town_sums($1, $2, $3)"
    rows = await connection.fetch(sql, *wanted.numbers, wanted.species)
    return [TownSum(*row) for row in rows]


async def towns(connection: Connection, search: str = "", most: int = MOST_TOWNS) -> list[TownRow]:
    """The towns that the reader may know, those that were not heard for longest first."""
    rows = await connection.fetch(
        f"{_TOWNS} WHERE $1 = '' OR strpos(lower(o.id || ' ' || o.title), lower($1)) > 0 "
        "ORDER BY t.heard_at NULLS FIRST, o.id LIMIT $2",
        search,
        most,
    )
    return [TownRow(*row) for row in rows]


async def town(connection: Connection, id_: str) -> TownRow | None:
    """One of them; None: there is none, or the reader may not know it."""
    row = await connection.fetchrow(f"{_TOWNS} WHERE o.id = $1", id_)
    return TownRow(*row) if row else None


async def town_names(connection: Connection) -> dict[int, str]:
    """The names of all of them, by number."""
    rows = await connection.fetch(
        "SELECT o.no, coalesce(nullif(o.title, ''), o.id) FROM region.town t "
        "JOIN region.organisation o ON o.no = t.no"
    )
    return {row[0]: row[1] for row in rows}


async def open_alerts(connection: Connection, most: int = MOST_ALERTS) -> list[OpenAlert]:
    """Open alerts, the newest first, of each kind at most `most`."""
    known = await connection.fetch(
        "SELECT a.town, a.rule, a.level, a.status, a.opened_ms, a.acknowledged_ms, a.id, "
        "coalesce(nullif(d.name, ''), a.subject) FROM region.alert a LEFT JOIN region.device d "
        "ON d.town = a.town AND d.id = coalesce(nullif(a.device, ''), a.subject) "
        "WHERE a.status <> 'resolved' ORDER BY a.opened_ms DESC LIMIT $1",
        most,
    )
    coarse = await connection.fetch(
        "SELECT town, rule, level, status, opened_ms, acknowledged_ms, '', '', code "
        "FROM region.open_alerts() ORDER BY opened_ms DESC LIMIT $1",
        most,
    )
    found = [OpenAlert(*row) for row in known]
    found += [OpenAlert(*row) for row in coarse]
    return sorted(found, key=lambda one: one.opened_ms, reverse=True)


async def exact_devices(
    connection: Connection, town: TownRow, wanted: RegionFilter, by: str, purpose: str
) -> list[ExactDevice]:
    """Exact places of a town's devices, if it gives them. PostgreSQL writes down who has read them.

    What is returned may be shown only after the transaction was committed.
    """
    rows = await connection.fetch(
        "SELECT coalesce(nullif(d.name, ''), d.id), d.role, p.lat, p.lon, coalesce(e.ms, 0)::bigint, "
        "coalesce(s.n, 0)::bigint FROM region.exact_places($1, $2, $3) p "
        "JOIN region.device d ON d.no = p.device LEFT JOIN "
        "(SELECT device, sum(alive_ms) AS ms FROM region.device_day WHERE town = $1 AND day >= $4 "
        "AND day < $5 GROUP BY device) e ON e.device = p.device LEFT JOIN "
        "(SELECT device, sum(independent) AS n FROM region.device_day_seen WHERE town = $1 "
        "AND day >= $4 AND day < $5 AND species = $6 GROUP BY device) s ON s.device = p.device "
        "ORDER BY 1",
        town.no,
        by,
        purpose,
        *wanted.span.days,
        wanted.species,
    )
    return [ExactDevice(*row) for row in rows]
