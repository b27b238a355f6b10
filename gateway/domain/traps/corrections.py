"""Which recorded actions count, and when one may correct or take back another. PURE.

Owns the chain of corrections: every action stays on record, the newest of a chain counts. An undo takes one
action back, as if it had never been recorded: what it had corrected counts again. Must not decide which
action a trap's state allows (`trap_lifecycle`, `late_actions`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from msgspec.structs import asdict

from gateway.domain.model import TrapAction
from gateway.domain.trap_lifecycle import ActionConflictError, IllegalActionError


class Correctable(Protocol):
    """A record that may correct or take back another one."""

    @property
    def id(self) -> str: ...

    @property
    def replaces(self) -> str | None: ...

    @property
    def is_undo(self) -> bool: ...


C = TypeVar("C", bound=Correctable)

# A repeated request may differ in these: its time is corrected by the phone's clock at each attempt.
NOT_COMPARED = frozenset({"at", "recorded_at", "device_clock_at", "through"})


def counting(actions: Iterable[C]) -> list[C]:
    """The actions that count, in their given order. `actions`: whole chains, in any order."""
    found = list(actions)
    undone = {one.replaces for one in found if one.is_undo}
    corrected = {one.replaces for one in found if not one.is_undo and one.id not in undone}
    return [one for one in found if not one.is_undo and one.id not in undone | corrected]


def check_repeat(known: TrapAction, act: TrapAction) -> None:
    """Raises ActionConflictError if `act` uses the id of `known` for something else."""
    one, other = asdict(known), asdict(act)
    if different := [name for name in one.keys() - NOT_COMPARED if one[name] != other[name]]:
        parts = ", ".join(sorted(different))
        raise ActionConflictError("illegal_action.other_content", id=act.id, parts=parts)


def check_target(
    act: TrapAction, target: TrapAction | None, now: datetime, undo: timedelta, *, counts: bool
) -> None:
    """Whether `act` may replace `target`. Raises IllegalActionError or ActionConflictError.

    `counts`: whether the target still counts; `undo`: how long it can be taken back.
    """
    if target is None or target.device != act.device:
        raise IllegalActionError("illegal_action.no_target", id=act.replaces)
    if not counts:
        raise ActionConflictError("illegal_action.corrected", id=target.id)
    if not act.is_undo:
        return
    if act.by != target.by:
        raise IllegalActionError("illegal_action.not_own", by=target.by)
    if min(act.at, now) > target.recorded_at + undo:
        raise IllegalActionError("illegal_action.undo_over", s=f"{undo.total_seconds():.0f}")
