"""The alert table: at most one open alert per (rule, subject), held by an index.

Owns its statements. Must not decide whether something is worth an alert.
"""

from collections.abc import Sequence
from datetime import datetime

import apsw
import msgspec

from gateway.model import Alert, AlertStatus
from gateway.state import ms
from gateway.store.rows import to_alert, to_json


class AlertTable:
    """Verbs on alerts, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def open(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Open alerts; gives those that were not open already."""
        return [alert for alert in alerts if self._insert(alert)]

    def find(self, alert_id: str) -> Alert | None:
        """One alert, or None."""
        row = self._execute("SELECT body FROM alert WHERE id = ?", (alert_id,)).fetchone()
        return to_alert(row[0]) if row else None

    def find_open(self, rule: str, subject: str) -> Alert | None:
        """The open alert of a rule about a subject, or None."""
        row = self._execute(
            "SELECT body FROM alert WHERE rule = ? AND subject = ? AND status <> 'resolved'",
            (rule, subject),
        ).fetchone()
        return to_alert(row[0]) if row else None

    def all_open(self) -> list[Alert]:
        """Every alert that is not resolved, oldest first."""
        rows = self._execute("SELECT body FROM alert WHERE status <> 'resolved' ORDER BY no")
        return [to_alert(body) for (body,) in rows]

    def acknowledge(self, alert_id: str, by: str, now: datetime) -> Alert | None:
        """Somebody takes care; None if the alert is unknown or no longer open."""
        alert = self.find(alert_id)
        if alert is None or alert.status is not AlertStatus.OPEN:
            return None
        return self.put(msgspec.structs.replace(
            alert, status=AlertStatus.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by
        ))  # fmt: skip

    def resolve(self, rule: str, subject: str, by: str, now: datetime) -> Alert | None:
        """The cause is gone; None if no such alert was open."""
        alert = self.find_open(rule, subject)
        if alert is None:
            return None
        return self.put(msgspec.structs.replace(
            alert, status=AlertStatus.RESOLVED, resolved_at=now, resolved_by=by
        ))  # fmt: skip

    def put(self, alert: Alert) -> Alert:
        """Keep a changed alert."""
        self._execute(
            "UPDATE alert SET status = ?, body = ? WHERE id = ?",
            (alert.status.value, to_json(alert), alert.id),
        )
        return alert

    def _insert(self, alert: Alert) -> bool:
        row = (
            alert.id,
            alert.rule,
            alert.subject,
            alert.status.value,
            ms(alert.opened_at),
            to_json(alert),
        )
        sql = (
            "INSERT OR IGNORE INTO alert (id, rule, subject, status, opened_ms, body) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING no"
        )
        return self._execute(sql, row).fetchone() is not None
