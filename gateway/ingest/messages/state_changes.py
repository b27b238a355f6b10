"""Turns reports of a trap state that is already known into heartbeats. PURE.

Owns the comparison of a report with the known state, which includes earlier reports of the same batch. A
detector's "occupied" stays a detection: `effort` decides how many reports are one presence, and one open
alert covers them all. A report that contradicts the known state gets its time from `contradiction`.
Must not store or alert.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from gateway.domain.clocks import contradiction
from gateway.domain.clocks.contradiction import Arrival
from gateway.domain.device_state import NOWHERE, TRAP_STATE, Order, order
from gateway.domain.epoch import ms
from gateway.domain.model import DeviceState, Event, Kind, Reading, TrapState
from gateway.domain.trap_lifecycle import FINDINGS
from gateway.ingest.messages.unread import note_read_again


class SensorReport(Struct, frozen=True):
    """The last report of a trap's sensor."""

    head: Order = NOWHERE
    trap: TrapState | None = None
    is_hearsay: bool = False  # a retained message of unknown age, not a live report


class StateChanges:
    """The known states of traps, during one batch."""

    def __init__(self, states: Mapping[str, DeviceState]) -> None:
        self._states = states
        self._reported: dict[str, SensorReport] = {}  # in this batch
        self._unread: dict[str, bool] = {}  # devices whose content was (not) read in this batch

    def classify(
        self, event: Event, reading: Reading, arrival: Arrival, *, is_quiet: bool = False
    ) -> Event:
        """The event, a heartbeat if its state is already known. It says when content can be read again."""
        if reading.is_content:
            is_unread = self._unread.get(event.device)
            event = note_read_again(event, self._states.get(event.device), is_unread)
        if event.unread is not None:
            self._unread[event.device] = bool(event.unread)
        trap = TRAP_STATE.get(event.kind)
        if trap is None:
            return event
        return self._of_trap(event, trap, arrival, is_state=reading.is_state, is_quiet=is_quiet)

    def _of_trap(
        self, event: Event, trap: TrapState, arrival: Arrival, *, is_state: bool, is_quiet: bool
    ) -> Event:
        known = self.known(event.device)
        state = self._states.get(event.device)
        if is_state and known.trap is trap and not known.is_hearsay:
            if not _is_set_again(event, trap, known, state):
                return msgspec.structs.replace(event, kind=Kind.HEARTBEAT)
            self._reported[event.device] = SensorReport(order(event), trap)
            return event
        event = contradiction.resolve(event, known.head, known.trap, state, arrival)
        if order(event) >= known.head:
            self._reported[event.device] = SensorReport(order(event), trap, is_quiet)
        return event

    def known(self, device: str) -> SensorReport:
        """The last report of a trap's sensor, including this batch."""
        if device in self._reported:
            return self._reported[device]
        state = self._states.get(device)
        return SensorReport(state.trap_head, state.trap, state.hearsay) if state else SensorReport()


def _is_set_again(
    event: Event, trap: TrapState, known: SensorReport, state: DeviceState | None
) -> bool:
    """Whether "armed" is news: somebody found the trap sprung since the sensor last said so.

    The message of that spring was lost. As a heartbeat "armed" would leave the trap with what was found, and
    the next spring would be taken for the one that is already checked.
    """
    act = state.act if state else None
    if trap is not TrapState.ARMED or act is None or act.deed not in FINDINGS:
        return False
    return known.head[0] < ms(act.at) < order(event)[0]
