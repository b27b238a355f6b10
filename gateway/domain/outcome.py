"""What became of a batch of messages or of a person's action.

Must not decide anything.
"""

from collections import Counter, defaultdict

from msgspec import Struct, field

from gateway.domain.model import (
    Alert,
    Device,
    Event,
    RefusalReason,
)


class Outcome(Struct):
    """What became of a batch."""

    events: list[Event] = field(default_factory=list)
    refined: list[Event] = field(
        default_factory=list
    )  # earlier ones that a later message corrected
    opened: list[Alert] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)
    changed: list[Alert] = field(default_factory=list)  # acknowledged, escalated, seen again
    refused: Counter[RefusalReason] = field(default_factory=Counter)
    duplicates: int = 0
    no_events: Counter[tuple[str, str]] = field(default_factory=Counter)  # (device, reason)
    pending: list[Device] = field(default_factory=list)  # seen for the first time
    repeated: bool = False  # a person's action that was recorded already; nothing changed
    durable: defaultdict[str, list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )  # topic -> ids to confirm
