"""The used_link table: one-tap links that recorded an outcome, and single acts by them.

Owns its statements. Must not decide what a link may still do.
"""

from datetime import datetime

import apsw

from gateway.domain.epoch import from_ms, ms


class LinkTable:
    """Verbs on links, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def use(self, link: str, now: datetime) -> datetime | None:
        """Note that a link, or one act by it, is used now; gives when it was before."""
        row = self._execute("SELECT used_ms FROM used_link WHERE id = ?", (link,)).fetchone()
        self._execute("INSERT OR REPLACE INTO used_link VALUES (?, ?)", (link, ms(now)))
        return from_ms(row[0]) if row else None
