"""Thirty days on an injected clock: what time alone must bring about, and nothing else."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from gateway.alerts.channels import Notification
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.domain.model import ActionKind, Device, Kind, Role
from gateway.store.feed import Feed
from tests.gateway.alerts.site import Site

HOUR, DAY = 60, 1440  # minutes
DAYS = 30
BEAT = 6 * HOUR
STEP = 20
TRAPS = [
    Device(id=f"trap-{n}", role=Role.TRAP, area="三井楽", heartbeat_s=BEAT * 60) for n in range(8)
]
CAMERAS = [
    Device(
        id=f"cam-{n}", role=Role.DETECTOR, area="富江", dialect="chirpstack", heartbeat_s=BEAT * 60
    )
    for n in range(6)
]


class Told(Struct):
    """A message that somebody got."""

    minute: float
    person: str
    title: str
    text: str


class Month:
    """The site, its people's phones, and a story told by the minute."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder, devices=[*TRAPS, *CAMERAS])
        self.told: list[Told] = []
        ways = {}
        for person in self.site.policy.people.values():
            ways[person.name, "0"] = OpenChannel(
                "console", open_channel("console:").row, self._phone(person.name)
            )
        self.notifier = Notifier(
            self.site.store, Feed(), self.site.policy, ways, Links(""), lambda: self.site.now
        )
        self.runner = asyncio.Runner()
        self.dead: set[str] = set()

    def _phone(self, person: str):  # type: ignore[no-untyped-def]
        async def send(letter: Notification) -> str:
            self.told.append(Told(self.site.minutes, person, letter.title, letter.text))
            return "ok"

        return send

    def step(self, minute: int) -> None:
        """Twenty minutes pass: heartbeats on time (each device at its own phase), a tick, deliveries."""
        for number, device in enumerate([*TRAPS, *CAMERAS]):
            if (minute - number * STEP) % BEAT == 0 and device.id not in self.dead:
                self.site.hear(device.id, Kind.HEARTBEAT, minute)
        self.site.tick(minute)
        self.runner.run(self.notifier.deliver_due())

    def round(self, minute: int, but: str = "") -> None:
        """Somebody visits every trap but one."""
        for trap in TRAPS:
            if trap.id != but:
                self.site.act(ActionKind.VISITED, minute, trap.id)

    def close(self) -> None:
        self.runner.close()
        self.site.store.close()

    def titles(self, person: str) -> Counter[str]:
        return Counter(one.title for one in self.told if one.person == person)


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    month = Month(tmp_path)
    yield month
    month.close()


@pytest.mark.long
def test_a_month_without_events_and_with_its_visits_notifies_nobody(month: Month) -> None:
    for trap in TRAPS:
        month.site.hear(trap.id, Kind.SET, -1)
    for minute in range(0, DAYS * DAY, STEP):
        month.step(minute)
        if minute % DAY == 4 * HOUR:  # 13:00 in Tokyo: the round
            month.round(minute + 1)
    assert month.told == []
    assert month.site.open() == {}


def test_time_alone_brings_every_reminder_and_none_twice(month: Month) -> None:
    cameras = {camera.id for camera in CAMERAS}
    site = month.site
    story: dict[int, Callable[[], object]] = {
        3 * DAY: lambda: month.dead.add("trap-3"),  # one sensor dies for good
        10 * DAY: lambda: month.dead.update(cameras),  # the network server is down for two days
        12 * DAY: lambda: month.dead.difference_update(cameras),
        20 * DAY: lambda: site.hear("trap-1", Kind.SPRUNG, 20 * DAY),  # nobody answers until
        21 * DAY: lambda: site.act(ActionKind.CAPTURED, 21 * DAY, "trap-1"),  # the next day
        21 * DAY + 20: lambda: site.act(ActionKind.DISPATCHED, 21 * DAY + 20, "trap-1"),
        21 * DAY + 40: lambda: site.act(ActionKind.ARMED, 21 * DAY + 40, "trap-1"),
    }
    for trap in TRAPS:
        site.hear(trap.id, Kind.SET, -1)
    for minute in range(0, DAYS * DAY, STEP):
        story.get(minute, lambda: None)()
        month.step(minute)
        if minute % DAY == 4 * HOUR and minute // DAY != 15:  # no round on the sixteenth day
            month.round(minute + 1, but="trap-1" if minute // DAY == 20 else "")
    tanaka, office = month.titles("tanaka"), month.titles("office")
    assert tanaka["通信途絶"] == 1, "the dead sensor, once; not the cameras of the outage"
    assert office["多数が通信途絶"] == 1
    assert tanaka["わなが作動"] == 1
    assert tanaka["再通知 わなが作動"] == 2
    assert month.titles("sato")["応答なし わなが作動"] == 1
    assert office["応答なし わなが作動"] == 1
    assert office["応答なし"] == 1, "and after two hours the office hears that nobody answered"
    assert 1 <= tanaka["見回り未実施"] <= 2, "the day without a round (and the unanswered trap's)"
    assert sum(tanaka.values()) <= 7
    assert sorted(month.site.open()) == [("silent", "trap-3")]
    silent = next(one for one in month.told if one.title == "通信途絶")
    due = 3 * DAY + BEAT * 2.5
    assert due - BEAT <= silent.minute <= due + 20


def test_a_tick_missed_or_repeated_changes_no_message(month: Month, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Month(tmp_path / "other")
    for one in (month, other):
        one.site.hear("trap-1", Kind.SET, 0)
        one.site.hear("trap-1", Kind.SPRUNG, 10)
    for minute in range(20, 3 * HOUR, 10):
        month.step(minute)
        other.step(minute)
        other.site.tick(minute)
        other.site.tick(minute + 0.1)
    other.close()
    assert [(t.person, t.title) for t in month.told] == [(t.person, t.title) for t in other.told]
    assert len(month.told) >= 5


def test_the_clock_between_two_ticks_may_jump_over_all_steps(month: Month) -> None:
    month.site.hear("trap-1", Kind.SPRUNG, 0)
    month.step(0)
    month.site.minutes = timedelta(hours=20) / timedelta(minutes=1)
    month.step(20 * HOUR)
    assert month.titles("office")["応答なし わなが作動"] == 1
    assert month.titles("sato")["応答なし わなが作動"] == 1
