"""Actions whose time a person gives: how old they may be, and whether they fit among what is known. PURE.

Owns these decisions. An action of an earlier time is judged by the trap's state at that time. Must not know
the table of transitions itself (`trap_lifecycle`).
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from gateway.domain.model import ActionKind, TrapAction, TrapState
from gateway.domain.trap_lifecycle import (
    TRANSITIONS,
    ActionConflictError,
    IllegalActionError,
    after,
    refusal,
)

AHEAD = timedelta(minutes=5)  # how far a phone's clock may run before ours


def dated(act: TrapAction, now: datetime, oldest: timedelta) -> TrapAction:
    """The action with a time that is possible, recorded now. Raises IllegalActionError.

    A time shortly ahead of ours becomes ours: otherwise what springs next would be older.
    """
    if act.at > now + AHEAD:
        raise IllegalActionError("illegal_action.future", at=act.at)
    if act.at < now - oldest:
        raise IllegalActionError("illegal_action.too_old", at=act.at, days=oldest.days)
    return replace(act, at=min(act.at, now), recorded_at=now)


def is_late(act: TrapAction, now: datetime) -> bool:
    """Whether the action is of an earlier time than the moment it is recorded."""
    return now - act.at > AHEAD


def check(act: TrapAction, state: TrapState | None, following: TrapAction | None) -> None:
    """Whether an action fits at its own time. Raises IllegalActionError or ActionConflictError.

    `state`: the trap's state just before, without what the action replaces; `following`: the next action
    of the same spring, before the sensor reported another one.
    """
    if act.deed is ActionKind.VISITED and not act.replaces:
        return
    if following and not act.replaces:
        raise ActionConflictError("illegal_action.later_one", by=following.by)
    changes = not act.is_undo and act.deed is not ActionKind.VISITED
    if changes and act.deed not in TRANSITIONS[state]:
        raise refusal(state)
    now = after(state, act.deed) if changes else state
    if following and following.deed not in TRANSITIONS[now]:
        raise ActionConflictError("illegal_action.unfit", by=following.by)
