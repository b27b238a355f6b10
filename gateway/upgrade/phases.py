"""The steps of an upgrade, and what follows each of them. PURE.

Owns the table. Every step may be done again from its beginning after a power cut, so the state on the
disk is the step that has to be done, and never one that is half done.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

MOST_TRIALS = (
    3  # a new version during which the power fails or the board dies so often is not trusted
)


class Phase(StrEnum):
    """What has to be done now."""

    UNPACKING = "unpacking"  # the new program beside the old one, which runs on
    REHEARSING = "rehearsing"  # the new program opens a copy of the data; the old one runs on
    STOPPING = "stopping"  # the old program ends; settings and data are copied, the data marked
    SWITCHING = "switching"  # the new program, its units and settings
    TRYING = "trying"  # the new program runs, behind the gates
    ACCEPTING = "accepting"  # it is the last good one from now on
    RETURNING = "returning"  # program, settings and data as before, with what came since
    ABANDONING = "abandoning"  # nothing was changed: the old program runs, the new one is removed


class UpgradeResult(StrEnum):
    """How an upgrade ended."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    ABANDONED = "abandoned"


AFTER_SUCCESS: Final = MappingProxyType(
    {
        Phase.UNPACKING: Phase.REHEARSING,
        Phase.REHEARSING: Phase.STOPPING,
        Phase.STOPPING: Phase.SWITCHING,
        Phase.SWITCHING: Phase.TRYING,
        Phase.TRYING: Phase.ACCEPTING,
        Phase.ACCEPTING: UpgradeResult.ACCEPTED,
        Phase.RETURNING: UpgradeResult.RETURNED,
        Phase.ABANDONING: UpgradeResult.ABANDONED,
    }
)
AFTER_FAILURE: Final = (
    MappingProxyType(  # the three that are missing are repeated until they succeed
        {
            Phase.UNPACKING: Phase.ABANDONING,
            Phase.REHEARSING: Phase.ABANDONING,
            Phase.STOPPING: Phase.ABANDONING,
            Phase.SWITCHING: Phase.RETURNING,
            Phase.TRYING: Phase.RETURNING,
        }
    )
)
UNTOUCHED: Final = frozenset({Phase.UNPACKING, Phase.REHEARSING})  # the old program runs on


class Patience(Struct, frozen=True):
    """How long a new version is watched, in seconds."""

    settle_s: float = 120.0  # all gates open for so long: it is good
    limit_s: float = 900.0  # not good by then: it is not


class UpgradeState(Struct, frozen=True):
    """One upgrade, as it stands on the disk."""

    upgrade: str  # its id, another one each time
    phase: Phase
    old: str  # the environment that was good before
    new: str  # the environment that is tried
    old_version: str
    new_version: str
    began_s: float  # seconds since 1970
    patience: Patience = Patience()
    trials: int = 0  # how often the trial was begun
    is_marked: bool = False  # the data may have changed since the copy
    reason: str = ""  # why it failed
    is_automatic: bool = False  # begun because the service kept ending, not by a person


class Ended(Struct, frozen=True):
    """One upgrade that is over, for people."""

    upgrade: str
    result: UpgradeResult
    old_version: str
    new_version: str
    began_s: float
    ended_s: float
    reason: str = ""
    messages: int = 0  # taken during the trial and read again by the old version
    aside: str = ""  # where the data of the trial lie


def succeeded(state: UpgradeState) -> UpgradeState | UpgradeResult:
    """What comes after the present step was done."""
    after = AFTER_SUCCESS[state.phase]
    if isinstance(after, UpgradeResult):
        return after
    is_marked = state.is_marked or after is Phase.SWITCHING
    return replace(state, phase=after, is_marked=is_marked)


def failed(state: UpgradeState, reason: str) -> UpgradeState:
    """What comes after the present step failed; steps without another way are done again."""
    after = AFTER_FAILURE.get(state.phase, state.phase)
    return replace(state, phase=after, reason=state.reason or reason)


def trial_begun(state: UpgradeState) -> UpgradeState:
    """Counts one more beginning of the trial; after too many the earlier version returns."""
    if state.trials >= MOST_TRIALS:
        return failed(state, f"the trial was cut off {state.trials} times")
    return replace(state, trials=state.trials + 1)
