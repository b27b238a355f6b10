"""When each token was last used: noted at each request, written once a minute.

Owns what is not written yet. A request of a program writes nothing; what the disk refuses is written later.
"""

from contextlib import AbstractAsyncContextManager
from datetime import datetime

from gateway.store import Store, Transaction
from gateway.store.connection import DiskError
from gateway.store.late_writes import written_late


class TokenUses:
    """The uses of one dashboard's tokens. Bounded by the number of valid tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, datetime] = {}

    def note(self, id_: str, now: datetime) -> None:
        """The token with this hash is used now."""
        self._seen[id_] = now

    def running(self) -> AbstractAsyncContextManager[None]:
        """While inside, what is not written is written once a minute; at the end once more."""
        return written_late(self.write, "uses of tokens")

    async def write(self) -> None:
        """Write what is not written."""
        if not self._seen:
            return
        seen, self._seen = self._seen, {}

        def change(tx: Transaction) -> None:
            for id_, at in seen.items():
                tx.tokens.see(id_, at)

        try:
            await self._store.write(change)
        except DiskError:
            self._seen = seen | self._seen
