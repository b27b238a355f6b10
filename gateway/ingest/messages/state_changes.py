"""Edges: which reports of a state are news. PURE.

Owns the comparison with what is known. A trap's state that is known already, or told in the same batch,
is a sign of life. A detector's "occupied" stays a detection: how many reports are one presence is
decided where they are counted (`effort`) and where people are told (one open alert takes up all).
"""

from collections.abc import Mapping

import msgspec

from gateway.domain.device_state import NOWHERE, TRAP_STATE, Order, order
from gateway.domain.model import DeviceState, Event, Kind, Reading, TrapState
from gateway.ingest.messages.unread import marked


class StateChanges:
    """What traps are known to be, while a batch goes on."""

    def __init__(self, states: Mapping[str, DeviceState]) -> None:
        self._states = states
        self._told: dict[str, tuple[Order, TrapState]] = {}
        self._unread: dict[str, bool] = {}  # devices whose content was (not) read in this batch

    def settle(self, event: Event, reading: Reading) -> Event:
        """The event, or the sign of life that it amounts to; it says when content is read again."""
        told = self._unread.get(event.device)
        event = marked(event, reading, self._states.get(event.device), told)
        if event.unread is not None:
            self._unread[event.device] = bool(event.unread)
        return self._settle(event, is_state=reading.is_state)

    def _settle(self, event: Event, *, is_state: bool) -> Event:
        told = TRAP_STATE.get(event.kind)
        if told is None:
            return event
        head, known = self._known(event.device)
        if is_state and known is told:
            return msgspec.structs.replace(event, kind=Kind.HEARTBEAT)
        if order(event) >= head:
            self._told[event.device] = (order(event), told)
        return event

    def _known(self, device: str) -> tuple[Order, TrapState | None]:
        if device in self._told:
            return self._told[device]
        state = self._states.get(device)
        return (state.trap_head, state.trap) if state else (NOWHERE, None)
