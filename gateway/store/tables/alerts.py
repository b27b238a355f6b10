"""The alert table: at most one open alert per (rule, subject), held by an index.

Owns its statements. Must not decide when an alert opens.
"""

from datetime import datetime, timedelta
from hashlib import blake2b

import apsw
import msgspec

from gateway.domain.alerts.lifecycle import AlertChange, change_status
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import ms
from gateway.domain.model import URGENT, Alert, AlertStatus
from gateway.store.rows import IS_OPEN, readable, to_alert, to_json

_SPRUNG = f"rule = '{RuleName.TRAP_SPRUNG}'"  # as text: only then SQLite uses the partial index
SAME_CAUSE = timedelta(hours=24)  # the same event judged again moves less than this


class AlertTable:
    """Statements on alerts, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def open(self, alert: Alert, reopen: timedelta) -> tuple[Alert, bool]:
        """Open an alert: (its present value, whether people must be notified).

        One already open about the same thing counts the new cause; one resolved within `reopen` is
        opened again, except captures: each capture is an alert of its own.
        """
        if standing := self.find_open(alert.rule, alert.subject):
            return self.put(_again(standing, alert)), False
        if alert.level not in URGENT and (last := self.last(alert.rule, alert.subject)):
            ended = last.resolved_at
            if ended and alert.opened_at - ended <= reopen:
                news = msgspec.structs.replace(_again(last, alert), note=alert.note)
                again = change_status(news, AlertChange.REOPEN, alert.opened_at)
                if again:
                    return self.put(again), True
        if self._insert(alert):
            return alert, True
        return self._open_again(alert)

    def _open_again(self, alert: Alert) -> tuple[Alert, bool]:
        """An alert whose id is in use: the same cause judged again, unless it happened on another day.

        A device that begins to count again reuses ids of events that the journal has forgotten.
        """
        known = self.find(alert.id)
        if known is None or abs(known.observed_at - alert.observed_at) <= SAME_CAUSE:
            return alert, False
        id_ = blake2b(f"{alert.id} {ms(alert.observed_at)}".encode(), digest_size=8).hexdigest()
        other = msgspec.structs.replace(alert, id=id_)
        return other, self._insert(other)

    def find(self, alert_id: str) -> Alert | None:
        """One alert, or None."""
        row = self._execute("SELECT body FROM alert WHERE id = ?", (alert_id,)).fetchone()
        return to_alert(row[0]) if row else None

    def find_open(self, rule: str, subject: str) -> Alert | None:
        """The open alert of a rule about a subject, or None."""
        row = self._execute(
            f"SELECT body FROM alert WHERE rule = ? AND subject = ? AND {IS_OPEN}",
            (rule, subject),
        ).fetchone()
        return to_alert(row[0]) if row else None

    def all_open(self) -> list[Alert]:
        """Every alert that is not resolved, oldest first."""
        rows = self._execute(f"SELECT body FROM alert WHERE {IS_OPEN} ORDER BY no")
        return [to_alert(body) for (body,) in rows]

    def over_since(self, rule: str, since: datetime) -> list[Alert]:
        """Alerts of a rule that were resolved after `since`, among its newest hundred."""
        rows = self._execute(
            "SELECT body FROM alert WHERE rule = ? AND status = ? ORDER BY no DESC LIMIT 100",
            (rule, AlertStatus.RESOLVED.value),
        )
        found = [to_alert(body) for (body,) in rows]
        return [alert for alert in found if alert.resolved_at and alert.resolved_at >= since]

    def open_about(self, subject: str) -> list[Alert]:
        """Every alert about a subject that is not resolved."""
        rows = self._execute(
            f"SELECT body FROM alert WHERE subject = ? AND {IS_OPEN}",
            (subject,),
        )
        return [to_alert(body) for (body,) in rows]

    def resolve(
        self, rule: str, subject: str, by: str, now: datetime, how: str = "", outcome: str = ""
    ) -> Alert | None:
        """Resolve an alert whose cause is gone; None if none was open. `how`, `outcome`: by which action."""
        alert = self.find_open(rule, subject)
        changed = change_status(alert, AlertChange.RESOLVE, now, by) if alert else None
        return (
            self.put(msgspec.structs.replace(changed, how=how, outcome=outcome))
            if changed
            else None
        )

    def springs(self, since: datetime, device: str | None = None) -> list[Alert]:
        """The alerts about springs that were opened since a time, at one trap or all, oldest first."""
        by = "INDEXED BY alert_spring " if device is None else ""
        where = "" if device is None else "AND subject = ?2 "
        rows = self._execute(
            f"SELECT body FROM alert {by}WHERE {_SPRUNG} AND opened_ms >= ?1 {where}ORDER BY opened_ms, no",
            (ms(since),) if device is None else (ms(since), device),
        )
        return list(readable(to_alert, (body for (body,) in rows)))

    def put(self, alert: Alert) -> Alert:
        """Store a changed alert."""
        self._execute(
            "UPDATE alert SET status = ?, body = ? WHERE id = ?",
            (alert.status.value, to_json(alert), alert.id),
        )
        return alert

    def last(self, rule: str, subject: str) -> Alert | None:
        """The newest alert of a rule about a subject, open or over."""
        row = self._execute(
            "SELECT body FROM alert WHERE rule = ? AND subject = ? ORDER BY opened_ms DESC LIMIT 1",
            (rule, subject),
        ).fetchone()
        return to_alert(row[0]) if row else None

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


def _again(standing: Alert, cause: Alert) -> Alert:
    """An open alert with one more cause."""
    if cause.id == standing.id:
        return standing
    last = max(standing.last_at or standing.observed_at, cause.observed_at)
    return msgspec.structs.replace(standing, last_at=last, causes=standing.causes + 1)
