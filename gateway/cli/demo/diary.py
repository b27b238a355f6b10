"""The outcomes that the demo's trappers recorded for most springs of the simulated year. PURE.

Owns the outcomes, chosen by a hash of the event's id so that each start gives the same. Each is recorded
shortly before the sensor reports the trap as set again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b

from gateway.domain.model import ActionKind, Event, Kind, TrapAction

PEOPLE = ("松本", "山口", "平山", "川口")
# Cumulative percent, outcome, species.
OUTCOMES: tuple[tuple[int, ActionKind, str | None], ...] = (
    (46, ActionKind.CAPTURED, "boar"),
    (56, ActionKind.CAPTURED, "deer"),
    (82, ActionKind.FALSE_SPRING, None),
    (92, ActionKind.NON_TARGET, "raccoon_dog"),
)  # the rest is never recorded, as in the field
WEIGHTS = ("20kg未満", "20-40kg", "40kg以上")
RECORDED_BEFORE_SET = timedelta(minutes=5)


class Diary:
    """Remembers springs until the trap is set again."""

    def __init__(self) -> None:
        self._sprung: dict[str, Event] = {}

    def read(self, events: Iterable[Event]) -> list[TrapAction]:
        """The actions that follow from events; events of one device must be in order."""
        acts = []
        for event in events:
            if event.kind is Kind.SPRUNG:
                self._sprung[event.device] = event
            elif event.kind is Kind.SET and (spring := self._sprung.pop(event.device, None)):
                at = max(spring.observed_at, event.observed_at - RECORDED_BEFORE_SET)
                acts += _written(spring, at)
        return acts


def _written(spring: Event, at: datetime) -> list[TrapAction]:
    dice = blake2b(spring.id.encode(), digest_size=4).digest()
    share = int.from_bytes(dice[:2]) % 100
    for below, deed, species in OUTCOMES:
        if share < below:
            caught = deed is ActionKind.CAPTURED
            act = TrapAction(
                id=f"diary:{spring.id}",
                device=spring.device,
                deed=deed,
                at=at,
                recorded_at=at,
                by=PEOPLE[dice[2] % len(PEOPLE)],
                through="demo",
                species=species,
                count=1 + (dice[3] % 7 == 0) if caught else None,
                sex=("male", "female")[dice[3] % 2] if caught else None,
                weight_class=WEIGHTS[dice[2] % 3] if caught else None,
            )
            return [act]
    return []
