"""A recording holds every message byte for byte, and is played with its timing."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Mqtt
from gateway.domain.model import Message
from gateway.mqtt.traffic import playing, recording
from gateway.mqtt.traffic.playing import PlayingError
from gateway.mqtt.traffic.recording import RecordedMessage, RecordingError
from tests.support.servers import Mosquitto, free_port, wait_for

BEGUN = datetime(2026, 11, 23, tzinfo=UTC)


@given(st.binary(max_size=200), st.integers(0, 1), st.booleans(), st.integers(0, 10**9))
def test_any_message_is_read_back_as_it_came(
    payload: bytes, qos: int, retain: bool, millis: int
) -> None:
    at = BEGUN + timedelta(milliseconds=millis)
    text = recording.line(Message("a/ア", payload, at, qos, retain), BEGUN)
    [found] = recording.read([recording.head(BEGUN, ["#"]), text])
    assert (found.payload, found.qos, found.retain) == (payload, qos, retain)
    assert found.topic == "a/ア"
    assert found.at_s == pytest.approx(millis / 1000)


def test_a_json_payload_can_be_read_in_the_file_by_a_person() -> None:
    text = recording.line(Message("a", b'{"kind":"trap.sprung"}', BEGUN), BEGUN)
    assert json.loads(text)["text"] == '{"kind":"trap.sprung"}'


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ([b"not json"], 1),
        ([b'{"shishigaki_recording":9,"begun":"2026-01-01T00:00:00Z","filters":[]}'], 1),
        ([recording.head(BEGUN, []), b'{"at_s":1}'], 2),
        ([recording.head(BEGUN, []), b'{"at_s":1,"topic":"a","base64":"?"}'], 2),
        ([recording.head(BEGUN, []), b'{"at_s":1,"topic":"a","qos":7}'], 2),
        ([recording.head(BEGUN, []), b'{"at_s":1,"topic":"a/+"}'], 2),
    ],
)
def test_a_line_that_cannot_be_used_is_named(lines: list[bytes], number: int) -> None:
    with pytest.raises(RecordingError, match=f"line {number}"):
        list(recording.read(lines))


def test_an_empty_file_is_no_recording() -> None:
    with pytest.raises(RecordingError, match="empty"):
        list(recording.read([]))
    assert list(recording.read([recording.head(BEGUN, ["#"])])) == []


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


def recording_of(folder: Path, broker: Mosquitto) -> "subprocess.Popen[bytes]":
    """`shishigaki record`, once it hears a message."""
    settings, out = folder / "site.toml", folder / "field.jsonl"
    settings.write_text(f'[site]\nname = "goto"\n[mqtt]\nport = {broker.port}\n')
    command = [sys.executable, "-m", "gateway.cli", "record", str(out), "-c", str(settings)]
    started = subprocess.Popen(command)
    probe = [RecordedMessage(0.0, "wildlife/v1/goto/probe/event", text="")]

    def hears() -> bool:
        asyncio.run(play(broker.port, probe, speed=0))
        return out.exists() and out.stat().st_size > 0

    wait_for(hears, "record to hear a message")
    return started


async def play(port: int, messages: list[RecordedMessage], speed: float) -> list[float]:
    """Play; gives the seconds after the first at which each was played."""
    loop, times = asyncio.get_running_loop(), list[float]()
    settings = Mqtt(host="127.0.0.1", port=port)
    await playing.play(settings, messages, speed, lambda _: times.append(loop.time()))
    return [at - times[0] for at in times]


@pytest.mark.real
def test_what_is_recorded_is_played_again_with_its_timing(
    tmp_path: Path, broker: Mosquitto
) -> None:
    process = recording_of(tmp_path, broker)
    sent = [
        RecordedMessage(0.5 * n, f"wildlife/v1/goto/trap-{n}/event", base64="/w==", qos=1)
        for n in range(3)
    ]
    asyncio.run(play(broker.port, sent, speed=1.0))
    wait_for(lambda: b"trap-2" in (tmp_path / "field.jsonl").read_bytes(), "the last message")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    with (tmp_path / "field.jsonl").open("rb") as lines:
        found = [one for one in recording.read(lines) if "trap" in one.topic]
    assert [(one.topic, one.payload) for one in found] == [(o.topic, o.payload) for o in sent]
    at_s = [one.at_s - found[0].at_s for one in found]
    assert at_s == pytest.approx([0.0, 0.5, 1.0], abs=0.3)

    again = asyncio.run(play(broker.port, found, speed=4.0))
    assert again[2] >= 0.9 / 4
    at_once = asyncio.run(play(broker.port, found, speed=0))
    assert len(at_once) == 3


def test_a_broker_that_does_not_answer_is_named() -> None:
    port = free_port()
    with pytest.raises(PlayingError, match=f"127.0.0.1:{port}"):
        asyncio.run(play(port, [RecordedMessage(0.0, "a", text="")], 1.0))
