"""The installer's live view: every message with how it was read, and the gateway undisturbed."""

import signal as signals
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gateway.config import SourceSettings
from gateway.domain.model import Device, Message, Role, Standing
from gateway.ingest.devices.message_trace import bars, signal, trace_rows
from gateway.ingest.messages.decoding import Sources
from tests.support.samples import T0, TRAP
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native
from tests.support.service import retained_message as retained

SOURCES = Sources((SourceSettings(dialect="native"), SourceSettings(dialect="chirpstack")), "goto")


def watched(topic: str, body: object, *devices: Device) -> list[dict[str, object]]:
    message = Message(topic, msgspec.json.encode(body), T0)
    known = {device.id: device for device in devices}
    found = trace_rows(message, SOURCES.dialect(topic), SOURCES.decode, known)
    return [msgspec.to_builtins(line) for line in found]


def test_a_message_is_shown_with_device_signal_and_battery() -> None:
    topic, body = native("trap-01", "trap.sprung", 1)
    body |= {"battery": {"v": 3.01, "pct": 71}, "link": {"rssi_dbm": -97, "snr_db": 7}}
    [line] = watched(topic, body, TRAP)
    assert (line["device"], line["name"], line["standing"]) == ("trap-01", "三井楽-01", "approved")
    assert (line["kind"], line["dialect"], line["battery_pct"]) == ("trap.sprung", "native", 71)
    assert "reason" not in line


def test_a_message_that_is_held_says_why() -> None:
    topic, body = native("trap-09", "trap.sprung", 1)
    [stranger] = watched(topic, body)
    assert (stranger["reason"], stranger["kind"]) == ("unregistered", "trap.sprung")
    waiting = Device(id="trap-09", role=Role.TRAP, standing=Standing.PENDING)
    [line] = watched(topic, body, waiting)
    assert (line["standing"], line["reason"]) == ("pending", "pending")


def test_a_refused_message_says_why() -> None:
    [line] = watched("elsewhere", {})
    assert (line["reason"], "no source" in str(line["detail"])) == ("unknown_topic", True)


@pytest.mark.parametrize(
    ("rssi_dbm", "count"), [(-60, 4), (-80, 3), (-97, 2), (-110, 1), (-125, 0)]
)
def test_bars_follow_the_signal(rssi_dbm: float, count: int) -> None:
    assert bars(rssi_dbm) == count
    assert signal(rssi_dbm).count("_") == 4 - count


def stored(service: Service) -> int:
    return len(service.reader().latest_events(100_000))


def test_watch_shows_what_arrives_and_takes_nothing_from_the_gateway(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    service = Service(tmp_path / "gateway", mosquitto.port, TRAP)
    command = [sys.executable, "-m", "gateway.cli", "watch", "--json", "-c", str(service.config)]
    out = tmp_path / "watched.jsonl"
    with service, out.open("wb") as file:
        status = "shishigaki/v1/goto/gateway/status"
        wait_for(lambda: retained(mosquitto.port, status), "the gateway to listen", 30)
        watching = subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE)
        sensor = Sensor(mosquitto.port)
        try:
            sent = 0
            while not out.read_bytes():  # until it is listening
                sent += 1
                topic, body = native("trap-01", "heartbeat", sent)
                sensor.flush(sensor.send(topic, body))
            topic, body = native("trap-01", "trap.sprung", sent + 1)
            sensor.flush(sensor.send(topic, body))
            wait_for(lambda: b"trap.sprung" in out.read_bytes(), "the spring to be shown")
            wait_for(lambda: stored(service) == sent + 1, "the gateway to have them all", 30)
        finally:
            sensor.close()
            watching.send_signal(signals.SIGINT)
            _, errors = watching.communicate(timeout=20)
    assert watching.returncode == 0
    assert errors == b""
    shown = [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]
    assert shown[-1]["kind"] == "trap.sprung"
    assert (shown[-1]["name"], shown[-1]["qos"]) == ("三井楽-01", 1)
