"""Notes which days of a town must be added up again by squares (`squares` does it).

Owns the rows of `square_due`. A day may be there several times: nobody waits to mark it.
"""

from collections.abc import Iterable

from gateway.region.hub.database import Connection

_DAYS = """
INSERT INTO region.square_due (town, day)
SELECT $1, day FROM unnest($2::int[]) AS day
"""
_ALL = """
INSERT INTO region.square_due (town, day)
SELECT town, day FROM region.roll_day WHERE town = $1
"""


async def mark_days(connection: Connection, town: int, days: Iterable[int]) -> None:
    """These local days changed."""
    wanted = sorted(set(days))
    if wanted:
        await connection.execute(_DAYS, town, wanted)


async def mark_all_days(connection: Connection, town: int) -> None:
    """A device changed its square or its role: each day of the town is due."""
    await connection.execute(_ALL, town)
