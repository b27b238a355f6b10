"""The tables subscription, warning and warning_mail: their statements.

Must not decide who is warned.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.alerts.lifecycle import DeliveryStatus
from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Alert
from gateway.domain.reports.warning import Cause, Subscription
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable, to_alert, to_json
from gateway.store.setting_keys import SettingKey

_subscription = msgspec.json.Decoder(Subscription).decode
_cause = msgspec.json.Decoder(Cause).decode
_WAITING, _SENT = f"status = '{DeliveryStatus.WAITING}'", f"status = '{DeliveryStatus.SENT}'"


class DueMail(Struct, frozen=True):
    """A mail that is to be sent; `cause` None: it asks for the confirmation."""

    no: int
    subscription: Subscription
    cause: Cause | None
    made_at: datetime
    attempts: int
    left_out: int  # warnings that were too many since the last one


class WarningReads:
    """Reading verbs of one connection."""

    def __init__(self, connection: Any) -> None:
        self._execute = connection.execute

    def of_token(self, token: str) -> Subscription | None:
        """The subscription of a link, or None."""
        row = self._execute("SELECT body FROM subscription WHERE token = ?", (token,)).fetchone()
        return _to_subscription(row[0]) if row else None

    def of_mail(self, mail: str) -> list[Subscription]:
        """What one address has asked for."""
        rows = self._execute("SELECT body FROM subscription WHERE mail = ?", (mail.lower(),))
        return list(_subscriptions(rows))

    def count(self) -> int:
        """How many subscriptions there are."""
        [(number,)] = self._execute("SELECT count(*) FROM subscription")
        return int(number)

    def confirmed(self, south: float, north: float) -> list[Subscription]:
        """The confirmed ones between two latitudes."""
        sql = "SELECT body FROM subscription WHERE confirmed_ms IS NOT NULL AND lat BETWEEN ? AND ?"
        return list(_subscriptions(self._execute(sql, (south, north))))

    def causes(self, since: datetime) -> list[Cause]:
        """What people were warned of since a time."""
        rows = self._execute("SELECT body FROM warning WHERE at_ms >= ?", (ms(since),))
        return list(readable(_to_cause, (body for (body,) in rows)))

    def sent_to(self, id_: str, since: datetime) -> list[datetime]:
        """When mails to a subscription were planned since a time, but for those that were left out."""
        sql = (
            "SELECT made_ms FROM warning_mail WHERE subscription = ? AND made_ms >= ? "
            "AND warning <> '' AND status <> ?"
        )
        rows = self._execute(sql, (id_, ms(since), DeliveryStatus.DROPPED.value))
        return [from_ms(at) for (at,) in rows]

    def sent_since(self, since: datetime) -> int:
        """How many mails went out since a time."""
        sql = f"SELECT count(*) FROM warning_mail WHERE {_SENT} AND settled_ms >= ?"
        [(number,)] = self._execute(sql, (ms(since),))
        return int(number)

    def has_work(self, now: datetime) -> bool:
        """Whether a mail is due, or an alert was opened since the last look."""
        sql = f"SELECT 1 FROM warning_mail WHERE {_WAITING} AND due_ms <= ? LIMIT 1"
        is_due = self._execute(sql, (ms(now),)).fetchone() is not None
        return is_due or self.seen_alert() != self.newest_alert()

    def newest_alert(self) -> int:
        """The number of the newest alert."""
        [(number,)] = self._execute("SELECT coalesce(max(no), 0) FROM alert")
        return int(number)

    def seen_alert(self) -> int | None:
        """The number of the newest alert at the last look; None: nobody has looked."""
        sql = "SELECT value FROM setting WHERE key = ?"
        row = self._execute(sql, (SettingKey.WARNED_ALERT.value,)).fetchone()
        return int(row[0]) if row else None

    def alerts_after(self, rule: str, number: int) -> list[Alert]:
        """The alerts of a rule that were opened after one with this number."""
        sql = "SELECT body FROM alert WHERE no > ? AND rule = ? ORDER BY no"
        rows = self._execute(sql, (number, rule))
        return list(readable(to_alert, (body for (body,) in rows)))

    def states(self) -> dict[str, int]:
        """How many mails have each status."""
        return dict(self._execute("SELECT status, count(*) FROM warning_mail GROUP BY status"))


class WarningTable(WarningReads):
    """Verbs inside a transaction of the writer."""

    def put(self, one: Subscription) -> None:
        """Store a subscription."""
        confirmed = ms(one.confirmed_at) if one.confirmed_at else None
        self._execute(
            "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                one.id,
                one.token,
                one.mail.lower(),
                one.lat,
                ms(one.asked_at),
                confirmed,
                to_json(one),
            ),
        )

    def remove(self, id_: str) -> None:
        """Delete a subscription and what waits for it."""
        self._execute("DELETE FROM subscription WHERE id = ?", (id_,))
        self._execute("DELETE FROM warning_mail WHERE subscription = ?", (id_,))

    def forget(self, unconfirmed_before: datetime, mails_before: datetime) -> None:
        """Delete what nobody confirmed, and mails of long ago."""
        sql = "SELECT id FROM subscription WHERE confirmed_ms IS NULL AND asked_ms < ? LIMIT 500"
        for (id_,) in list(self._execute(sql, (ms(unconfirmed_before),))):
            self.remove(id_)
        self._execute("DELETE FROM warning_mail WHERE made_ms < ?", (ms(mails_before),))
        self._execute("DELETE FROM warning WHERE at_ms < ?", (ms(mails_before),))

    def add_cause(self, cause: Cause) -> bool:
        """Keep what people are warned of; whether it was new."""
        row = self._execute(
            "INSERT OR IGNORE INTO warning (id, at_ms, body) VALUES (?, ?, ?) RETURNING no",
            (cause.id, ms(cause.at), to_json(cause)),
        )
        return row.fetchone() is not None

    def add_mail(
        self, subscription: str, cause: str, now: datetime, status: DeliveryStatus
    ) -> None:
        """Plan a mail; each cause is told once to each subscription."""
        self._execute(
            "INSERT OR IGNORE INTO warning_mail (subscription, warning, status, made_ms, due_ms) "
            "VALUES (?, ?, ?, ?, ?)",
            (subscription, cause, status.value, ms(now), ms(now)),
        )

    def due(self, now: datetime, most: int) -> list[DueMail]:
        """The mails to be sent now, danger and age first."""
        rows = self._execute(
            "SELECT m.no, s.body, w.body, m.made_ms, m.attempts, m.subscription "
            "FROM warning_mail m JOIN subscription s ON s.id = m.subscription "
            "LEFT JOIN warning w ON w.id = m.warning "
            f"WHERE m.{_WAITING} AND m.due_ms <= ? "
            "ORDER BY coalesce(json_extract(CAST(w.body AS TEXT), '$.danger'), 0) DESC, m.no LIMIT ?",
            (ms(now), most),
        )
        return [
            DueMail(
                no,
                _to_subscription(body),
                _to_cause(cause) if cause is not None else None,
                from_ms(made),
                attempts,
                self._left_out(id_, now),
            )
            for no, body, cause, made, attempts, id_ in list(rows)
        ]

    def settle(
        self, no: int, status: DeliveryStatus, now: datetime, again: timedelta = timedelta()
    ) -> None:
        """What became of an attempt; `again`: the wait before the next one."""
        self._execute(
            "UPDATE warning_mail SET status = ?, attempts = attempts + 1, settled_ms = ?, due_ms = ? "
            "WHERE no = ?",
            (status.value, ms(now), ms(now + again), no),
        )

    def _left_out(self, id_: str, now: datetime) -> int:
        """Warnings of the last day that were left out after the last mail."""
        sql = (
            "SELECT count(*) FROM warning_mail WHERE subscription = ?1 AND status = ?2 AND "
            "made_ms >= ?3 AND no > coalesce((SELECT max(no) FROM warning_mail "
            f"WHERE subscription = ?1 AND {_SENT}), 0)"
        )
        day = ms(now - timedelta(days=1))
        [(number,)] = self._execute(sql, (id_, DeliveryStatus.DROPPED.value, day))
        return int(number)


def _subscriptions(rows: Any) -> Iterator[Subscription]:
    return readable(_to_subscription, (body for (body,) in rows))


def _to_subscription(body: bytes) -> Subscription:
    try:
        return _subscription(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"subscription: {error}") from None


def _to_cause(body: bytes) -> Cause:
    try:
        return _cause(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedFileError(f"warning: {error}") from None
