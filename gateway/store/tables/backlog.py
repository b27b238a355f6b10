"""The backlog: messages that arrive faster than they can be judged, stored undecoded in order.

Owns its statements. Must not judge, nor choose shares. These messages are durable and acknowledged. The
transaction that writes their events deletes their row, so each message is judged once.
A row's number is its share times ROWS plus its place: rows of one share stand together, in their order.
"""

import zlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import apsw
import msgspec
from msgspec.structs import replace

from gateway.domain.epoch import ms
from gateway.domain.model import Message
from gateway.store.connection import DamagedFileError
from gateway.store.rows import readable

MOST_TAKEN_BYTES = 4_000_000  # of payloads that are in memory at once, or one row's
ROWS = 1 << 40  # numbers of one share
COMPRESSION_LEVEL = 1  # of deflate: a flood of similar messages shrinks to a tenth at little cost

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Message]).decode


class ReceiptClock(StrEnum):
    """Whether the clock was trusted when messages were received."""

    TRUSTED = "trusted"
    UNTRUSTED = "era"  # in the present untrusted period: corrected when the time is known
    LOST = "lost"  # in an earlier one: it can no longer be corrected


class Size(NamedTuple):
    """How many messages wait, and their stored size."""

    messages: int
    stored_bytes: int


class Batch(NamedTuple):
    """Messages that came together."""

    messages: list[Message]
    clock: ReceiptClock
    share: int = 0


class BacklogTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def put(self, messages: Sequence[Message], clock: ReceiptClock, share: int = 0) -> None:
        """Append messages to what waits of a share."""
        body = zlib.compress(_encode(messages), COMPRESSION_LEVEL)
        self._execute(
            "INSERT INTO backlog (no, clock, received_ms, messages, payload_bytes, body) VALUES ("
            "(SELECT coalesce(max(no), ?1) + 1 FROM backlog WHERE no >= ?1 AND no < ?2), "
            "?3, ?4, ?5, ?6, ?7)",
            (
                share * ROWS,
                (share + 1) * ROWS,
                clock.value,
                ms(messages[-1].received_at),
                len(messages),
                sum(len(message.payload) for message in messages),
                body,
            ),
        )

    def take(self, most: int, after: int = -1) -> Batch | None:
        """Remove and return the oldest messages of the next share after `after`; None when nothing waits.

        One row at least, and as many as make `most` messages or MOST_TAKEN_BYTES, all with the same clock.
        A damaged row gives no messages.
        """
        first = self._first(after)
        if first is None:
            return None
        share = first // ROWS
        rows = self._execute(
            "DELETE FROM backlog WHERE no >= ? AND no <= ? RETURNING no, clock, shift_ms, body",
            (first, self._last_of(most, first, (share + 1) * ROWS)),
        ).fetchall()
        found = list(readable(_batch, sorted(rows)))  # RETURNING has no promised order
        messages = [message for batch in found for message in batch.messages]
        return Batch(messages, found[0].clock if found else ReceiptClock.LOST, share)

    def share(self) -> int | None:
        """One of the shares that wait; None when nothing waits."""
        [(no,)] = self._execute("SELECT max(no) FROM backlog")
        return None if no is None else int(no) // ROWS

    def _first(self, after: int) -> int | None:
        """The number of the first row of the next share, in turn."""
        for least in ((after + 1) * ROWS, 0):
            [(no,)] = self._execute("SELECT min(no) FROM backlog WHERE no >= ?", (least,))
            if no is not None:
                return int(no)
        return None

    def _last_of(self, most: int, first: int, end: int) -> int:
        """The number of the last row of `take`; `end`: the first number of the next share."""
        rows: list[tuple[int, str, int, int]] = self._execute(
            "SELECT no, clock, messages, payload_bytes FROM backlog "
            "WHERE no >= ? AND no < ? ORDER BY no LIMIT ?",
            (first, end, most),
        ).fetchall()  # type: ignore[assignment]
        total, size_bytes, last = 0, 0, first
        for no, clock, count, payload_bytes in rows:
            total, size_bytes = total + count, size_bytes + payload_bytes
            is_enough = total > most or size_bytes > MOST_TAKEN_BYTES or clock != rows[0][1]
            if is_enough and no != first:
                break
            last = no
        return last

    def size(self) -> Size:
        """How much waits."""
        return size(self._execute)

    def mark_lost(self) -> None:
        """The untrusted period has ended: the times of its messages stay unknown."""
        self._execute(
            "UPDATE backlog SET clock = ? WHERE clock = ?",
            (ReceiptClock.LOST.value, ReceiptClock.UNTRUSTED.value),
        )

    def redate(self, shift_ms: int) -> None:
        """The time is known: move the times of the present untrusted period."""
        self._execute(
            "UPDATE backlog SET clock = ?2, shift_ms = ?1, received_ms = received_ms + ?1 WHERE clock = ?3",
            (shift_ms, ReceiptClock.TRUSTED.value, ReceiptClock.UNTRUSTED.value),
        )


def size(execute: Callable[[str], Any]) -> Size:
    """How much waits. The cost follows the number of rows, not of messages."""
    [row] = execute(
        "SELECT coalesce(sum(messages), 0), coalesce(sum(length(body)), 0) FROM backlog"
    )
    return Size(*row)


def _batch(row: tuple[Any, ...]) -> Batch:
    _, clock, shift_ms, body = row
    try:
        messages = _decode(zlib.decompress(body))
        return Batch([_moved(message, shift_ms) for message in messages], ReceiptClock(clock))
    except (zlib.error, msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise DamagedFileError(f"messages of the backlog: {error}") from None


def _moved(message: Message, shift_ms: int) -> Message:
    if not shift_ms:
        return message
    return replace(message, received_at=message.received_at + timedelta(milliseconds=shift_ms))
