"""The settings of people's actions at traps and of their answers to alerts. PURE.

Owns names, defaults and limits. Must not apply them.
"""

from typing import Annotated

from msgspec import Meta, Struct


class Actions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an action can be taken back, and how old a given time may be."""

    undo_s: Annotated[int, Meta(ge=0, le=600)] = 60  # later it is corrected, not taken back
    oldest_days: Annotated[int, Meta(ge=1, le=366)] = 31  # of the time that a person gives
