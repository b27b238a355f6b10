"""What the broker retains and the database does not know of is deleted; what others wrote is not."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from paho.mqtt.client import topic_matches_sub

from gateway.config import Config, Mqtt, Site
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import Alert, AlertLevel, Device, Role
from gateway.domain.outcome import Outcome
from gateway.domain.people.person import Person, PersonChannel
from gateway.export.topics import publisher
from gateway.export.topics.audit import OwnTopics
from gateway.export.topics.publisher import TopicPublisher
from gateway.mqtt.own_topics import reading
from gateway.mqtt.own_topics.reading import NotReadableError, read_retained
from gateway.mqtt.session import Counters
from gateway.store import Store
from gateway.store.feed import Feed
from tests.support.people import keep, take_out
from tests.support.samples import TRAP, at, open_store
from tests.support.servers import Amqtt, Mosquitto, free_port, wait_for
from tests.support.service import Sensor, Service, retained_message

OPEN = Alert(
    id="open1",
    rule=RuleName.TRAP_SPRUNG,
    subject=TRAP.id,
    level=AlertLevel.CAPTURE,
    observed_at=at(5),
    opened_at=at(5),
)
OURS = {"origin": {"name": "Shishigaki"}}
GHOSTS: dict[str, object] = {
    "shishigaki/v1/goto/alert/gone": {"level": "capture"},
    "shishigaki/v1/goto/trap-99/state": {"state": "sprung"},
    "shishigaki/v1/goto/notice/taro/gone": {"level": "capture"},
    "shishigaki/v1/goto/notice/nobody/open1": {"level": "capture"},
    "homeassistant/binary_sensor/shishigaki_goto_trap-99/sprung/config": OURS,
    "homeassistant/sensor/shishigaki_goto/alerts/config": OURS,
}
OTHERS: dict[str, object] = {
    "shishigaki/v1/oku/alert/theirs": {"level": "capture"},
    "shishigaki/v1/oku/trap-99/state": {"state": "sprung"},
    "shishigaki/v1/goto/trap-01/note": {"by": "another program"},
    "homeassistant/binary_sensor/shishigaki_goto-2_trap-99/sprung/config": OURS,
    "homeassistant/binary_sensor/0x00158d/contact/config": {"origin": {"name": "Zigbee2MQTT"}},
    "homeassistant/sensor/shishigaki_goto_mine/x/config": {"origin": {"name": "a person"}},
    "homeassistant/sensor/shishigaki_goto_mine/y/config": [],
    "wildlife/v1/goto/trap-01/status": "online",
}
TARO = Person(name="taro", channels=(PersonChannel("1", "mqtt:"),))
POLE = Person(name="pole", channels=(PersonChannel("1", "mqtt:shishigaki/pole/"),))


class Broker:
    """What a broker retains, and the session with it."""

    def __init__(self) -> None:
        self.kept = {topic: msgspec.json.encode(body) for topic, body in (GHOSTS | OTHERS).items()}
        self.counters = Counters(connected=True, connections=1)
        self.published: list[str] = []
        self.is_readable = True

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        assert (qos, retain) == (1, True)
        self.published.append(topic)
        self.kept[topic] = payload
        if not payload:
            del self.kept[topic]

    async def read(self, _: Mqtt, site: str, filters: Iterable[str]) -> dict[str, bytes]:
        assert site == "goto"
        if not self.is_readable:
            raise NotReadableError("not authorised")
        wanted = list(filters)
        return {
            topic: payload
            for topic, payload in self.kept.items()
            if any(topic_matches_sub(one, topic) for one in wanted)
        }


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(publisher, "read_retained", broker.read)
    monkeypatch.setattr(publisher, "CHECK_EVERY_S", 0.02)
    monkeypatch.setattr(publisher, "BETWEEN_PUBLISHES_S", 0.0)
    monkeypatch.setattr(publisher, "DECLARATIONS_S", 0.01)
    return broker


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path, TRAP)
    store.write_now(lambda tx: tx.alerts.open(OPEN, timedelta()))
    store.write_now(lambda tx: tx.people.keep_here(at(0)))
    keep(store, TARO)
    return store


def publish_until(
    store: Store, broker: Broker, done: Callable[[], bool], act: Callable[[], object] = lambda: None
) -> None:
    """Run the publisher until `done`, after `act` once it has published everything."""

    async def inside() -> None:
        config = Config(site=Site(name="goto"))
        work = TopicPublisher(store, Feed(), broker, config, lambda: at(10))
        running = asyncio.create_task(work.run())
        async with asyncio.timeout(20):
            while "shishigaki/v1/goto/trap-01/state" not in broker.kept:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(act)
            while not done():
                assert not running.done()
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(inside())
    store.close()


def test_at_a_connection_ghosts_are_deleted_and_topics_of_others_stay(
    store: Store, broker: Broker
) -> None:
    publish_until(store, broker, lambda: not set(GHOSTS) & set(broker.kept))
    assert set(OTHERS) < set(broker.kept)
    assert "shishigaki/v1/goto/alert/open1" in broker.kept
    deleted = [topic for topic in broker.published if topic in GHOSTS]
    is_declaration = [topic.endswith("/config") for topic in deleted]
    assert is_declaration == sorted(is_declaration, reverse=True), "declarations go first"


def test_control_without_looking_at_the_broker_every_ghost_stays(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnTopics, "filters", lambda _: [])
    publish_until(store, broker, lambda: len(broker.published) >= 3)
    assert set(GHOSTS) < set(broker.kept)


def test_what_is_retained_rightly_already_is_not_published_again(
    store: Store, broker: Broker
) -> None:
    publish_until(store, broker, lambda: True)
    before = dict(broker.kept)
    store = Store(store.path, at(0).tzinfo)  # type: ignore[arg-type]
    broker.published.clear()
    publish_until(store, broker, lambda: not set(GHOSTS) & set(broker.kept))
    assert "shishigaki/v1/goto/trap-01/state" not in broker.published
    assert broker.kept == before


def test_a_removed_persons_notices_are_deleted_also_one_that_was_under_way(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "CHECK_EVERY_S", 0.5)
    keep(store, POLE)
    mine, late = "shishigaki/pole/pole/open1", "shishigaki/pole/pole/open2"
    theirs = "shishigaki/v1/goto/notice/taro/open1"
    came: list[str] = []

    def remove() -> None:
        broker.kept |= {mine: b"{}", theirs: b"{}"}
        take_out(store, "pole")

    def are_gone() -> bool:
        if mine not in broker.kept and not came:
            came.append(late)
            broker.kept[late] = b"{}"
        return bool(came) and late not in broker.kept

    publish_until(store, broker, are_gone, remove)
    assert theirs in broker.kept


def test_an_open_alerts_notice_stays_over_a_new_connection(store: Store, broker: Broker) -> None:
    mine = "shishigaki/v1/goto/notice/taro/open1"

    def connect_again() -> None:
        broker.kept |= {mine: b"{}", "shishigaki/v1/goto/notice/taro/closed": b"{}"}
        broker.counters.connections += 1

    publish_until(
        store,
        broker,
        lambda: "shishigaki/v1/goto/notice/taro/closed" not in broker.kept,
        connect_again,
    )
    assert mine in broker.kept


def test_a_broker_that_may_not_be_read_gets_all_topics_and_one_warning(
    store: Store, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.is_readable = False
    publish_until(store, broker, lambda: len(broker.published) >= 3)
    assert len([one for one in caplog.messages if "cannot be compared" in one]) == 1


@pytest.mark.long
def test_another_name_of_the_site_leaves_nothing_of_the_old_one(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    service = Service(tmp_path / "gateway", mosquitto.port, TRAP)
    old = [f"shishigaki/v1/goto/{name}" for name in ("trap-01/state", "alerts", "gateway/status")]

    def retained() -> list[str]:
        return [topic for topic in old if retained_message(mosquitto.port, topic) is not None]

    with service:
        wait_for(lambda: retained() == old, "the topics", 30)
        assert service.stop() == 0
        text = service.config.read_text()
        service.config.write_text(text.replace('name = "goto"', 'name = "oku"'))
        service.start()
        wait_for(
            lambda: retained_message(mosquitto.port, "shishigaki/v1/oku/alerts"), "the new name", 30
        )
        wait_for(lambda: not retained(), "the end of the old name", 30)


@pytest.mark.parametrize("kind", [Mosquitto, Amqtt])
def test_retained_topics_are_read_from_a_real_broker(
    tmp_path: Path, kind: type[Mosquitto] | type[Amqtt]
) -> None:
    with kind(tmp_path / "broker") as broker:
        sensor = Sensor(broker.port)
        for n in range(2_500):
            sent = sensor.send(f"shishigaki/v1/goto/trap-{n}/state", n, retain=True)
        sensor.flush(sent)
        settings = Mqtt(port=broker.port)
        found = asyncio.run(read_retained(settings, "goto", ["shishigaki/v1/goto/+/state"]))
        sensor.close()
    assert len(found) == 2_500
    assert found["shishigaki/v1/goto/trap-7/state"] == b"7"


def test_what_is_retained_fills_no_memory(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 50_000)
    sensor = Sensor(mosquitto.port)
    for n in range(20):
        sent = sensor.send(f"shishigaki/v1/goto/trap-{n}/state", "x" * 10_000, retain=True)
    sensor.flush(sent)
    settings = Mqtt(port=mosquitto.port)
    found = asyncio.run(read_retained(settings, "goto", ["shishigaki/v1/goto/+/state"]))
    assert len(found) == 5
    sensor.close()


def test_a_broker_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReadableError):
        asyncio.run(read_retained(Mqtt(port=free_port()), "goto", ["a"]))


def test_a_new_alert_does_not_wait_behind_a_thousand_states(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "BETWEEN_PUBLISHES_S", 0.001)
    devices = [Device(id=f"cam-{n:04}", role=Role.DETECTOR) for n in range(1_000)]
    store, feed, session = open_store(tmp_path, TRAP, *devices), Feed(), broker
    alert = "shishigaki/v1/goto/alert/open1"

    async def inside() -> None:
        config = Config(site=Site(name="goto"))
        running = asyncio.create_task(
            TopicPublisher(store, feed, session, config, lambda: at(10)).run()
        )
        async with asyncio.timeout(60):
            while len(session.published) < 50:
                await asyncio.sleep(0.001)
            await store.write(lambda tx: tx.alerts.open(OPEN, timedelta()))
            feed.tell(Outcome(opened=[OPEN]))
            while not set(GHOSTS).isdisjoint(session.kept) or len(session.published) < 1_008:
                await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(inside())
    store.close()
    assert session.published.index(alert) < 300, "of about a thousand"
    assert session.published.count("shishigaki/v1/goto/cam-0000/state") == 1
