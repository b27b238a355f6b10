"""Transactions of the hub's pages: each as one organisation, whose rows PostgreSQL itself chooses.

Owns the role, the organisation and the time limit of a transaction. Must not hold a statement about towns.
"""

import contextlib
from collections.abc import AsyncIterator

from gateway.region.hub.database import PAGES, Connection, Pool, acquired

STATEMENT_MS = "8000"
_AS = (
    "SELECT set_config('role', $1, true), set_config('shishigaki.organisation', $2, true), "
    "set_config('statement_timeout', $3, true)"
)


class Readings:
    """Opens transactions."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextlib.asynccontextmanager
    async def as_organisation(self, organisation: str) -> AsyncIterator[Connection]:
        """A transaction that sees what an organisation may see; "": nobody yet.

        Raises DatabaseAwayError.
        """
        async with acquired(self._pool) as connection, connection.transaction():
            await connection.execute(_AS, PAGES, organisation, STATEMENT_MS)
            yield connection
