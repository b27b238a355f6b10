"""The life cycle of a trap, from its sensor's events and people's actions. PURE.

Owns the table of transitions and which action is allowed when. Must not store, alert or read a clock.
The sensor reports armed and sprung; people record what was found. The newest of both decides, through
TRANSITIONS. A silent sensor makes the state unknown; it never means "no capture".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.device_state import grace_ms
from gateway.domain.epoch import from_ms, ms
from gateway.domain.errors import TranslatedError
from gateway.domain.model import HEARTBEAT_S, ActionKind, DeviceState, Kind, TrapAction, TrapState

TrapInput = Kind | ActionKind  # what changes a trap's state: a sensor's event or a person's action

ARMED, SPRUNG = TrapState.ARMED, TrapState.SPRUNG
CAPTURED, FALSE, OTHER = TrapState.CAPTURED, TrapState.FALSE_SPRING, TrapState.NON_TARGET
DONE, PAUSED, REMOVED = TrapState.DISPATCHED, TrapState.PAUSED, TrapState.REMOVED

_FOUND: dict[TrapInput, TrapState] = {
    ActionKind.CAPTURED: CAPTURED,
    ActionKind.FALSE_SPRING: FALSE,
    ActionKind.NON_TARGET: OTHER,
}
_NEXT: dict[TrapInput, TrapState] = {
    ActionKind.ARMED: ARMED,
    ActionKind.PAUSED: PAUSED,
    ActionKind.REMOVED: REMOVED,
}
_DONE: dict[TrapInput, TrapState] = {ActionKind.DISPATCHED: DONE}
# What an action makes of the trap; a visit changes nothing. Whether it is allowed: TRANSITIONS.
STATE_AFTER: Mapping[TrapInput, TrapState] = _FOUND | _NEXT | _DONE
_SPRINGS: dict[TrapInput, TrapState] = {Kind.SPRUNG: SPRUNG}
_SETS: dict[TrapInput, TrapState] = {Kind.SET: ARMED}

# A person may find an animal in any trap that is set, because sensors fail. What was found is recorded
# before the trap is set again. "Sprung" from the sensor of a trap already checked is the same spring.
TRANSITIONS: Mapping[TrapState | None, Mapping[TrapInput, TrapState]] = {
    None: _SPRINGS | _SETS | _FOUND | _NEXT,
    ARMED: _SPRINGS | _SETS | _FOUND | _NEXT,
    SPRUNG: _SPRINGS | _SETS | _FOUND,
    CAPTURED: _SETS | _FOUND | _DONE,
    FALSE: _SETS | _FOUND | _NEXT,
    OTHER: _SETS | _FOUND | _DONE | _NEXT,
    DONE: _SETS | _NEXT,
    PAUSED: _SPRINGS | _FOUND | _NEXT,
    REMOVED: {ActionKind.ARMED: ARMED},
}

ASKS_FOR_ANOTHER = {SPRUNG, CAPTURED, DONE, REMOVED}  # states that need another action first
AT_REST = {PAUSED, REMOVED}  # no visit is due, no silence matters


class TrapView(Struct, frozen=True):
    """A trap as people see it."""

    state: TrapState | None  # None: never reported
    since: datetime | None
    by: str = ""  # the person who recorded it; empty: the sensor
    silent: bool = False  # its sensor is silent: `state` is the last known, not the present
    unconfirmed: datetime | None = None  # since when its messages may be missing; None: confirmed
    unread: str = ""  # why its newest content could not be read, and what to do; empty: it was

    @property
    def unknown(self) -> bool:
        """`state` is the last known, perhaps not the present."""
        doubted = self.unconfirmed is not None or bool(self.unread)
        return self.silent or (doubted and self.state is ARMED)

    @property
    def at_rest(self) -> bool:
        """Paused or removed: nothing is expected of it."""
        return self.state in AT_REST


class IllegalActionError(TranslatedError):
    """An action that the table does not allow; the reason is a key `illegal_action.*`."""


class ActionConflictError(IllegalActionError):
    """Somebody recorded something else meanwhile: the person must look before acting again."""


def trap_view(state: DeviceState | None, now: datetime, heartbeat_s: int = HEARTBEAT_S) -> TrapView:
    """The trap's state at `now`. Pages, rules and exports all use this function."""
    found = last_known(state)
    if found.at_rest:
        return found
    seen = state.last_seen if state else None
    silent = seen is None or now - seen > timedelta(milliseconds=grace_ms(heartbeat_s))
    unread = str(state.fact("unread") or "") if state else ""
    return TrapView(found.state, found.since, found.by, silent, unconfirmed_since(state), unread)


def unconfirmed_since(state: DeviceState | None) -> datetime | None:
    """Since when messages of the trap may be missing; None once it sent again or somebody was there."""
    if state is None or state.unconfirmed is None:
        return None
    since_ms, until_ms = state.unconfirmed
    if max(ms(state.last_seen), state.visited_ms) >= until_ms:
        return None
    return from_ms(since_ms)


def last_known(state: DeviceState | None) -> TrapView:
    """The last known state, whatever the time."""
    if state is None:
        return TrapView(None, None)
    act = state.act
    if act is None:
        since = from_ms(state.trap_head[0]) if state.trap else None
        return TrapView(state.trap, since)
    now: TrapState | None = STATE_AFTER[act.deed]
    since, by = act.at, act.by
    for at_ms, kind in _sensor_events(state):
        following = after(now, kind)
        if at_ms > ms(act.at) and following is not now:
            now, since, by = following, from_ms(at_ms), ""
    return TrapView(now, since, by)


def last_state(state: DeviceState) -> TrapState | None:
    """The state of `last_known` alone."""
    return state.trap if state.act is None else last_known(state).state


def after(state: TrapState | None, change: TrapInput) -> TrapState | None:
    """The state after an event or action. Actions are not checked here, but when they are recorded."""
    if isinstance(change, ActionKind):
        return STATE_AFTER.get(change, state)
    return TRANSITIONS[state].get(change, state)


def check(state: DeviceState | None, act: TrapAction) -> None:
    """Whether `act` may follow what is known. Raises IllegalActionError if not."""
    if act.deed is ActionKind.VISITED:
        return
    newest = state.act if state else None
    if newest is not None and act.at < newest.at:
        raise ActionConflictError("illegal_action.later_one", by=newest.by)
    current = last_known(state).state
    if act.deed not in TRANSITIONS[current]:
        raise refusal(current)


def refusal(current: TrapState | None) -> IllegalActionError:
    """Why an action that the table does not allow in this state is refused."""
    reason = current if current in ASKS_FOR_ANOTHER else "nothing_to_dispatch"
    return IllegalActionError(f"illegal_action.{reason}")


def allowed_actions(state: DeviceState | None) -> list[ActionKind]:
    """Actions that may be recorded now, in the order of ActionKind: the buttons of a page."""
    row = TRANSITIONS[last_known(state).state]
    return [kind for kind in ActionKind if kind in row or kind is ActionKind.VISITED]


def _sensor_events(state: DeviceState) -> list[tuple[int, Kind]]:
    """The newest SET and SPRUNG, in order of time; older ones change nothing."""
    sprung = max(state.sprung_head, state.trap_head) if state.trap is SPRUNG else state.sprung_head
    return [
        (key[0], kind) for key, kind in sorted(((state.set_head, Kind.SET), (sprung, Kind.SPRUNG)))
    ]


OUTCOMES = {ActionKind.CAPTURED, ActionKind.FALSE_SPRING, ActionKind.NON_TARGET}
FINDINGS = OUTCOMES | {ActionKind.DISPATCHED}  # after these a trap is to be set again
