"""Events for other programs: each one once, never old ones, never of a device that is not approved."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.domain.model import Device, Event, Kind, Standing
from gateway.domain.outcome import Outcome
from gateway.domain.timing import judge
from gateway.export.topics.events import MOST_WAITING, EventPublisher
from gateway.mqtt.session import Counters
from gateway.store.feed import Feed
from tests.support.samples import CAMERA, TRAP, at, open_store, reading


class Broker:
    """Takes messages; while it is away it refuses one and is back."""

    def __init__(self) -> None:
        self.counters = Counters(connected=True, connections=1)
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.is_away = False

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        assert (qos, retain) == (1, False)
        if self.is_away:
            self.is_away = False
            raise TimeoutError
        self.taken.append((topic, msgspec.json.decode(payload)))


def deer(number: int, minutes: float) -> Event:
    read = reading("cam-01", Kind.DETECTION, minutes, species="deer")
    return judge(msgspec.structs.replace(read, id=f"deer-{number}"), at(minutes))


def published(
    folder: Path, outcomes: Sequence[Outcome], *devices: Device, broker: Broker | None = None
) -> list[tuple[str, dict[str, Any]]]:
    broker = broker or Broker()
    store, feed = open_store(folder, *(devices or (TRAP, CAMERA))), Feed()

    async def inside() -> None:
        running = asyncio.create_task(
            EventPublisher(store, feed, broker, "goto", lambda: at(100)).run()
        )
        await asyncio.sleep(0.05)  # it listens
        for outcome in outcomes:
            feed.tell(outcome)
        last = Outcome(events=[deer(9_999, 99)])
        while broker.is_away:
            await asyncio.sleep(0.01)
        for _ in range(1_000):
            feed.tell(last)
            await asyncio.sleep(0.01)
            if any(body["id"] == "deer-9999" for _, body in broker.taken):
                break
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(inside())
    store.close()
    return [one for one in broker.taken if one[1]["id"] != "deer-9999"]


def test_two_deer_are_two_events(tmp_path: Path) -> None:
    found = published(tmp_path, [Outcome(events=[deer(1, 98)]), Outcome(events=[deer(2, 98.5)])])
    assert [topic for topic, _ in found] == ["shishigaki/v1/goto/cam-01/event"] * 2
    assert [body["id"] for _, body in found] == ["deer-1", "deer-2"]
    assert found[0][1]["event_type"] == "detection"
    assert found[0][1]["species"] == "deer"


def test_events_of_many_devices_are_published_in_their_order(tmp_path: Path) -> None:
    """Events of devices that came while others were published wait for the next look at the registry."""
    cameras = [msgspec.structs.replace(CAMERA, id=f"cam-{n:02}") for n in range(1, 41)]
    events = [
        judge(
            msgspec.structs.replace(
                reading(f"cam-{n:02}", Kind.DETECTION, 98, species="deer"), id=f"seen-{n}"
            ),
            at(98),
        )
        for n in range(1, 41)
    ]
    outcomes = [Outcome(events=[one]) for one in events]
    found = published(tmp_path, outcomes, *cameras)
    assert [body["id"] for _, body in found] == [one.id for one in events]
    assert [topic.split("/")[3] for topic, _ in found] == [one.device for one in events]


def test_an_event_of_an_hour_ago_and_a_heartbeat_are_not_published(tmp_path: Path) -> None:
    alive = judge(reading("cam-01", Kind.HEARTBEAT, 99), at(99))
    found = published(tmp_path, [Outcome(events=[deer(1, 30), alive, deer(2, 98)])])
    assert [body["id"] for _, body in found] == ["deer-2"]


def test_a_device_that_is_not_approved_is_not_published(tmp_path: Path) -> None:
    revoked = msgspec.structs.replace(TRAP, standing=Standing.REVOKED)
    sprung = judge(reading("trap-01", Kind.SPRUNG, 99), at(99))
    assert published(tmp_path, [Outcome(events=[sprung])], revoked, CAMERA) == []


def test_more_events_than_can_wait_drop_the_oldest(tmp_path: Path) -> None:
    many = [deer(n, 98) for n in range(MOST_WAITING + 50)]
    found = published(tmp_path, [Outcome(events=many)])
    assert len(found) <= MOST_WAITING
    assert found[-1][1]["id"] == f"deer-{MOST_WAITING + 49}"


def test_what_could_not_be_published_is_not_published_later(tmp_path: Path) -> None:
    broker = Broker()
    broker.is_away = True
    assert published(tmp_path, [Outcome(events=[deer(1, 98)])], broker=broker) == []
