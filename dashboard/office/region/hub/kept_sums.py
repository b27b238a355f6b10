"""Sums of squares kept in memory for a minute: a nation's map is asked for again and again.

Owns what they are kept by. The towns that give to the reader now are a part of it and are asked of PostgreSQL
with every map, so that a revoked agreement counts at once; what towns have sent meanwhile is a minute late.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TypeAlias

from dashboard.office.region.hub import queries
from dashboard.office.region.hub.filters import RegionFilter
from dashboard.office.region.hub.squares import SquareSum
from gateway.clock import Clock
from gateway.region.hub.database import Connection

KEPT = timedelta(seconds=60)
MOST = 8  # a nation's squares of a year take some 3 MB
Key: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], RegionFilter]


class KeptSums:
    """The sums that were asked for last, by who may see them and what was asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[datetime, list[SquareSum]]] = OrderedDict()

    async def squares(self, connection: Connection, wanted: RegionFilter) -> list[SquareSum]:
        """Sums by square as the reader of this transaction may see them."""
        fine, given = await queries.givers(connection)
        key, now = (fine, given, wanted), self._clock()
        at, found = self._kept.get(key, (None, []))
        if at is None or not timedelta() <= now - at < KEPT:
            at, found = now, await queries.squares(connection, wanted)
        self._kept[key] = (at, found)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return found
