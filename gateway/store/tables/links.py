"""What a person may answer by: one-tap links that were used, and the messages that a reply may name.

Owns these statements. Must not decide what a link may still do, nor whether a reply counts.
"""

from datetime import datetime

import apsw
from msgspec import Struct

from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Alert
from gateway.store.rows import IS_OPEN, to_alert


class LinkTable:
    """Statements on links, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def use(self, link: str, now: datetime) -> datetime | None:
        """Store that a link, or one action by it, is used now; returns when it was used before."""
        row = self._execute("SELECT used_ms FROM used_link WHERE id = ?", (link,)).fetchone()
        self._execute("INSERT OR REPLACE INTO used_link VALUES (?, ?)", (link, ms(now)))
        return from_ms(row[0]) if row else None


class SentMessage(Struct, frozen=True):
    """A delivery that was at least tried: its recipient and its alert."""

    no: int
    person: str
    channel: str
    since: datetime
    alert: Alert


class SentMessageTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def find(self, no: int) -> SentMessage | None:
        """The delivery of a number, or None."""
        if no >= 1 << 62:
            return None
        row = self._execute(
            "SELECT o.person, o.channel, o.since_ms, a.body FROM outbox o JOIN alert a ON a.id = o.alert "
            "WHERE o.no = ? AND o.attempts > 0",
            (no,),
        ).fetchone()
        return SentMessage(no, row[0], row[1], from_ms(row[2]), to_alert(row[3])) if row else None

    def open_ones(self, person: str, channel: str, since: datetime) -> list[SentMessage]:
        """The newest delivery of each open alert of which a channel was told since a time."""
        rows = self._execute(
            "SELECT max(o.no), min(o.since_ms), alert.body FROM alert CROSS JOIN outbox o "
            "ON o.alert = alert.id AND o.person = ? AND o.channel = ? AND o.attempts > 0 "
            f"AND o.since_ms >= ? WHERE alert.{IS_OPEN} GROUP BY alert.id ORDER BY 1 DESC LIMIT 20",
            (person, channel, ms(since)),
        )
        return [
            SentMessage(no, person, channel, from_ms(at), to_alert(body)) for no, at, body in rows
        ]
