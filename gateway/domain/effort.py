"""Effort and counts: what a device's events add up to per hour.

Owns the definitions behind every rate (principle 5: effort is measured). PURE: integers in, integers
out, so sums are exact and do not depend on the order in which events arrived.

- *Alive*: the time between two consecutive signs of life, if no longer than GRACE heartbeats; a longer
  gap is silence, and silence counts as neither.
- *Armed*: the alive time while the trap's state was armed, by the newest event of its sensor or
  action of a person (`trap_lifecycle`). A sprung, silent, paused or removed trap cannot catch anything,
  nor can one in which an animal was found until it is set again. An action is no sign of life.
- *Independent event*: see `independence`.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from gateway.domain.device_state import TRAP_STATE
from gateway.domain.epoch import HOUR_MS
from gateway.domain.independence import is_independent
from gateway.domain.model import ActionKind, Kind, TrapState
from gateway.domain.trap_lifecycle import TrapInput, after

K = TypeVar("K", bound=Hashable)

CAPTURE_TRAP = (
    "captureTrap"  # tag of a published deployment that is a trap: it is no effort of a camera
)
# Looking a member up costs Python 3.11 a call.
_ARMED, _DETECTION = TrapState.ARMED, Kind.DETECTION
LAST = 2**63 - 1  # `boot` of an action: it comes after the events of the same moment


class Mark(Struct, frozen=True, array_like=True, order=True, gc=False):
    """The part of an event or action that effort needs; ordered by (observed, boot, seq)."""

    at_ms: int
    boot: int
    seq: int
    kind: TrapInput
    species: str = ""
    count: int = 1
    distinct: bool = False


class HourlyTally(Struct, gc=False):
    """Sums by hour (hours since 1970) and, for sightings, species."""

    effort: dict[int, list[int]]  # hour -> [alive ms, armed ms]
    sightings: dict[
        tuple[int, str], list[int]
    ]  # (hour, species) -> [records, independent, animals]


def hours(start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Split [start, end) into (hour since 1970, milliseconds in it)."""
    found = []
    while start_ms < end_ms:
        hour = start_ms // HOUR_MS
        stop = min(end_ms, (hour + 1) * HOUR_MS)
        found.append((hour, stop - start_ms))
        start_ms = stop
    return found


def tally(
    marks: Iterable[Mark],
    grace: int,
    alive_ms: int | None = None,
    trap: TrapState | None = None,
    seen: Mapping[str, int] | None = None,
) -> HourlyTally:
    """Add up `marks` (sorted) that follow a sign of life at `alive_ms`, with the trap then in `trap`.

    `grace` in ms; `seen`: the time in ms of the previous detection by species.
    """
    marks = list(marks)
    effort: dict[int, list[int]] = {}
    for start, end, armed in _lives(marks, grace, alive_ms, trap):
        for hour, span in hours(start, end):
            cell = effort.setdefault(hour, [0, 0])
            cell[0] += span
            cell[1] += span * armed
    detections = [mark for mark in marks if mark.kind is _DETECTION and mark.count]
    return HourlyTally(effort, _sightings(detections, seen or {}) if detections else {})


def _lives(
    marks: Sequence[Mark], grace: int, last: int | None, trap: TrapState | None
) -> Iterator[tuple[int, int, bool]]:
    """Alive times with one state of the trap each: (from, until, whether armed), ms."""
    begun = last or 0
    actions: list[Mark] = []  # since the last sign of life
    for mark in marks:
        if isinstance(mark.kind, ActionKind):
            actions.append(mark)
            continue
        is_alive = last is not None and mark.at_ms - last <= grace
        if actions or not is_alive or mark.kind in TRAP_STATE:
            if last is not None:
                yield begun, last, trap is _ARMED
            if last is not None and is_alive:
                yield from _cut(last, mark.at_ms, trap, actions)
            for step in (*actions, mark):
                trap = after(trap, step.kind)
            actions.clear()
            begun = mark.at_ms
        last = mark.at_ms
    if last is not None:
        yield begun, last, trap is _ARMED


def _cut(
    start: int, end: int, trap: TrapState | None, actions: Iterable[Mark]
) -> Iterator[tuple[int, int, bool]]:
    """Split an alive time at the actions of people."""
    for action in actions:
        yield start, action.at_ms, trap is _ARMED
        start, trap = action.at_ms, after(trap, action.kind)
    yield start, end, trap is _ARMED


def _sightings(marks: Iterable[Mark], seen: Mapping[str, int]) -> dict[tuple[int, str], list[int]]:
    """Detections by hour and species. Those with a count of 0, where a person saw no animal, are left out."""
    found: dict[tuple[int, str], list[int]] = {}
    latest = dict(seen)
    for mark in marks:
        cell = found.setdefault((mark.at_ms // HOUR_MS, mark.species), [0, 0, 0])
        cell[0] += 1
        cell[1] += is_independent(mark.at_ms, latest.get(mark.species), distinct=mark.distinct)
        cell[2] += mark.count
        latest[mark.species] = mark.at_ms
    return found


def difference(new: HourlyTally, old: HourlyTally) -> HourlyTally:
    """What must be added to `old` to get `new`; cells may be negative."""
    return HourlyTally(_minus(new.effort, old.effort), _minus(new.sightings, old.sightings))


def _minus(new: dict[K, list[int]], old: dict[K, list[int]]) -> dict[K, list[int]]:
    keys = new.keys() | old.keys()
    size = len(next(iter((new or old).values()), []))
    zero = [0] * size
    pairs = {
        k: [a - b for a, b in zip(new.get(k, zero), old.get(k, zero), strict=True)] for k in keys
    }
    return {key: cell for key, cell in pairs.items() if any(cell)}
