"""Values that a reader returns and that are not part of the domain: held messages, effort of a device.

Owns these shapes. Must not read the database.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from gateway.domain.epoch import from_ms
from gateway.domain.model import RefusalReason


class QuarantinedMessage(Struct, frozen=True):
    """A message that gave no event, as kept in the quarantine."""

    no: int
    received_at: datetime
    topic: str
    payload: bytes
    reason: RefusalReason
    detail: str
    device: str | None
    replayed_at: datetime | None


class HeldMessages(Struct, frozen=True):
    """The messages of one device that wait in the quarantine."""

    device: str
    count: int
    urgent: int  # of these, how many report a capture or tampering
    newest_at: datetime
    topic: str  # of the newest
    detail: str


class DeviceEffort(Struct, frozen=True):
    """Counts and effort of one device over some days; the denominators of every rate."""

    device: str
    alive_days: float
    armed_days: float
    records: int
    independent: int  # detections more than the independence window apart
    animals: int


def to_quarantined(row: tuple[Any, ...]) -> QuarantinedMessage:
    """A message of a row (no, received_ms, topic, payload, reason, detail, device, replayed_ms)."""
    no, received, topic, payload, reason, detail, device, replayed = row
    return QuarantinedMessage(
        no,
        from_ms(received),
        topic,
        payload,
        RefusalReason(reason),
        detail,
        device,
        from_ms(replayed) if replayed is not None else None,
    )
