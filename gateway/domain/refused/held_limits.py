"""How many messages of unapproved devices are held. PURE.

Owns the limits and the decision whether one more message fits. A message that was confirmed to its sender
is never removed to make room for another. Must not know tables.
"""

from collections.abc import Mapping

from msgspec import Struct

from gateway.domain.model import Kind

KIB = 1_024
URGENT = frozenset({Kind.SPRUNG, Kind.TAMPER})  # they have limits of their own


class HeldLimit(Struct, frozen=True):
    """The limits of one class of messages, in KiB of payload; each message counts 1 KiB more."""

    assured_kib: int  # for each device, even when `all_kib` is used up
    most_kib: int  # of one device
    all_kib: int  # of all devices together, beyond what is assured
    shared_kib: int  # of all senders that are not in the list of names


LIMITS: Mapping[bool, HeldLimit] = {
    True: HeldLimit(assured_kib=40, most_kib=200, all_kib=10_000, shared_kib=1_000),  # urgent
    False: HeldLimit(assured_kib=60, most_kib=1_000, all_kib=20_000, shared_kib=5_000),
}


def weight_kib(payload_bytes: int) -> int:
    """How much a message counts against the limits, in KiB."""
    return 1 + payload_bytes // KIB


def has_room(weight: int, own: int, everything: int, *, urgent: bool, shared: bool) -> bool:
    """Whether a message of `weight` fits. `own`: KiB held of its owner; `everything`: of all owners."""
    limit = LIMITS[urgent]
    if shared:
        return own + weight <= limit.shared_kib
    if own + weight <= limit.assured_kib:
        return True
    return own + weight <= limit.most_kib and everything + weight <= limit.all_kib
