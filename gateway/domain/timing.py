"""The judged time of a reading and its quality; whether the gateway's own clock can be trusted. PURE.

Owns the choice between device time and time of receipt, and the verdict on the gateway's clock.
Must not read a clock.
Device time, received time and judged time are three fields of an event.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum
from operator import attrgetter

import msgspec

from gateway.domain.model import Event, Reading, Reported, TimeQuality, TimeSource

EARLIEST = datetime(
    2020, 1, 1, tzinfo=UTC
)  # no device existed before: an earlier time is an unset clock
MOST_AHEAD = timedelta(minutes=5)  # how far a device's clock may be ahead of the gateway's
OLDEST = timedelta(days=400)  # an older message has a wrong clock and is not late

FIRST_RELEASE = datetime(2026, 1, 1, tzinfo=UTC)  # no gateway ran before
CLOCK_TOLERANCE = timedelta(seconds=2)  # difference between two readings of one clock
MOST_SLOWED = timedelta(days=1)  # a larger step back is not made up for by a slower clock


class Trust(Enum):
    """What to do with the gateway's own clock."""

    FULL = "full"  # use it
    SLOW = "slow"  # our time was ahead: run slower until the clock has caught up
    NONE = "none"  # it may be wrong: continue from the newest known time


_reported = attrgetter(*Reported.__struct_fields__)
_QUALITY = {
    TimeSource.GPS: TimeQuality.SYNCED,
    TimeSource.NTP: TimeQuality.SYNCED,
    TimeSource.NETWORK: TimeQuality.SYNCED,
    TimeSource.RTC: TimeQuality.RTC,
}


def judge(reading: Reading, received_at: datetime, *, clock_trusted: bool = True) -> Event:
    """The event of `reading` at its judged time: the device's time if possible, else the time of receipt.

    `received_at`: UTC; `clock_trusted`: whether the gateway's clock was trusted then.
    """
    observed_at, quality = _observed(reading, received_at, clock_trusted)
    return Event(
        *_reported(reading),
        observed_at=observed_at,
        received_at=received_at,
        time_quality=quality,
    )


def _observed(
    reading: Reading, received_at: datetime, clock_trusted: bool
) -> tuple[datetime, TimeQuality]:
    time, quality = reading.device_time, _QUALITY.get(reading.time_source)
    if (
        time is not None
        and quality is not None
        and time >= EARLIEST  # all that is known without a trusted clock
        and (not clock_trusted or -OLDEST <= time - received_at <= MOST_AHEAD)
    ):
        return time if time.tzinfo is UTC else time.astimezone(UTC), quality
    return received_at, TimeQuality.RECEIVED if clock_trusted else TimeQuality.UNTRUSTED


def trust(wall: datetime, floor: datetime, *, synchronised: bool, keeps_time: bool) -> Trust:
    """The verdict on a clock that shows `wall`.

    `floor`: the newest time already used or committed (FIRST_RELEASE: none); it is later than now only if
    it was wrong. `synchronised`: by NTP or the like. `keeps_time`: the board has a battery-backed clock.
    """
    if not (synchronised or keeps_time):
        return Trust.NONE
    behind = floor - wall
    if behind > CLOCK_TOLERANCE:
        return Trust.SLOW if behind <= MOST_SLOWED else Trust.NONE
    absurd = floor > FIRST_RELEASE and -behind > OLDEST and not synchronised
    return Trust.NONE if absurd else Trust.FULL


def to_json(event: Event) -> bytes:
    """The event as one JSON object: null fields left out, times RFC 3339 in UTC with Z."""
    return msgspec.json.encode(event)
