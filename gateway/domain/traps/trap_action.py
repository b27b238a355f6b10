"""What a person did or found at a trap, as a value.

Owns these values. Must not decide which action is allowed (`trap_lifecycle`) nor store it. Other modules
import them from `model`, together with the other shared values.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Position(Struct, frozen=True):
    """Where a phone was, in degrees of WGS 84."""

    lat: float
    lon: float
    accuracy_m: float


class ActionKind(StrEnum):
    """What a person did or found at a trap."""

    CAPTURED = "captured"
    FALSE_SPRING = "false_spring"
    NON_TARGET = "non_target"
    DISPATCHED = "dispatched"
    ARMED = "armed"
    PAUSED = "paused"
    REMOVED = "removed"
    VISITED = "visited"


class TrapAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person did at a trap: who, what, when."""

    id: str
    device: str
    deed: ActionKind
    at: datetime  # when it was done, as the person states
    by: str
    recorded_at: datetime
    through: str = ""  # page, one-tap, command ...
    species: str | None = None
    count: int | None = None
    sex: str | None = None  # male, female, unknown
    weight_class: str | None = None  # e.g. "20-40kg", as the municipality prescribes
    photo: str | None = None  # a person's own words for a picture kept elsewhere
    note: str = ""
    age: str | None = None  # adult, young, unknown
    weight_kg: float | None = None
    fields: dict[str, str] = {}  # what the municipality asks besides: key of the setting -> value
    photos: tuple[str, ...] = ()  # SHA-256 (hex) of the stored pictures, in their order
    position: Position | None = None  # of the person's phone, where it was measured
    device_clock_at: datetime | None = None  # what the phone's clock said, where `at` was corrected
    replaces: str | None = None  # id of the action that this one corrects; it counts no longer
    is_undo: bool = False  # with `replaces`: that action counts no longer, nothing takes its place
