"""Boot numbers of one device that go back and forth: two boards use the same device id. PURE.

Owns the test and its limits. A board counts its boots upwards, so newer messages never have a lower
number. If lower and higher numbers keep alternating, there are two boards. A board that lost its number goes
back once. Old messages without a time, sent between live ones, alternate too, but only a few times and not
for long; so the returns must last for some time or be frequent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.device_state import Placed
from gateway.domain.model import DeviceState, Message, Reading

LEAST_RETURNS = 3  # if they last at least LEAST_DURATION
LEAST_DURATION = timedelta(minutes=10)  # from the first return to the last
CERTAIN_RETURNS = 6  # enough, however short the time
FORGET_AFTER = timedelta(hours=24)  # without another return


class BootReturn(Struct, frozen=True):
    """A boot number went back: the two numbers, and when."""

    low: int
    high: int
    at: datetime


def returns(before: DeviceState | None, events: Iterable[Placed]) -> list[BootReturn]:
    """Where the number goes back in new events of one device, which are in order of time."""
    found = []
    head = before.head if before else (0, 0, 0)
    for key, event in events:
        if event.boot is None or key <= head:
            continue
        if event.boot < head[1]:
            found.append(BootReturn(event.boot, head[1], event.received_at))
        head = key
    return found


def conflict_as_return(reading: Reading, message: Message) -> list[BootReturn]:
    """A report under an id of another event, counted as a return: two boards with the same boot number."""
    if reading.boot is None:
        return []
    return [BootReturn(reading.boot, reading.boot, message.received_at)]


def is_sure(times: int, first: datetime, last: datetime, now: datetime) -> bool:
    """Whether so many returns mean two boards."""
    lasting = times >= LEAST_RETURNS and last - first >= LEAST_DURATION
    return (lasting or times >= CERTAIN_RETURNS) and now - last <= FORGET_AFTER
