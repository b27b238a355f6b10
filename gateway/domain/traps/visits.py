"""When a person must walk to a trap, and when somebody did. PURE.

Owns what counts as a visit: only what a person records. A sensor's report, `trap.set` too, is no visit;
one exception keeps the first day quiet: a trap that nobody has recorded anything at, set or sprung today
(its spring has an alert of its own), is due from the next day on. Must not open alerts nor store.
"""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from msgspec import Struct

from gateway.domain import trap_lifecycle
from gateway.domain.epoch import from_ms
from gateway.domain.model import Device, DeviceState, Role


class VisitPlan(Struct, frozen=True):
    """How often each trap must be visited, in the site's days."""

    zone: tzinfo
    every_days: Callable[[Device], int]  # 1: every day; 0: nobody watches this trap's visits


def last_visit(state: DeviceState | None) -> datetime | None:
    """The newest time at which a person was at the trap, by their own records."""
    return from_ms(state.visited_ms) if state is not None and state.visited_ms else None


def is_visited_today(state: DeviceState | None, plan: VisitPlan, now: datetime) -> bool:
    """Whether somebody recorded today that they were there."""
    last = last_visit(state)
    return last is not None and _day(last, plan) == _day(now, plan)


def is_due(device: Device, state: DeviceState | None, plan: VisitPlan, now: datetime) -> bool:
    """Whether the trap must be visited today and was not."""
    every_days = plan.every_days(device)
    if device.role is not Role.TRAP or state is None or not every_days:
        return False
    found, today = trap_lifecycle.last_known(state), _day(now, plan)
    if found.at_rest or found.state is None:
        return False
    last = last_visit(state)
    if last is None:
        return found.since is None or _day(found.since, plan) < today
    return (today - _day(last, plan)).days >= every_days


def _day(at: datetime, plan: VisitPlan) -> date:
    return at.astimezone(plan.zone).date()
