"""Boot numbers of one device that go back and forth: two boards use one identity. PURE.

Owns the test and its limits. A board counts its boots upwards, so newer messages never have a lower
number. A lower number that comes again and again, while the higher one continues, is another board. A
board that lost its number goes back once. Old messages without a time, sent between live ones, alternate
too, but only a few times and not for long; so returns must last or be frequent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.device_state import Placed
from gateway.domain.model import DeviceState, Message, Reading

LEAST_RETURNS = 3  # times that the number went back, if they last
LEAST_DURATION = timedelta(minutes=10)  # from the first time to the last
CERTAIN_RETURNS = 6  # times that need not last
FORGET_AFTER = timedelta(hours=24)  # without another time


class BootReturn(Struct, frozen=True):
    """A boot number went back: the two numbers, and when."""

    low: int
    high: int
    at: datetime


def returns(before: DeviceState | None, events: Iterable[Placed]) -> list[BootReturn]:
    """How often the number goes back in new events of one device, in order of their time."""
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
    """A report under an id that meant something else: two boards with one boot number look so."""
    if reading.boot is None:
        return []
    return [BootReturn(reading.boot, reading.boot, message.received_at)]


def is_sure(times: int, first: datetime, last: datetime, now: datetime) -> bool:
    """Whether so many returns mean two boards."""
    lasting = times >= LEAST_RETURNS and last - first >= LEAST_DURATION
    return (lasting or times >= CERTAIN_RETURNS) and now - last <= FORGET_AFTER
