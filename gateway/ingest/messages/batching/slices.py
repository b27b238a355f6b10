"""How much of the backlog is judged at once. PURE.

A device's state, sums and rules cost about as much for one message as for five. When many devices send in
turn, a slice with several messages of each saves that cost (`shares` brings them together). Owns the size of
the next slice. Must not read a clock, nor take messages (`intake`).
"""

from msgspec import Struct

PER_DEVICE = 12  # messages of each device that a slice should hold
LONGEST_S = 0.5  # of the processor for a slice: captures and what people do wait so long
MAX_MESSAGES = 20_000  # in memory at once


class Judged(Struct, frozen=True):
    """The last slice: its messages, their devices, and the processor's time to judge them."""

    messages: int
    devices: int
    took_s: float


def next_size(least: int, last: Judged | None) -> int:
    """How many messages to judge next; `least` where the last slice does not show that more is better."""
    if last is None or not last.messages:
        return least
    affordable = LONGEST_S * last.messages / max(last.took_s, 1e-6)
    return max(least, min(PER_DEVICE * last.devices, int(affordable), MAX_MESSAGES))
