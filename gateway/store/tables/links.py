"""The table used_link: one-tap links that recorded an outcome, and single actions by them.

Owns its statements. Must not decide what a link may still do.
"""

from datetime import datetime

import apsw

from gateway.domain.epoch import from_ms, ms


class LinkTable:
    """Statements on links, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def use(self, link: str, now: datetime) -> datetime | None:
        """Store that a link, or one action by it, is used now; returns when it was used before."""
        row = self._execute("SELECT used_ms FROM used_link WHERE id = ?", (link,)).fetchone()
        self._execute("INSERT OR REPLACE INTO used_link VALUES (?, ?)", (link, ms(now)))
        return from_ms(row[0]) if row else None
