"""Edges: which reports of a state are news. PURE.

Owns the comparison with what is known. A trap's state that is known already, or told in the same batch,
is a sign of life. A detector's "occupied" stays a detection: how many reports are one presence is
decided where they are counted (`effort`) and where people are told (one open alert takes up all).
A report that contradicts what is known is dated by `contradiction`.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from gateway.domain.clocks import contradiction
from gateway.domain.clocks.contradiction import Arrival
from gateway.domain.device_state import NOWHERE, TRAP_STATE, Order, order
from gateway.domain.model import DeviceState, Event, Kind, Reading, TrapState
from gateway.ingest.messages.unread import note_read_again


class SensorReport(Struct, frozen=True):
    """What the sensor of a trap told last."""

    head: Order = NOWHERE
    trap: TrapState | None = None
    is_hearsay: bool = False  # only the broker told, of an unknown time


class StateChanges:
    """What traps are known to be, while a batch goes on."""

    def __init__(self, states: Mapping[str, DeviceState]) -> None:
        self._states = states
        self._told: dict[str, SensorReport] = {}
        self._unread: dict[str, bool] = {}  # devices whose content was (not) read in this batch

    def classify(
        self, event: Event, reading: Reading, arrival: Arrival, *, is_quiet: bool = False
    ) -> Event:
        """The event, or the sign of life that it amounts to; it says when content is read again."""
        told = self._unread.get(event.device)
        event = note_read_again(event, reading, self._states.get(event.device), told)
        if event.unread is not None:
            self._unread[event.device] = bool(event.unread)
        return self._classify(event, arrival, is_state=reading.is_state, is_quiet=is_quiet)

    def _classify(self, event: Event, arrival: Arrival, *, is_state: bool, is_quiet: bool) -> Event:
        told = TRAP_STATE.get(event.kind)
        if told is None:
            return event
        known = self.known(event.device)
        if is_state and known.trap is told and not known.is_hearsay:
            return msgspec.structs.replace(event, kind=Kind.HEARTBEAT)
        state = self._states.get(event.device)
        event = contradiction.resolve(event, known.head, known.trap, state, arrival)
        if order(event) >= known.head:
            self._told[event.device] = SensorReport(order(event), told, is_quiet)
        return event

    def known(self, device: str) -> SensorReport:
        """What the sensor of a trap told last."""
        if device in self._told:
            return self._told[device]
        state = self._states.get(device)
        return SensorReport(state.trap_head, state.trap, state.hearsay) if state else SensorReport()
