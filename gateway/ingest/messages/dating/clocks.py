"""The clocks of devices and receivers during one batch: read, used, learned and stored.

Owns the choice of the clock that dated a report, and the report's corrected time. Runs inside a transaction
of the writer; must not decide which of two reports is newer, nor estimate (`device_clock`).
"""

from datetime import timedelta

from msgspec.structs import replace

from gateway.domain.clocks.device_clock import (
    LARGEST_ERROR_MS,
    DeviceClock,
    Sample,
    agrees,
    correction_ms,
    is_late,
    learn,
)
from gateway.domain.model import Event, Reading, TimeQuality, TimeSource
from gateway.store import Transaction

_MS = timedelta(milliseconds=1)
_NONE = TimeSource.NONE  # looking a member up costs Python 3.11 a call
_LARGEST_ERROR = LARGEST_ERROR_MS * _MS


class Clocks:
    """`is_trusted`: whether our own clock is; without that nothing is learned or corrected."""

    def __init__(self, tx: Transaction, *, is_trusted: bool) -> None:
        self._tx, self._states, self._is_trusted = tx, tx.states, is_trusted
        self._own: dict[str, DeviceClock] = {}  # by device, changed in this batch
        self._shared: dict[str, DeviceClock | None] = {}  # by name, as looked up
        self._learned: set[str] = set()  # names of shared clocks that changed

    def date(self, reading: Reading, event: Event, *, is_direct: bool) -> tuple[Event, bool]:
        """(the event with its time corrected, whether it was sent late as far as its clock is known).

        `is_direct`: a live message: not from a log, not retained, not read again.
        """
        time = reading.device_time
        if time is None or reading.time_source is _NONE or not self._is_trusted:
            return event, False
        error, boot = time - event.received_at, None if reading.clock else reading.boot
        known = self._known(reading)
        if known and agrees(known, error, event.received_at, boot, reading.time_source):
            return event, False
        if abs(error) > _LARGEST_ERROR:
            return event, False
        at_s = int(event.received_at.timestamp())
        sample = Sample(round(error / _MS), at_s, boot, reading.time_source)
        was_late = is_late(known, sample)
        if is_direct:
            known = self._learn(reading, known, sample)
        return _corrected(event, sample.error_ms, correction_ms(known, sample)), was_late

    def keep(self) -> None:
        """Store the clocks that changed."""
        states = self._tx.states
        self._tx.put_states(
            [replace(states[id_], clock=own) for id_, own in self._own.items() if id_ in states]
        )
        for name in self._learned:
            if clock := self._shared[name]:
                self._tx.clocks.put(name, clock)

    def _known(self, reading: Reading) -> DeviceClock | None:
        if not reading.clock:
            if known := self._own.get(reading.device):
                return known
            state = self._states.get(reading.device)
            return state.clock if state else None
        if reading.clock not in self._shared:
            self._shared[reading.clock] = self._tx.clocks.find(reading.clock)
        return self._shared[reading.clock]

    def _learn(self, reading: Reading, known: DeviceClock | None, sample: Sample) -> DeviceClock:
        found = learn(known, sample)
        if found is known:
            return found
        if reading.clock:
            self._shared[reading.clock] = found
            self._learned.add(reading.clock)
        else:
            self._own[reading.device] = found
        return found


def _corrected(event: Event, error_ms: int, off_ms: int) -> Event:
    """The event at its own time minus the clock's error, never later than it was received."""
    if off_ms:
        at = min(event.received_at, event.received_at + (error_ms - off_ms) * _MS)
        return replace(event, observed_at=at, time_quality=TimeQuality.DERIVED)
    if event.observed_at > event.received_at:
        return replace(event, observed_at=event.received_at)
    return event


__all__ = ["Clocks"]
