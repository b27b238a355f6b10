"""What a trap needs next from a person, in the order of the list and of a patrol. PURE.

Owns the order and each need's action. Must not know words or pages.
"""

from enum import StrEnum

from dashboard.live.device_view import Condition, DeviceView


class Need(StrEnum):
    """The most urgent first."""

    SPRUNG = "sprung"  # nobody has said what is in it
    CAPTURED = "captured"  # an animal waits in it
    OUTCOME = "outcome"  # it sprang and was set again, and nobody has said what it was
    UNKNOWN = "unknown"
    VISIT = "visit"  # it must be visited today
    BATTERY = "battery"
    RESET = "reset"  # it was emptied and stands unset
    NOTHING = "nothing"


RANK = {need: rank for rank, need in enumerate(Need)}
OF_CONDITION = {
    Condition.SPRUNG: Need.SPRUNG,
    Condition.CAPTURED: Need.CAPTURED,
    Condition.UNKNOWN: Need.UNKNOWN,
}
UNSET = {Condition.FALSE_SPRING, Condition.NON_TARGET, Condition.DISPATCHED}
ACTION = {  # the one big button; the rest lead to the page where everything can be recorded
    Need.SPRUNG: "answer",
    Need.OUTCOME: "outcome",
    Need.UNKNOWN: "visit",
    Need.VISIT: "visit",
}


def need_of(trap: DeviceView) -> Need:
    """The most urgent need of a trap."""
    found = OF_CONDITION.get(trap.condition)
    if found in {Need.SPRUNG, Need.CAPTURED}:
        return found
    if trap.outcome_missing:
        return Need.OUTCOME
    if found:
        return found
    if trap.visit_due:
        return Need.VISIT
    if trap.low:
        return Need.BATTERY
    return Need.RESET if trap.condition in UNSET else Need.NOTHING


def action_of(trap: DeviceView) -> str:
    """Which action the row offers; a word of the group `traps.do`."""
    return ACTION.get(need_of(trap), "record")
