"""The quarantine: refused messages with their reasons, kept so that they can be read again.

Owns its statements, and that a message confirmed to its sender stays. Must not decide what may be read,
nor how many are held (`held_limits`).
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import apsw
from msgspec import Struct, field

from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Message, RefusalReason
from gateway.domain.refused.held_limits import has_room, weight_kib

PAYLOAD_KEPT_BYTES = 16_384  # bytes of a refused payload that are kept
MOST_ROWS = 60_000  # more than the limits of `held_limits` allow
MOST_READ_KEPT = 1_000  # newest messages that were read again, for the page
SHARED = ""  # owner of messages whose device is not in the list of names


class StoredAs(StrEnum):
    """Whether and how a refused message was stored."""

    KEPT = "kept"  # whole; it stays until somebody decides
    SHOWN = "shown"  # only its beginning, or until others need the space
    DROPPED = "dropped"  # there was no room


class Kept(Struct, frozen=True):
    """A refused message that waits to be read again."""

    no: int
    device: str | None  # None: the message did not say
    message: Message


class HoldRequest(Struct, frozen=True, kw_only=True):
    """Why a message is kept, and how."""

    reason: RefusalReason
    detail: str
    device: str | None
    owner: str = SHARED  # whose limit it counts against
    urgent: bool = False  # reports a capture
    waits: bool = False  # its sender keeps it until it is confirmed


class HeldSizes(Struct):
    """KiB held by (owner, urgent), in memory; shared by all transactions of one writer."""

    own: dict[tuple[str, bool], int] = field(default_factory=dict)
    everything: dict[bool, int] = field(default_factory=dict)  # of all owners but SHARED
    is_read: bool = False

    def forget(self) -> None:
        """Compute the sizes again: the table may have changed."""
        self.own, self.everything, self.is_read = {}, {}, False

    def add(self, owner: str, urgent: bool, kib: int) -> None:
        """Add to the size of an owner; negative: less."""
        self.own[owner, urgent] = self.own.get((owner, urgent), 0) + kib
        if owner != SHARED:
            self.everything[urgent] = self.everything.get(urgent, 0) + kib


class QuarantineTable:
    """Statements inside a transaction of the writer."""

    def __init__(self, connection: apsw.Connection, sizes: HeldSizes | None = None) -> None:
        self._execute = connection.execute
        self._many = connection.executemany
        self._sizes = sizes or HeldSizes()

    def add(self, message: Message, why: HoldRequest) -> tuple[StoredAs, int]:
        """Store a refused message with its reason: (how it was stored, how many were removed for it)."""
        digest = _digest(message) if why.waits or message.retain else None
        whole = len(message.payload) < PAYLOAD_KEPT_BYTES
        if digest is not None and (known := self._same(why, digest)) is not None:
            return (StoredAs.KEPT if known and whole else StoredAs.SHOWN), 0
        weight = weight_kib(min(len(message.payload), PAYLOAD_KEPT_BYTES))
        evicted = 0
        while not self._has_room(weight, why):
            if why.waits or not self._evict(why.owner, urgent=why.urgent):
                return StoredAs.DROPPED, evicted
            evicted += 1
        confirmed = why.waits and whole
        self._execute(
            "INSERT INTO quarantine (received_ms, topic, payload, qos, retain, reason, detail, device, "
            "owner, urgent, confirmed, weight_kib, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ms(message.received_at),
                message.topic,
                message.payload[:PAYLOAD_KEPT_BYTES],
                message.qos,
                message.retain,
                why.reason.value,
                why.detail,
                why.device,
                why.owner,
                why.urgent,
                confirmed,
                weight,
                digest,
            ),
        )
        self._sizes.add(why.owner, why.urgent, weight)
        return (StoredAs.KEPT if confirmed else StoredAs.SHOWN), evicted

    def _same(self, why: HoldRequest, digest: int) -> bool | None:
        """Whether the same message is stored already and stays; None: it is new."""
        row = self._execute(
            "SELECT max(confirmed) FROM quarantine "
            "WHERE owner = ? AND digest = ? AND replayed_ms IS NULL",
            (why.owner, digest),
        ).fetchone()
        return None if row is None or row[0] is None else bool(row[0])

    def _has_room(self, weight: int, why: HoldRequest) -> bool:
        sizes = self._sizes
        if not sizes.is_read:
            sizes.is_read = True
            rows = self._execute(
                "SELECT owner, urgent, sum(weight_kib) FROM quarantine "
                "WHERE replayed_ms IS NULL GROUP BY owner, urgent"
            )
            for owner, urgent, kib in rows:
                sizes.add(owner, bool(urgent), kib)
        return has_room(
            weight,
            sizes.own.get((why.owner, why.urgent), 0),
            sizes.everything.get(why.urgent, 0),
            urgent=why.urgent,
            shared=why.owner == SHARED,
        )

    def keep_newest(self, reason: RefusalReason, device: str, most: int) -> None:
        """Delete all but the newest `most` of one reason and device."""
        gone: list[tuple[Any, ...]] = self._execute(
            "DELETE FROM quarantine WHERE device = ?1 AND reason = ?2 AND no <= (SELECT no FROM quarantine "
            "WHERE device = ?1 AND reason = ?2 ORDER BY no DESC LIMIT 1 OFFSET ?3) "
            "RETURNING owner, urgent, iif(replayed_ms IS NULL, weight_kib, 0)",
            (device, reason.value, most),
        ).fetchall()
        for owner, urgent, kib in gone:
            self._sizes.add(owner, bool(urgent), -kib)

    def _evict(self, owner: str, *, urgent: bool) -> bool:
        """Delete the oldest unconfirmed message of the same owner and class; False: there is none.

        The first report of a capture stays.
        """
        row = self._execute(
            "DELETE FROM quarantine WHERE no = (SELECT no FROM quarantine WHERE owner = ? AND urgent = ? "
            "AND confirmed = 0 AND replayed_ms IS NULL ORDER BY no LIMIT 1 OFFSET ?) RETURNING weight_kib",
            (owner, urgent, int(urgent)),
        ).fetchone()
        if row is None:
            return False
        self._sizes.add(owner, urgent, -row[0])
        return True

    def _trim(self) -> None:
        """Delete all but the newest messages that were read again."""
        self._execute(
            "DELETE FROM quarantine WHERE replayed_ms IS NOT NULL AND no <= "
            "(SELECT no FROM quarantine WHERE replayed_ms IS NOT NULL ORDER BY no DESC LIMIT 1 OFFSET ?)",
            (MOST_READ_KEPT,),
        )

    def forget(self, device: str) -> bool:
        """Delete what is held of a device; False: it reports a capture and stays."""
        urgent = self._execute(
            "SELECT 1 FROM quarantine WHERE owner = ? AND urgent = 1 LIMIT 1", (device,)
        ).fetchone()
        if urgent:
            return False
        self._execute("DELETE FROM quarantine WHERE owner = ?", (device,))
        self._sizes.forget()
        return True

    def waiting(
        self,
        reasons: Collection[RefusalReason] = tuple(RefusalReason),
        device: str | None = None,
        after: int = 0,
        limit: int = MOST_ROWS,
    ) -> list[Kept]:
        """Messages not read again yet, oldest first; without those of which only the beginning is stored."""
        marks = ", ".join("?" * len(reasons))
        sql = (
            "SELECT no, device, topic, payload, received_ms, qos, retain FROM quarantine "
            f"WHERE no > ? AND replayed_ms IS NULL AND length(payload) < ? AND reason IN ({marks}) "
            f"{'' if device is None else 'AND device = ?'} ORDER BY no LIMIT ?"
        )
        whose = () if device is None else (device,)
        bound = (after, PAYLOAD_KEPT_BYTES, *(r.value for r in reasons), *whose, limit)
        rows = self._execute(sql, bound)
        return [
            Kept(no, owner, Message(topic, payload, from_ms(received), qos, bool(retain)))
            for no, owner, topic, payload, received, qos, retain in rows
        ]

    def put_back(self, no: int, reason: RefusalReason, detail: str, device: str | None) -> None:
        """Update the reason of a message that still cannot be read."""
        self._execute(
            "UPDATE quarantine SET reason = ?, detail = ?, device = coalesce(?, device) WHERE no = ?",
            (reason.value, detail, device, no),
        )

    def set_read(self, numbers: Iterable[int], now: datetime) -> None:
        """Mark messages as read again."""
        self._many(
            "UPDATE quarantine SET replayed_ms = ? WHERE no = ?", [(ms(now), no) for no in numbers]
        )
        self._sizes.forget()
        self._trim()


def _digest(message: Message) -> int:
    """The same for the same topic and payload."""
    text = message.topic.encode() + b"\0" + message.payload
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)
