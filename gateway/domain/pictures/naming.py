"""Names that people and classifiers give to pictures: bursts, the words kept, how well they agree. PURE.

Owns these values and how they are counted. Must not decide whose word counts (`ingest.messages.corrections`).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain import species

NOTHING = "nothing"  # there is no animal: the event stays and counts no animal
KEYS = ("boar", "deer", "monkey", "bear", "raccoon", "civet", "raccoon_dog", "badger", "fox")
MOST_IN_BURST = 60
LEAST_CONFIDENCE = 0.5  # from which "person" of a machine hides a picture; without one it does, too


class GivenName(Struct, frozen=True, kw_only=True):
    """One word about what an event shows. `act`: the words of one key press have the same."""

    id: str
    device: str
    event: str
    by: str  # a person, or a classifier
    is_person: bool
    species: str  # of the table, or NOTHING
    at: datetime
    act: str
    confidence: float | None = None
    before: "NameBefore | None" = None  # of a person's word


class NameBefore(Struct, frozen=True):
    """What an event was before a person named it."""

    species: str | None
    confidence: float | None
    count: int | None
    by: str | None


class Seen(Struct, frozen=True):
    """A picture as it is named: where and when."""

    id: str
    device: str
    event: str
    at: datetime


class Burst(Struct, frozen=True):
    """Pictures of one camera that follow each other: named as one."""

    device: str
    seen: tuple[Seen, ...]  # in order of time

    @property
    def begin(self) -> datetime:
        """When the first was taken."""
        return self.seen[0].at


class Agreement(Struct, frozen=True):
    """How often people and classifiers gave the same name. `pairs`: (classifier's, people's) -> events."""

    events: int
    same: int
    pairs: tuple[tuple[str, str, int], ...]

    @property
    def share(self) -> float | None:
        """The share of events with the same name; None without any."""
        return self.same / self.events if self.events else None


def bursts(pictures: Iterable[Seen], gap_s: float) -> list[Burst]:
    """The pictures as bursts, the newest burst first."""
    gap = timedelta(seconds=gap_s)
    by_device: dict[str, list[list[Seen]]] = {}
    for one in sorted(pictures, key=lambda seen: (seen.at, seen.id)):
        runs = by_device.setdefault(one.device, [])
        if runs and one.at - runs[-1][-1].at <= gap and len(runs[-1]) < MOST_IN_BURST:
            runs[-1].append(one)
        else:
            runs.append([one])
    found = [Burst(device, tuple(run)) for device, runs in by_device.items() for run in runs]
    return sorted(found, key=lambda burst: (burst.begin, burst.device), reverse=True)


def agreement(pairs: Iterable[tuple[str, str]]) -> Agreement:
    """How well (classifier's, people's) names agree, one pair an event; the most frequent pairs first."""
    counted = Counter(pairs)
    ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return Agreement(
        counted.total(),
        sum(count for (machine, person), count in counted.items() if machine == person),
        tuple((machine, person, count) for (machine, person), count in ordered),
    )


def hides(named: str | None, confidence: float | None) -> bool:
    """Whether this name of an event hides its pictures from all who may not see people."""
    return named == species.PERSON and (confidence is None or confidence >= LEAST_CONFIDENCE)


def is_name(name: str) -> bool:
    """Whether people may give this name."""
    return name == NOTHING or name in species.BY_CODE
