"""The truth in the order in which it is compared: per trap, per message, per device.

Owns how records become springs with their messages, states over time and passages. Must not know the gateway.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct, field

from firmware_sim.evaluation.truth_file import Head
from firmware_sim.habitat.records import (
    Armed,
    AtRest,
    Damage,
    Expected,
    Heard,
    Lost,
    Passage,
    Reach,
    Record,
    Sent,
    Spring,
    Told,
)

MessageName = tuple[str, str]  # device, id


class SpringStory(Struct):
    """One spring and the messages that told of it."""

    device: str
    at: float
    cause: str
    caught: int
    until: float  # set again, or the end of the simulation
    heard_at: float | None = None  # when the first message that says so reached the broker

    @property
    def in_time(self) -> bool:
        """Whether that was before somebody set the trap again: later there is nothing to tell."""
        return self.heard_at is not None and self.heard_at <= self.until


class Story(Struct):
    """Everything that truly happened in one simulation."""

    head: Head
    springs: list[SpringStory] = field(default_factory=list)
    sent: dict[MessageName, Sent] = field(default_factory=dict)
    heard: dict[MessageName, Heard] = field(default_factory=dict)
    lost: dict[MessageName, str] = field(default_factory=dict)  # and why
    states: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    works: dict[str, list[tuple[float, bool]]] = field(default_factory=lambda: defaultdict(list))
    heard_times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    passages: list[Passage] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)

    def state(self, device: str, at: float) -> str:
        """The true state of a trap: sprung, armed, at_rest; empty before the first."""
        changes = self.states[device]
        index = bisect_right(changes, at, key=lambda change: change[0])
        return changes[index - 1][1] if index else ""

    def was_working(self, device: str, at: float) -> bool:
        """Whether a device kept what it saw: it had power and was there."""
        changes = self.works[device]
        index = bisect_right(changes, at, key=lambda change: change[0])
        return bool(index) and changes[index - 1][1]

    def last_heard(self, device: str, at: float) -> float | None:
        """When the broker last heard a device before `at`."""
        times = self.heard_times[device]
        index = bisect_right(times, at)
        return times[index - 1] if index else None


def tell(head: Head, records: Iterable[Record]) -> Story:
    """Put the records of a simulation in order."""
    story = Story(head)
    for record in records:
        _take(story, record)
    _match(story)
    return story


def _take(story: Story, record: Record) -> None:
    match record:
        case Sent():
            story.sent[record.device, record.id] = record
        case Heard():
            story.heard.setdefault((record.device, record.id), record)
            story.heard_times[record.device].append(record.at)
        case Lost():
            story.lost[record.device, record.id] = record.why
        case Reach():
            story.works[record.device].append((record.at, record.works))
        case Passage():
            story.passages.append(record)
        case Told():
            story.told.append(record)
        case Expected():
            story.expected.append(record)
        case Damage():
            story.damage.append(record)
        case Spring() | Armed() | AtRest():
            _change(story, record)


def _change(story: Story, record: Spring | Armed | AtRest) -> None:
    """A trap's state changed; setting it ends its spring."""
    word = {Spring: "sprung", Armed: "armed", AtRest: "at_rest"}[type(record)]
    story.states[record.device].append((record.at, word))
    if isinstance(record, Spring):
        spring = SpringStory(record.device, record.at, record.cause, record.caught, story.head.end)
        story.springs.append(spring)
        return
    for spring in reversed(story.springs):
        if spring.device == record.device:
            spring.until = min(spring.until, record.at)
            break


def _match(story: Story) -> None:
    """Find the first message about each spring that reached the broker."""
    saying: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, heard in story.heard.items():
        if (sent := story.sent.get(name)) is not None and sent.state == "sprung":
            saying[name[0]].append((sent.at, heard.at))
    for spring in story.springs:
        found = [heard for sent, heard in saying[spring.device] if spring.at <= sent < spring.until]
        spring.heard_at = min(found, default=None)
