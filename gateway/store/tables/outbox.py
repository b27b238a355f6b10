"""The outbox: one row per alert, recipient, channel and step, delivered at least once.

Owns its statements: add, claim by conditional update, settle. Must not know how to send.
Rows are written in the transaction of the event, so nothing is sent before its event is durable.
A message to one person is one row, or several gathered rows of the same channel (column `letter`). Its rows
are fixed at the first claim, so that a repeated attempt sends the same message.
Urgent rows are sent one by one, unless so many are due that they share messages (`Packing`).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from gateway.domain.alerts.lifecycle import (
    NEWS_STEPS,
    STEPS_PER_ROUND,
    WITHDRAWAL_STEP,
    DeliveryStatus,
    PlannedDelivery,
)
from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Alert, AlertStatus
from gateway.store.rows import to_alert

DeliveryQueue = tuple[str, str]
"""(person, channel): the place in the person's list."""

# Statuses stand in the statements as text, not as parameters: only then SQLite uses the partial indexes.
_WAITING = f"status = '{DeliveryStatus.WAITING}'"
_CLAIMED = f"status = '{DeliveryStatus.CLAIMED}'"
_SENT = f"status = '{DeliveryStatus.SENT}'"
_DEAD = f"status = '{DeliveryStatus.DEAD}'"
_DROPPED = f"status = '{DeliveryStatus.DROPPED}'"
UNSETTLED = f"status IN ('{DeliveryStatus.WAITING}', '{DeliveryStatus.CLAIMED}')"

_DUE = f"due_ms <= ?1 AND ({_WAITING} OR ({_CLAIMED} AND claimed_ms <= ?2))"
_NEW = "letter IS NULL AND attempts = 0"
_MAY_WAIT = (
    f"{_DUE} AND person = ?3 AND channel = ?4 AND gathered AND coalesce(letter, no) NOT IN ("
    "SELECT coalesce(o.letter, o.no) FROM outbox o JOIN alert a ON a.id = o.alert "
    f"WHERE o.person = ?3 AND o.channel = ?4 AND o.{UNSETTLED} "
    "AND a.rule IN (SELECT value FROM json_each(?5)) "
    f"AND o.step % {STEPS_PER_ROUND} NOT IN {NEWS_STEPS})"
)
_KIND = f"iif(step % {STEPS_PER_ROUND} IN {NEWS_STEPS}, step % {STEPS_PER_ROUND}, 0)"  # 0: no news
CLAIM_TIMEOUT = timedelta(
    minutes=2
)  # after this an unfinished attempt counts as dead and is made again
MOST_ROWS_PER_MESSAGE = 200  # rows in one message


class ClaimedDelivery(Struct, frozen=True):
    """One claimed message to one person."""

    no: int  # of its first row
    alerts: tuple[Alert, ...]
    person: str
    channel: str
    attempts: int  # made before this one
    step: int
    since: datetime  # first due

    @property
    def news(self) -> int:
        """The step of news about an alert that people were told of; 0: a message about alerts."""
        step = self.step % STEPS_PER_ROUND
        return step if step in NEWS_STEPS else 0

    @property
    def queue(self) -> DeliveryQueue:
        """The person and channel that it is sent by."""
        return (self.person, self.channel)

    @property
    def alert(self) -> Alert:
        """The first of its alerts."""
        return self.alerts[0]


class Packing(Struct, frozen=True):
    """How due rows become messages."""

    fits: Callable[[Sequence[Alert]], int] = len  # how many, from the first on, one message names
    singly: int = 1_000_000  # so many urgent rows go one by one; more share messages
    urgent: bool = True  # False: urgent rows not tried yet wait


ALONE = Packing()


class OutboxTable:
    """Statements on the outbox, inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def add(self, alert: Alert, delivery: PlannedDelivery) -> None:
        """Plan one delivery; planning the same again changes nothing."""
        due = ms(delivery.due)
        self._execute(
            "INSERT OR IGNORE INTO outbox (alert, person, channel, step, gathered, due_ms, since_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                alert.id,
                delivery.person,
                delivery.channel,
                delivery.step,
                delivery.gathered,
                due,
                due,
            ),
        )

    def queues(self, now: datetime) -> list[DeliveryQueue]:
        """(person, channel) with something due."""
        rows = self._execute(
            f"SELECT DISTINCT person, channel FROM outbox WHERE {_DUE}",
            (ms(now), ms(now - CLAIM_TIMEOUT)),
        )
        return [(person, channel) for person, channel in rows]

    def claim(
        self, queue: DeliveryQueue, now: datetime, limit: int, packing: Packing = ALONE
    ) -> list[ClaimedDelivery]:
        """Claim messages of a queue that are due, urgent ones first; also claims older than CLAIM_TIMEOUT."""
        rows: list[Any] = self._execute(
            f"SELECT no, gathered, {_NEW}, step FROM outbox WHERE {_DUE} AND person = ?3 "
            "AND channel = ?4 AND (letter IS NULL OR letter = no) AND (?6 OR gathered OR attempts > 0) "
            "ORDER BY gathered, due_ms, no LIMIT ?5",
            (ms(now), ms(now - CLAIM_TIMEOUT), *queue, limit, packing.urgent),
        ).fetchall()
        are_many = self.urgent_due(queue, now) > packing.singly
        claimed, shared = [], set[int]()
        for no, gathered, is_new, step in rows:
            if no in shared:
                continue  # part of the message of an earlier row
            if is_new and (gathered or are_many):
                shared |= self._gather(no, queue, now, None if gathered else step, packing.fits)
            claimed.append(self._take(no, queue, now))
        return claimed

    def urgent_due(self, queue: DeliveryQueue, now: datetime) -> int:
        """Urgent rows of a queue that are due and have not been tried yet."""
        [(count,)] = self._execute(
            f"SELECT count(*) FROM outbox WHERE {_DUE} AND person = ?3 AND channel = ?4 "
            f"AND NOT gathered AND {_NEW}",
            (ms(now), ms(now - CLAIM_TIMEOUT), *queue),
        )
        return int(count)

    def lately(self, queue: DeliveryQueue, since: datetime) -> tuple[int, datetime | None]:
        """Urgent messages of a queue sent since a time or under way, and the time of the newest."""
        [(count, newest)] = self._execute(
            "SELECT count(DISTINCT letter), max(at_ms) FROM ("
            f"SELECT coalesce(letter, no) AS letter, settled_ms AS at_ms FROM outbox WHERE {_SENT} "
            "AND person = ?1 AND channel = ?2 AND settled_ms >= ?3 AND NOT gathered UNION ALL "
            f"SELECT coalesce(letter, no), claimed_ms FROM outbox WHERE {_CLAIMED} "
            "AND person = ?1 AND channel = ?2 AND claimed_ms >= ?3 AND NOT gathered)",
            (*queue, ms(since)),
        )
        return int(count), from_ms(newest) if newest is not None else None

    def hold(
        self, queue: DeliveryQueue, now: datetime, until: datetime, never: Sequence[str]
    ) -> None:
        """Delay what is due and may wait to `until`, except messages with one of the rules `never`."""
        self._execute(
            f"UPDATE outbox SET due_ms = ?6 WHERE {_MAY_WAIT}",
            (
                ms(now),
                ms(now - CLAIM_TIMEOUT),
                *queue,
                msgspec.json.encode(never).decode(),
                ms(until),
            ),
        )

    def drop_quiet(self, queue: DeliveryQueue, now: datetime, never: Sequence[str]) -> None:
        """Drop the same deliveries for a person whose quiet hours never end."""
        self._execute(
            f"UPDATE outbox SET {_DROPPED}, answer = 'quiet hours', claimed_ms = NULL "
            f"WHERE {_MAY_WAIT}",
            (ms(now), ms(now - CLAIM_TIMEOUT), *queue, msgspec.json.encode(never).decode()),
        )

    def release(self) -> None:
        """Release the claims of an earlier run of the program."""
        self._execute(f"UPDATE outbox SET {_WAITING}, claimed_ms = NULL WHERE {_CLAIMED}")

    def settle(
        self,
        no: int,
        status: DeliveryStatus,
        answer: str,
        now: datetime,
        due: datetime | None = None,
    ) -> list[Alert]:
        """End an attempt: SENT, DEAD, or WAITING to try again at `due`. Returns its alerts."""
        rows: list[Any] = self._execute(
            "UPDATE outbox SET status = ?, answer = ?, due_ms = coalesce(?, due_ms), settled_ms = ?, "
            f"claimed_ms = NULL WHERE (no = ? OR letter = ?) AND {_CLAIMED} RETURNING alert",
            (status.value, answer, ms(due) if due else None, ms(now), no, no),
        ).fetchall()
        return [self._alert(alert) for (alert,) in rows]

    def drop(self, alert: Alert) -> None:
        """Drop what was not tried yet of a resolved alert, except the first message about a capture."""
        if alert.status is AlertStatus.RESOLVED:
            self._execute(
                f"UPDATE outbox SET {_DROPPED} WHERE alert = ? AND {_WAITING} "
                "AND attempts = 0 AND (gathered = 1 OR step % ? BETWEEN 1 AND ?)",
                (alert.id, STEPS_PER_ROUND, WITHDRAWAL_STEP - 1),
            )

    def told(self, alert: Alert) -> set[tuple[str, str]]:
        """The (person, channel) that may have heard of an alert: it was tried at least once."""
        sql = (
            "SELECT DISTINCT person, channel FROM outbox WHERE alert = ? "
            "AND (status NOT IN ('waiting', 'dropped') OR attempts > 0)"
        )
        return {(person, channel) for person, channel in self._execute(sql, (alert.id,))}

    def sent_since(self, since: datetime) -> dict[tuple[str, str], int]:
        """Messages accepted since a time, by (person, channel), for quotas."""
        rows = self._execute(
            "SELECT person, channel, count(DISTINCT coalesce(letter, no)) FROM outbox "
            f"WHERE {_SENT} AND settled_ms >= ? GROUP BY person, channel",
            (ms(since),),
        )
        return {(person, channel): count for person, channel, count in rows}

    def dead(self, since: datetime) -> int:
        """Deliveries given up since a time."""
        sql = (
            f"SELECT count(*) FROM outbox WHERE {_DEAD} AND settled_ms >= ? "
            "AND alert NOT IN (SELECT id FROM alert WHERE rule = 'gateway_fault')"
        )
        [(count,)] = self._execute(sql, (ms(since),))
        return int(count)

    def _gather(
        self,
        no: int,
        queue: DeliveryQueue,
        now: datetime,
        step: int | None,
        fits: Callable[[Sequence[Alert]], int],
    ) -> set[int]:
        """Fix which rows share the message of row `no`; `step`: urgent ones of this step, else warnings."""
        rows: list[Any] = self._execute(
            f"SELECT no, alert FROM outbox WHERE person = ?2 AND channel = ?3 AND due_ms <= ?4 AND {_NEW} "
            f"AND {_WAITING} AND gathered = (?5 IS NULL) AND (?5 IS NULL OR step = ?5) "
            f"AND (?5 IS NOT NULL OR {_KIND} = (SELECT {_KIND} FROM outbox WHERE no = ?1)) "
            "ORDER BY no <> ?1, no LIMIT ?6",
            (no, *queue, ms(now), step, MOST_ROWS_PER_MESSAGE),
        ).fetchall()
        alerts = [self._alert(alert) for _, alert in rows]
        shared = [number for number, _ in rows[: max(1, fits(alerts))]]
        for number in shared:
            self._execute("UPDATE outbox SET letter = ? WHERE no = ?", (no, number))
        return set(shared)

    def _take(self, no: int, queue: DeliveryQueue, now: datetime) -> ClaimedDelivery:
        rows: list[Any] = self._execute(
            f"UPDATE outbox SET {_CLAIMED}, claimed_ms = ?1, attempts = attempts + 1 "
            f"WHERE (no = ?2 OR letter = ?2) AND {UNSETTLED} "
            "RETURNING no, alert, attempts, step, since_ms",
            (ms(now), no),
        ).fetchall()
        rows.sort()
        first = rows[0]
        alerts = tuple(self._alert(alert) for _, alert, *_ in rows)
        return ClaimedDelivery(no, alerts, *queue, first[2] - 1, first[3], from_ms(first[4]))

    def _alert(self, alert_id: str) -> Alert:
        [(body,)] = self._execute("SELECT body FROM alert WHERE id = ?", (alert_id,))
        return to_alert(body)
