"""What a simulated trapper wrote down, as an action of the gateway. PURE.

Owns the translation of words. Must not store anything.
"""

from datetime import UTC, datetime

from firmware_sim.habitat.records import Told
from gateway.domain.model import ActionKind, TrapAction

PERSON, THROUGH = "simulated trapper", "page"


def action_of(told: Told) -> TrapAction:
    """The action that a record of the truth stands for."""
    at = datetime.fromtimestamp(told.at, UTC)
    recorded_at = datetime.fromtimestamp(told.recorded_at or told.at, UTC)
    caught = told.deed == ActionKind.CAPTURED
    return TrapAction(
        id=f"told:{told.device}:{told.at:.3f}:{told.deed}",
        device=told.device,
        deed=ActionKind(told.deed),
        at=at,
        recorded_at=recorded_at,
        by=PERSON,
        through=THROUGH,
        species=told.species or None,
        count=told.count if caught else None,
    )
