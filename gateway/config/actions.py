"""The settings of people's actions at traps and of their answers to alerts. PURE.

Owns names, defaults and limits. Must not apply them.
"""

from typing import Annotated

from msgspec import Meta, Struct


class Actions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When people on the way are expected, how long an action can be taken back, how old it may be."""

    # when whoever goes expects to be there: offered, the first one preselected; then the evening
    underway_min: Annotated[
        tuple[Annotated[int, Meta(ge=5, le=1_440)], ...], Meta(min_length=1, max_length=5)
    ] = (60, 30, 120)
    evening_hour: Annotated[int, Meta(ge=-1, le=23)] = 18  # local; -1: not offered
    undo_s: Annotated[int, Meta(ge=0, le=600)] = 60  # later it is corrected, not taken back
    oldest_days: Annotated[int, Meta(ge=1, le=366)] = 31  # of the time that a person gives
