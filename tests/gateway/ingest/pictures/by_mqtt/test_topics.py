"""Pictures and labels by a real broker: acknowledged after they are on the disk, each once."""

import ast
import asyncio
import base64
import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config import SourceSettings, check
from gateway.domain.model import Device, Message, RefusalReason, Role
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.decoding import Sources
from gateway.ingest.pictures.by_mqtt.topic_names import TopicNames
from gateway.parts import policy
from tests.gateway.ingest.pictures.station import Station
from tests.support import pictures
from tests.support.pace import Deadline
from tests.support.servers import Mosquitto
from tests.support.service import Sensor

ONE = pictures.picture(width=320, height=240)
NAMES = TopicNames("goto", ("esp32cam/{camera}/image", "{camera}/jpg"), "frigate", True)
WORKER = Path(__file__).parents[5] / "deploy" / "classifier" / "worker.py"


@pytest.mark.parametrize(
    ("topic", "camera"),
    [
        ("esp32cam/KITA_3/image", "kita-3"),
        ("kita-3/jpg", "kita-3"),
        ("esp32cam/a/b/image", None),
        ("esp32cam/名前/image", None),
        ("esp32cam//image", None),
        ("other/kita-3/image", None),
    ],
)
def test_a_topic_names_its_camera_or_none(topic: str, camera: str | None) -> None:
    assert NAMES.camera(topic) == camera


def test_topics_of_snapshots_and_labels_are_told_from_others() -> None:
    assert NAMES.snapshot("frigate/gate/boar/snapshot") == ("gate", "boar")
    assert NAMES.snapshot("frigate/gate/snapshot") is None
    assert NAMES.snapshot("other/gate/boar/snapshot") is None
    assert NAMES.labelled("shishigaki/v1/goto/picture/ab/label") == "ab"
    assert NAMES.labelled("shishigaki/v1/other/picture/ab/label") is None


class Line:
    """A station whose pictures come by a broker."""

    def __init__(self, station: Station, broker: Mosquitto) -> None:
        self.station = station
        self.parts = station.build(
            more={"mqtt": {"port": broker.port, "protocol": "5"}},
            topics=["esp32cam/{camera}/image"],
            frigate="frigate",
            classifier=True,
        )
        self.sensor = Sensor(broker.port)

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.sensor._client.publish(topic, payload, qos=1, retain=retain)

    def until(self, is_done: Callable[[], object], *sent: tuple[str, bytes]) -> None:
        """Run the parts; send once they listen."""

        async def scenario() -> None:
            tasks = [asyncio.create_task(work()) for work in self.parts.tasks.values()]
            session: Any = self.parts.tasks["pictures by mqtt"].__self__  # type: ignore[attr-defined]
            deadline = Deadline(30)
            while not session.counters.connected:
                await asyncio.sleep(0.01)
            for topic, payload in sent:
                self.send(topic, payload)
            while not is_done():
                assert not deadline.has_passed()
                for task in tasks:
                    assert not task.done(), task.exception()
                await asyncio.sleep(0.02)
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        asyncio.run(scenario())


@pytest.fixture
def line(station: Station, mosquitto: Mosquitto) -> Iterator[Line]:
    line = Line(station, mosquitto)
    yield line
    line.sensor.close()


@pytest.mark.real
def test_an_esp32_camera_is_an_event_a_picture_and_what_is_none_is_refused_visibly(
    line: Line,
) -> None:
    station = line.station
    topic = "esp32cam/kita-3/image"
    encoded = base64.b64encode(pictures.picture(width=320, height=240, shade=2))
    line.until(
        lambda: len(station.pictures()) == 2 and station.store.read_now(lambda r: r.quarantine(9)),
        (topic, ONE),
        (topic, ONE),
        (topic, b"data:image/jpeg;base64," + encoded),
        (topic, pictures.HTML),
    )
    assert [event.device for event in station.events()] == ["kita-3", "kita-3"]
    [refused] = station.store.read_now(lambda reader: reader.quarantine(9))
    assert (refused.reason, refused.topic) == (RefusalReason.MALFORMED, topic)


@pytest.mark.real
def test_a_snapshot_of_frigate_joins_its_detection_and_one_of_nothing_is_dropped(
    line: Line,
) -> None:
    station, began = line.station, line.station.now
    gate = Device(id="gate", role=Role.DETECTOR, dialect="frigate")
    station.store.write_now(lambda tx: tx.put_device(gate))
    id_ = f"{began.timestamp()}-abc"
    thing = {"id": id_, "camera": "gate", "label": "bear", "top_score": 0.7, "has_snapshot": True}
    body = msgspec.json.encode({"type": "new", "before": thing, "after": thing})
    sources = Sources((SourceSettings(dialect="frigate"),), "goto")
    site = policy(check({"site": {"name": "goto"}}))
    station.store.write_now(
        lambda tx: absorb(tx, [Message("frigate/events", body, began)], sources.decode, began, site)
    )
    line.until(
        lambda: len(station.pictures()) == 2,
        ("frigate/gate/deer/snapshot", pictures.picture(width=320, height=240, shade=9)),
        ("frigate/gate/bear/snapshot", ONE),
        ("esp32cam/kita-3/image", pictures.picture(width=320, height=240, shade=3)),
    )
    of_gate = [one for one in station.pictures() if one.device == "gate"]
    assert [one.event for one in of_gate] == [id_]
    assert len(station.events()) == 2, "the snapshot is no event of its own"


@pytest.mark.real
def test_a_picture_is_announced_and_the_label_that_comes_back_names_it(line: Line) -> None:
    station, heard = line.station, list[bytes]()
    client = line.sensor._client

    def hear(_c: object, _u: object, message: Any) -> None:
        heard.append(message.payload)
        told = msgspec.json.decode(message.payload)
        line.send(f"shishigaki/v1/goto/picture/{told['id']}/label", b"{}")
        line.send(
            f"shishigaki/v1/goto/picture/{told['id']}/label",
            msgspec.json.encode({"v": 1, "label": "wild boar", "confidence": 0.8, "model": "net"}),
        )
        line.send(
            "shishigaki/v1/goto/picture/none/label",
            msgspec.json.encode({"v": 1, "label": "deer", "confidence": 1.0}),
        )

    client.on_message = hear
    client.subscribe("shishigaki/v1/goto/picture/+", qos=1)
    line.until(
        lambda: [event.species for event in station.events()] == ["boar"],
        ("esp32cam/kita-3/image", ONE),
    )
    told, [picture] = msgspec.json.decode(heard[0]), station.pictures()
    assert (told["id"], told["sha256"], told["device"]) == (
        picture.id,
        picture.kept_sha256,
        "kita-3",
    )
    assert "lat" not in told
    [event] = station.events()
    assert event.confidence == 0.8


@pytest.mark.real
def test_what_the_disk_does_not_take_is_not_acknowledged_and_comes_again(
    station: Station, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, takes = Line(station, mosquitto), 0
    real = line.parts.taker.take

    async def refuses_once(*given: Any) -> Any:
        nonlocal takes
        takes += 1
        if takes == 1:
            raise OSError(28, "No space left on device")
        return await real(*given)

    monkeypatch.setattr(line.parts.taker, "take", refuses_once)
    line.until(lambda: len(station.pictures()) == 1, ("esp32cam/kita-3/image", ONE))
    line.sensor.close()
    assert takes == 2


def test_the_example_of_a_classifier_is_a_program() -> None:
    tree = ast.parse(WORKER.read_text(encoding="utf-8"))
    named = {
        node.names[0].name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import)
    }
    assert "onnxruntime" in named
    assert not any(name.startswith(("gateway", "dashboard")) for name in named)


def test_nothing_is_older_than_its_detection_may_be(station: Station) -> None:
    taken = station.take(ONE)
    assert taken is not None
    reads = station.store.read_now

    def newest(after: timedelta) -> str | None:
        since_ms = round((taken.at + after).timestamp() * 1_000)
        return reads(lambda reader: reader.pictures.newest_detection("kita-3", None, since_ms))

    assert newest(timedelta(seconds=-1)) == taken.event
    assert newest(timedelta(seconds=1)) is None
