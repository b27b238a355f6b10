"""The error of a device's or radio receiver's clock, learned from its live messages. PURE.

Owns the estimate, and what follows from it: the corrected time of a message, and whether the message was
late. A message cannot be sent after it was received, so the largest of "its time minus our time" is
nearest to the clock's error. A value far below was a late message, or the clock was set back. Must not
decide which of two reports is newer (`contradiction`).
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

LIVE_MS = 30_000  # a live message may take so long; smaller errors are not corrected
DRIFT = 0.001  # of the elapsed time; more than any working quartz drifts
CONFIRM_AFTER_S = 60  # between two messages that together show that a clock was set back
SMALL_CHANGE_MS = 2_000  # a smaller change of the estimate is not stored
NOTE_EVERY_S = 3_600  # but the time of the last agreement is stored so often
LARGEST_ERROR_MS = (
    400 * 86_400_000
)  # a larger error is an unset clock: not learned, never corrected
NO_ERROR = timedelta(0)
_MS = timedelta(milliseconds=1)


class Sample(Struct, frozen=True, gc=False):
    """What one message shows about the clock that dated it."""

    error_ms: int  # its time minus the time of receipt: the clock's error minus the delay
    at_s: int  # received, seconds since 1970
    boot: int | None = None  # a clock may be another one after a restart
    source: str = ""  # of the device's time; another source is another clock


class DeviceClock(Struct, frozen=True, array_like=True, gc=False):
    """What is known about one clock. Stored as an array: add new fields at the end."""

    error_ms: int  # the largest seen, minus the possible drift since
    at_s: int  # when a message last agreed with it; while not `sure`, the first one
    sure: bool  # False: late messages alone could explain it
    boot: int | None = None
    source: str = ""
    other_ms: int | None = None  # of a newer message that disagrees: late, or the clock was set
    other_s: int = 0


def learn(known: DeviceClock | None, sample: Sample) -> DeviceClock:
    """What is known after a live message (not from a log, not retained)."""
    if known is None or _is_another(known, sample):
        return _first(sample)
    if _is_older_boot(known, sample):
        return known
    if sample.error_ms < _floor_ms(known, sample) - LIVE_MS:
        return _lower(known, sample)
    if sample.error_ms > known.error_ms + LIVE_MS:
        return _higher(known, sample)
    return _agreed(known, sample)


def agrees(
    known: DeviceClock, error: timedelta, received_at: datetime, boot: int | None, source: str
) -> bool:
    """Whether a message shows nothing new of a clock that is right: a fast test for the frequent case.

    `error`: the device's time minus the time of receipt.
    """
    return (
        known.sure
        and known.other_ms is None
        and -LIVE_MS <= known.error_ms <= 0
        and (known.error_ms - SMALL_CHANGE_MS) * _MS <= error <= NO_ERROR
        and received_at.timestamp() < known.at_s + NOTE_EVERY_S
        and known.boot == boot
        and known.source == source
    )


def correction_ms(known: DeviceClock | None, sample: Sample) -> int:
    """What to subtract from the message's time; 0 if the clock is right or not known."""
    if known is None or not known.sure or not _is_same(known, sample):
        return 0
    return known.error_ms if abs(known.error_ms) > LIVE_MS else 0


def is_late(known: DeviceClock | None, sample: Sample) -> bool:
    """Whether the message was sent long after its time, as far as this clock is known."""
    if known is None or not known.sure or not _is_same(known, sample):
        return False
    return sample.error_ms < _floor_ms(known, sample) - LIVE_MS


def _first(sample: Sample) -> DeviceClock:
    is_sure = sample.error_ms >= -LIVE_MS  # below that: a late message or a slow clock
    return DeviceClock(sample.error_ms, sample.at_s, is_sure, sample.boot, sample.source)


def _agreed(known: DeviceClock, sample: Sample) -> DeviceClock:
    if not known.sure:
        if sample.error_ms < -LIVE_MS and sample.at_s - known.at_s < CONFIRM_AFTER_S:
            return replace(known, error_ms=max(known.error_ms, sample.error_ms))
        return _first(sample) if sample.error_ms >= -LIVE_MS else _sure(sample)
    error_ms = max(sample.error_ms, _floor_ms(known, sample))
    is_steady = abs(error_ms - known.error_ms) <= SMALL_CHANGE_MS
    if is_steady and known.other_ms is None and sample.at_s - known.at_s < NOTE_EVERY_S:
        return known
    return replace(known, error_ms=error_ms, at_s=sample.at_s, other_ms=None, other_s=0)


def _higher(known: DeviceClock, sample: Sample) -> DeviceClock:
    """A clock that was set forward, or the end of a queue of late messages; one message may also be wrong."""
    found = _first(sample)
    if not known.sure or abs(sample.error_ms) <= LIVE_MS:
        return found
    return replace(found, sure=False, other_ms=known.error_ms, other_s=known.at_s)


def _lower(known: DeviceClock, sample: Sample) -> DeviceClock:
    """A late message, or a clock that was set back: then the next message agrees."""
    if known.other_ms is None or not _is_near(known, sample):
        return replace(known, other_ms=sample.error_ms, other_s=sample.at_s)
    return _sure(sample) if sample.at_s - known.other_s >= CONFIRM_AFTER_S else known


def _sure(sample: Sample) -> DeviceClock:
    return DeviceClock(sample.error_ms, sample.at_s, True, sample.boot, sample.source)


def _is_near(known: DeviceClock, sample: Sample) -> bool:
    """Whether this message agrees with the newer one that disagreed with the estimate."""
    drifted_ms = DRIFT * 1_000 * max(sample.at_s - known.other_s, 0)
    return abs(sample.error_ms - (known.other_ms or 0)) <= LIVE_MS + drifted_ms


def _floor_ms(known: DeviceClock, sample: Sample) -> int:
    """The estimate, minus the possible drift since."""
    return known.error_ms - round(DRIFT * 1_000 * max(sample.at_s - known.at_s, 0))


def _is_same(known: DeviceClock, sample: Sample) -> bool:
    return known.boot == sample.boot and known.source == sample.source


def _is_older_boot(known: DeviceClock, sample: Sample) -> bool:
    return None not in (known.boot, sample.boot) and (sample.boot or 0) < (known.boot or 0)


def _is_another(known: DeviceClock, sample: Sample) -> bool:
    return not _is_same(known, sample) and not _is_older_boot(known, sample)
