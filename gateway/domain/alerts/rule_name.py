"""The names of the alert rules. PURE.

Owns the names; they are stored with each alert. The table of rules is `gateway.alerts.rules`.
"""

from enum import StrEnum


class RuleName(StrEnum):
    """The name of one rule of the table."""

    TRAP_SPRUNG = "trap_sprung"
    OUTCOME_MISSING = "outcome_missing"
    UNREGISTERED_SPRING = "unregistered_spring"
    LIVING_AREA = "living_area"
    PROTECTED_LAND = "protected_land"
    FIRST_APPEARANCE = "first_appearance"
    TAMPER = "tamper"
    SILENT = "silent"
    MANY_SILENT = "many_silent"
    BATTERY_LOW = "battery_low"
    UNREAD = "unread"
    BATTERY_FALLING = "battery_falling"
    WEAK_SIGNAL = "weak_signal"
    MOVED = "moved"
    MANY_NAMES = "many_names"
    TWO_BOARDS = "two_boards"
    VISIT_DUE = "visit_due"
    RESIDENT_REPORT = "resident_report"
    REPORT_HANDED = "report_handed"
    UNANSWERED = "unanswered"
    GATEWAY_FAULT = "gateway_fault"
