"""A trap's report that arrives now, with a time before the known state of the trap. PURE.

Owns the decision which of the two is newer (the table in TIME.md): a capture must not stay unnoticed because
some clock is wrong. Must not learn clocks (`device_clock`), store or alert.
"""

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.device_state import TRAP_STATE, Order, order
from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import ActionKind, DeviceState, Event, Kind, TimeQuality, TrapState
from gateway.domain.trap_lifecycle import TRANSITIONS, last_known

MOST_DISORDER_MS = 60_000  # a message may arrive so much later than one sent after it
CAN_SPRING_AFTER = frozenset(  # actions after which a trap can spring
    action
    for action in ActionKind
    if action is not ActionKind.VISITED and Kind.SPRUNG in TRANSITIONS[TrapState(action.value)]
)


class Arrival(Struct, frozen=True):
    """How a report reached us."""

    is_kept: bool = False  # from a log, retained, or read again: its time of arrival says nothing
    is_late: bool = False  # sent late, as far as its clock is known; or `is_kept`
    is_numbered: bool = False  # its device numbers events and stores them until they are sent
    is_trusted: bool = True  # the gateway's clock was right at the time of receipt


def resolve(
    event: Event, head: Order, trap: TrapState | None, state: DeviceState | None, arrival: Arrival
) -> Event:
    """The event, moved to its time of arrival where its own time contradicts what is known.

    `head`, `trap`: the last report of the trap's sensor; `state`: of the device, for people's actions.
    """
    if trap not in (None, TRAP_STATE[event.kind]) and order(event) < head:
        bound_ms = _after_report_ms(event, head, arrival)
        return event if bound_ms is None else _moved(event, bound_ms, arrival)
    if _is_older_by_number(event, head, arrival):
        return replace(event, observed_at=from_ms(head[0] - 1), time_quality=TimeQuality.DOUBTFUL)
    act_ms = _after_action_ms(event, state, arrival)
    return event if act_ms is None else _moved(event, max(act_ms, head[0]), arrival)


def _after_report_ms(event: Event, head: Order, arrival: Arrival) -> int | None:
    """The time of the sensor's last report if this event is newer all the same, else None."""
    if event.boot is not None and event.boot >= head[1]:
        is_newer = (event.boot, event.seq or 0) > head[1:]
    elif arrival.is_late or (arrival.is_numbered and event.boot is None):
        is_newer = False
    else:
        is_newer = event.kind is Kind.SPRUNG or ms(event.received_at) >= head[0] + MOST_DISORDER_MS
    return head[0] if is_newer else None


def _after_action_ms(event: Event, state: DeviceState | None, arrival: Arrival) -> int | None:
    """When a person set the trap, if this event must have come after that; else None."""
    if event.kind is not Kind.SPRUNG or arrival.is_late or state is None or state.act is None:
        return None
    act_ms = ms(state.act.at)
    if state.act.deed not in CAN_SPRING_AFTER or not ms(event.observed_at) <= act_ms <= ms(
        event.received_at
    ):
        return None
    return None if last_known(state).state is TrapState.SPRUNG else act_ms


def _is_older_by_number(event: Event, head: Order, arrival: Arrival) -> bool:
    """Whether a late report has a lower sequence number than the last one, yet a later time.

    The last report was dated before its clock was known.
    """
    return (
        arrival.is_late
        and event.boot is not None
        and event.boot == head[1]
        and (event.seq or 0) < head[2]
        and ms(event.observed_at) >= head[0]
    )


def _moved(event: Event, bound_ms: int, arrival: Arrival) -> Event:
    received_ms = ms(event.received_at)
    at_ms = bound_ms + 1 if arrival.is_kept else max(received_ms, bound_ms + 1)
    # Without a trusted clock it is dated again together with the other events of that period.
    is_doubtful = arrival.is_trusted or at_ms > received_ms
    quality = TimeQuality.DOUBTFUL if is_doubtful else TimeQuality.UNTRUSTED
    return replace(event, observed_at=from_ms(at_ms), time_quality=quality)
