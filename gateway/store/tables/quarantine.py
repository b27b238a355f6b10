"""The quarantine: refused messages with their reasons, kept so that they can be read again.

Owns its statements. Must not decide what may be read.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

import apsw
from msgspec import Struct

from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Message, RefusalReason

PAYLOAD_KEPT = 16_384  # bytes of a refused payload that are kept
ROWS = 20_000  # the newest; older ones have been counted and shown


class Kept(Struct, frozen=True):
    """A refused message that waits to be read again."""

    no: int
    device: str | None  # whose it is, where it told
    message: Message


class QuarantineTable:
    """Verbs inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute
        self._many = connection.executemany

    def add(self, message: Message, reason: RefusalReason, detail: str, device: str | None) -> None:
        """Keep a refused message with its reason."""
        self._execute(
            "INSERT INTO quarantine (received_ms, topic, payload, qos, retain, reason, detail, device) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (ms(message.received_at), message.topic, message.payload[:PAYLOAD_KEPT], message.qos,
             message.retain, reason.value, detail, device),
        )  # fmt: skip

    def keep_newest(self, reason: RefusalReason, device: str, most: int) -> None:
        """Of one reason and device keep the newest `most`."""
        self._execute(
            "DELETE FROM quarantine WHERE device = ?1 AND reason = ?2 AND no <= (SELECT no FROM quarantine "
            "WHERE device = ?1 AND reason = ?2 ORDER BY no DESC LIMIT 1 OFFSET ?3)",
            (device, reason.value, most),
        )

    def trim(self) -> None:
        """Forget the oldest beyond ROWS."""
        self._execute(
            "DELETE FROM quarantine WHERE no <= (SELECT max(no) FROM quarantine) - ?", (ROWS,)
        )

    def waiting(
        self,
        reasons: Collection[RefusalReason] = tuple(RefusalReason),
        device: str | None = None,
        after: int = 0,
        limit: int = ROWS,
    ) -> list[Kept]:
        """What was not read since, oldest first; without those of which only the beginning is kept."""
        marks = ", ".join("?" * len(reasons))
        sql = (
            "SELECT no, device, topic, payload, received_ms, qos, retain FROM quarantine "  # noqa: S608
            f"WHERE no > ? AND replayed_ms IS NULL AND length(payload) < ? AND reason IN ({marks}) "
            f"{'' if device is None else 'AND device = ?'} ORDER BY no LIMIT ?"
        )
        whose = () if device is None else (device,)
        bound = (after, PAYLOAD_KEPT, *(r.value for r in reasons), *whose, limit)
        rows = self._execute(sql, bound)
        return [Kept(no, owner, Message(topic, payload, from_ms(received), qos, bool(retain)))
                for no, owner, topic, payload, received, qos, retain in rows]  # fmt: skip

    def put_back(self, no: int, reason: RefusalReason, detail: str, device: str | None) -> None:
        """It still cannot be read: for this reason now."""
        self._execute(
            "UPDATE quarantine SET reason = ?, detail = ?, device = coalesce(?, device) WHERE no = ?",
            (reason.value, detail, device, no),
        )

    def set_read(self, numbers: Iterable[int], now: datetime) -> None:
        """These have been read again."""
        self._many(
            "UPDATE quarantine SET replayed_ms = ? WHERE no = ?", [(ms(now), no) for no in numbers]
        )
