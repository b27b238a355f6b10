"""The outbox: one row per alert, recipient and channel, delivered at least once.

Owns its statements: add, claim by conditional update, settle. Must not know how to send.
Rows are written in the transaction of the event, so nothing is sent before its event is durable.
"""

from datetime import datetime, timedelta
from typing import Any

import apsw
from msgspec import Struct

from gateway.model import Alert
from gateway.state import ms
from gateway.store.rows import to_alert

CLAIM = timedelta(minutes=2)  # after this an unfinished attempt counts as dead and is made again


class Parcel(Struct, frozen=True):
    """One claimed delivery."""

    no: int
    alert: Alert
    person: str
    channel: str
    attempts: int  # made before this one


class OutboxTable:
    """Verbs on the outbox, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, alert: Alert, person: str, channel: str, due: datetime) -> None:
        """Promise one delivery; a second promise of the same is none."""
        self._execute(
            "INSERT OR IGNORE INTO outbox (alert, person, channel, due_ms) VALUES (?, ?, ?, ?)",
            (alert.id, person, channel, ms(due)),
        )

    def claim(self, now: datetime, limit: int) -> list[Parcel]:
        """Take what is due, the most urgent first; a claim older than CLAIM is taken again."""
        rows: list[Any] = self._execute(
            "UPDATE outbox SET status = 'claimed', claimed_ms = ?1, attempts = attempts + 1 "
            "WHERE no IN (SELECT no FROM outbox WHERE due_ms <= ?1 AND (status = 'waiting' OR "
            "(status = 'claimed' AND claimed_ms <= ?2)) ORDER BY due_ms, no LIMIT ?3) "
            "RETURNING no, alert, person, channel, attempts",
            (ms(now), ms(now - CLAIM), limit),
        ).fetchall()
        return [Parcel(no, self._alert(alert), person, channel, attempts - 1)
                for no, alert, person, channel, attempts in sorted(rows)]  # fmt: skip

    def settle(self, no: int, status: str, answer: str, due: datetime | None = None) -> None:
        """End an attempt: 'sent', 'dead', or 'waiting' to try again at `due`."""
        self._execute(
            "UPDATE outbox SET status = ?, answer = ?, due_ms = coalesce(?, due_ms), "
            "claimed_ms = NULL WHERE no = ?",
            (status, answer, ms(due) if due else None, no),
        )

    def next_due_ms(self) -> int | None:
        """When something is next to be sent, ms since 1970; None when the outbox is empty."""
        row = self._execute(
            "SELECT min(coalesce(claimed_ms + ?, due_ms)) FROM outbox "
            "WHERE status IN ('waiting', 'claimed')",
            (round(CLAIM.total_seconds() * 1000),),
        ).fetchone()
        return row[0] if row else None

    def _alert(self, alert_id: str) -> Alert:
        [(body,)] = self._execute("SELECT body FROM alert WHERE id = ?", (alert_id,))
        return to_alert(body)
