"""The partitions of `event`: this month's and the next two's are there before a block is kept.

Owns when to ask for them. Making them is the database's (`make_partitions`).
"""

from gateway.clock import Clock
from gateway.region.hub.database import Pool, acquired

_MAKE = "SELECT region.make_partitions(now())"  # by the clock that writes heard_at


class Partitions:
    """Asks once a day."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock
        self._asked_on: object = None

    async def be_there(self) -> None:
        """Raises DatabaseAwayError."""
        now = self._clock()
        if self._asked_on == now.date():
            return
        async with acquired(self._pool) as connection:
            await connection.execute(_MAKE)
        self._asked_on = now.date()

    def forget(self) -> None:
        """The database lacks one: it is another one than before. Ask again."""
        self._asked_on = None
