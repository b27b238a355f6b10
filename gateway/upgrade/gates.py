"""The health gates that a new version has to pass, and for how long. PURE.

Owns the verdict over what is observed of it. Must not look at anything itself (`trying`).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from gateway.upgrade.phases import Patience


class Gate(StrEnum):
    """What is asked of a new version."""

    START = "start"  # its service says that it is ready, and does not end
    PAGES = "pages"  # they answer, and with its version
    DATABASE = "database"  # it can be read and has every event that there was
    LOOPBACK = "loopback"  # a question through the broker is answered after a commit
    CAPTURES = "captures"  # what the broker hands out arrives in the database


PATIENCE_S: Final = MappingProxyType(  # how long a gate may stay closed once all were open
    {
        Gate.START: 0.0,
        Gate.PAGES: 30.0,
        Gate.DATABASE: 30.0,
        Gate.LOOPBACK: 30.0,
        Gate.CAPTURES: 30.0,
    }
)
MOST_RESTARTS = 2  # of the service during one trial


class Observation(Struct, frozen=True):
    """One look at a running version."""

    closed: Mapping[Gate, str]  # gate -> why it is closed; not in it: open
    restarts: int = 0  # of its service since the trial began


class Watch(Struct, frozen=True):
    """What has been observed so far. Times in seconds of a clock that never goes back."""

    began_s: float
    open_since_s: float | None = None  # since when all gates were open, short pauses aside
    closed_since_s: Mapping[Gate, float] = field(default_factory=dict)


class Verdict(Struct, frozen=True):
    """`is_good`: None while it is too early to say."""

    is_good: bool | None
    reason: str = ""


def advance(
    watch: Watch, seen: Observation, now_s: float, patience: Patience
) -> tuple[Watch, Verdict]:
    """The watch with one more look, and what follows from it."""
    closed = {gate: watch.closed_since_s.get(gate, now_s) for gate in seen.closed}
    open_since_s = watch.open_since_s
    if open_since_s is None and not closed:
        open_since_s = now_s
    watch = replace(watch, open_since_s=open_since_s, closed_since_s=closed)
    return watch, _verdict(watch, seen, now_s, patience)


def _verdict(watch: Watch, seen: Observation, now_s: float, patience: Patience) -> Verdict:
    why = "; ".join(f"{gate}: {text}" for gate, text in seen.closed.items())
    if seen.restarts >= MOST_RESTARTS:
        return Verdict(False, f"start: the service ended {seen.restarts} times; {why}".rstrip("; "))
    if watch.open_since_s is not None:
        for gate, since_s in watch.closed_since_s.items():
            if now_s - since_s >= PATIENCE_S[gate]:
                return Verdict(False, f"{gate}: {seen.closed[gate]}")
        if not seen.closed and now_s - watch.open_since_s >= patience.settle_s:
            return Verdict(True)
    if now_s - watch.began_s >= patience.limit_s:
        return Verdict(False, f"not ready after {patience.limit_s:g} s; {why}".rstrip("; "))
    return Verdict(None)
