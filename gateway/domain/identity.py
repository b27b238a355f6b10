"""Identity: whether two reports with the same id describe the same event. PURE.

Device and id identify an event. Owns the comparison of a report with the event that already has its id
(table `CONTENT`), and the new ids of reports whose id is taken. Must not know storage.
"""

from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b

from msgspec import Struct

from gateway.domain.device_state import Order, order
from gateway.domain.epoch import ms
from gateway.domain.model import Event, Kind, TimeQuality
from gateway.domain.timing import EARLIEST, MOST_AHEAD

Identity = tuple[str, str]
"""Device and id of an event."""

# A device that recomputes the time at each sending is that accurate.
SAME_TIME = timedelta(seconds=5)
MOST_COPY_AGE = timedelta(hours=24)  # without a device time, a later report is no copy
# Between the id that is taken and the suffix that makes the new id unique.
RESTARTED_MARK, CONFLICT_MARK = "+", "~"

# What a report must share with the known event to be a copy of it. PROMISES.md shows this table.
CONTENT: tuple[tuple[str, str], ...] = (
    ("kind", "equal; a repeated state that was taken as a heartbeat counts as equal"),
    ("boot", "equal where both tell it"),
    ("seq", "equal where both tell it and no time decides"),
    (
        "time",
        "within 5 s, or told by a better clock and before the first arrival (a clock set since)",
    ),
    ("time, told by one", "before the first arrival; else the copy came within 24 h of it"),
    ("time, told by none", "came within 24 h of the first; a replay by the broker at any time"),
)
# Everything else (species, count, battery, radio, place, time of receipt) may differ between copies.

_RANK = {TimeQuality.SYNCED: 0, TimeQuality.RTC: 1}
_UNRANKED = 2


class Sameness(Enum):
    """How a report relates to the known event with the same id."""

    COPY = "copy"
    RESTARTED = "restarted"  # the device's counter began again: another event
    CONFLICT = "conflict"  # the id was used for something else


class Report(Struct, frozen=True):
    """A report with its judged time, and facts that its event does not hold."""

    event: Event
    kind: Kind  # as reported; a repeated state becomes an event of kind HEARTBEAT
    is_state: bool = False
    is_replay: bool = False  # retained, or history: its time of arrival says nothing
    is_time_loose: bool = False  # copies may have different times


def identity_of(event: Event) -> Identity:
    """The event's identity."""
    return (event.device, event.id)


def compare(known: Event, report: Report, head: Order | None) -> Sameness:
    """How `report` relates to the event with its id. `head`: the device's newest sign of life before."""
    report_event = report.event
    same_kind = known.kind is report.kind or (report.is_state and known.kind is Kind.HEARTBEAT)
    # Distinct: the source gives each event one id and repeats it while the event continues.
    if known.distinct and report_event.distinct:
        return Sameness.COPY if same_kind else Sameness.CONFLICT
    other_time = _is_other_time(known, report)
    if same_kind and not other_time and not _contradicts(known, report_event):
        return Sameness.COPY
    if other_time and _began_again(known, report, head, same_kind=same_kind):
        return Sameness.RESTARTED
    return Sameness.CONFLICT


def unique_id(report: Report, mark: str) -> str:
    """A new id for a report whose id is taken; the same for each copy of the report."""
    event, time = report.event, plausible_device_time(report.event)
    at = f"at {ms(time)}" if time else f"day {ms(event.received_at) // round(MOST_COPY_AGE / _MS)}"
    content = f"{report.kind}\0{at}\0{event.boot}\0{event.seq}".encode()
    return f"{event.id}{mark}{blake2b(content, digest_size=6).hexdigest()}"


def plausible_device_time(event: Event) -> datetime | None:
    """The device's time, unless it comes from an unset clock."""
    time = event.device_time
    return time if time is not None and time >= EARLIEST else None


_MS = timedelta(milliseconds=1)


def _contradicts(known: Event, other: Event) -> bool:
    """Whether boot and sequence numbers show two different events."""
    if None not in (known.boot, other.boot) and known.boot != other.boot:
        return True
    timed = plausible_device_time(known) is not None and plausible_device_time(other) is not None
    return not timed and None not in (known.seq, other.seq) and known.seq != other.seq


def _is_other_time(known: Event, report: Report) -> bool:
    before, now = plausible_device_time(known), plausible_device_time(report.event)
    if before and now and not report.is_time_loose:
        is_set_since = _rank(report.event) < _rank(known) and now <= known.received_at + MOST_AHEAD
        return abs(now - before) > SAME_TIME and not is_set_since
    if now and not report.is_time_loose:
        return now > known.received_at + MOST_AHEAD
    return not report.is_replay and report.event.received_at - known.received_at > MOST_COPY_AGE


def _rank(event: Event) -> int:
    return _RANK.get(event.time_quality, _UNRANKED)


def _began_again(known: Event, report: Report, head: Order | None, *, same_kind: bool) -> bool:
    """Whether the device's counters restarted, so that it used the id correctly a second time."""
    event = report.event
    if None not in (known.boot, known.seq):
        if (known.boot, known.seq) != (event.boot, event.seq) or head is None:
            return False
        return head > order(known) and head[1:] != (known.boot, known.seq)
    is_late = not report.is_replay and event.received_at - known.received_at > MOST_COPY_AGE
    return is_late and same_kind and not _contradicts(known, event)
