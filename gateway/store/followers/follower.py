"""Who follows the journal, and the values that are read for them.

Owns the numbers and names of the followers: they stand in the database. Must not run SQL. The journal's
number `event.no` is the order of commit. `done` holds the numbers that a follower has, as half-open ranges
(after, up to].
"""

from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

from gateway.store.rollups.hours import Rollup
from gateway.store.setting_keys import SettingKey

JournalSpan = tuple[int, int]
"""Journal numbers n with after < n <= up to."""
JournalRow = tuple[Any, ...]
"""The journal number, then the columns of `rows.EventRow`."""


class Follower(IntEnum):
    """One follower; the number stands in the tables of what is due."""

    INFLUX = 1
    REGION = 2

    @property
    def label(self) -> str:
        """Its name in the keys of settings."""
        return self.name.lower()

    def key(self, part: "FollowerPart") -> SettingKey:
        """The key of what is remembered of it."""
        return SettingKey(f"{self.label}.{part}")


class FollowerPart(StrEnum):
    """What is remembered of each follower, in the table `setting`."""

    DONE = "done"
    LAYOUT = "layout"
    WALK = "walk"
    MARKED = "marked"


class RecordKind(StrEnum):
    """The tables whose changed rows are due for a follower that takes whole records."""

    DEVICE = "device"
    ACTION = "act"
    ALERT = "alert"


class DueHour(Struct, frozen=True):
    """An hour that changed since it was sent to the follower."""

    change: int  # how often
    rollup: Rollup


class DueEvent(Struct, frozen=True):
    """An event to be sent again: see JournalRow."""

    was: str  # its former time in ms, whose point must be deleted; "-": the time did not change
    row: JournalRow
    change: int = 1  # how often it changed


class DueRecord(Struct, frozen=True):
    """A changed row of another table."""

    kind: RecordKind
    no: int
    change: int  # how often
