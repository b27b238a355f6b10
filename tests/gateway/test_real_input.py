"""Published payloads and a published package through the running gateway, and onto its map."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import msgspec
import pytest

from gateway.domain.model import Device, Kind, Role
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, retained_message

SHARED = Path(__file__).parents[3] / "shared"
CHIRPSTACK = SHARED / "samples" / "chirpstack"
PACKAGE = SHARED / "data" / "camtrapdp"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(),
    reason="the optional folder ../shared is not here; fixtures cover the dialect",
)
BOX = "24e124000000abcd"


def get(service: Service, path: str) -> object:
    with urllib.request.urlopen(service.url + path, timeout=10) as answer:
        return msgspec.json.decode(answer.read())


def on_map(service: Service) -> dict[str, dict[str, object]]:
    """The map's features by device id."""
    data = msgspec.convert(get(service, "/api/devices.geojson"), dict[str, object])
    features = msgspec.convert(data["features"], list[dict[str, object]])
    properties = [msgspec.convert(f["properties"], dict[str, object]) for f in features]
    return {str(p["id"]): p for p in properties}


def ready(service: Service, port: int) -> None:
    wait_for(
        lambda: retained_message(port, "shishigaki/v1/goto/gateway/status") == b"online",
        "the gateway",
    )


SOURCES = '[[sources]]\ndialect = "native"\n[[sources]]\ndialect = "chirpstack"\n'


def publish_raw(port: int, told: dict[str, bytes]) -> None:
    sensor = Sensor(port, "network-server")
    for topic, payload in told.items():
        sensor.flush(sensor.send(topic, msgspec.Raw(payload)))
    sensor.close()


@pytest.mark.real
def test_an_uplink_of_a_door_sensor_shows_its_trap_sprung_on_the_map(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    trap = Device(id=BOX, role=Role.TRAP, lat=32.7, lon=128.8, model="milesight-ws301")
    uplink = msgspec.json.encode(
        {
            "deduplicationId": "0a1b2c3d-0000-4000-8000-000000000001",
            "time": "2026-11-20T10:00:00+00:00",
            "deviceInfo": {"devEui": BOX, "deviceProfileName": "WS301", "deviceName": "box"},
            "devAddr": "00aabbcc",
            "fCnt": 7,
            "fPort": 85,
            "object": {"battery": 88, "magnet_status": "open", "tamper_status": "installed"},
            "rxInfo": [{"rssi": -101, "snr": 5.5}],
        }
    )
    with Service(tmp_path / "gw", mosquitto.port, trap, extra=SOURCES) as service:
        ready(service, mosquitto.port)
        publish_raw(mosquitto.port, {f"application/a/device/{BOX}/event/up": uplink})
        wait_for(lambda: on_map(service)[BOX]["condition"] == "sprung", "the trap on the map")
        [alert] = service.reader().open_alerts()
    assert alert.subject == BOX


@needs_shared
@pytest.mark.real
def test_published_chirpstack_payloads_reach_store_and_map(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    eui = "0101010101010101"
    known = Device(id=eui, role=Role.DETECTOR, lat=32.7, lon=128.8)
    found = {
        f"application/a/device/{eui}/event/{path.name.split('_')[1]}": path.read_bytes()
        for path in sorted(CHIRPSTACK.glob("event_*_docs.json"))
    }
    with Service(tmp_path / "gw", mosquitto.port, known, extra=SOURCES) as service:
        ready(service, mosquitto.port)
        publish_raw(mosquitto.port, found)
        wait_for(lambda: len(service.reader().latest_events()) >= 2, "two events")
        kinds = {event.kind for event in service.reader().latest_events()}
        assert kinds == {Kind.HEARTBEAT, Kind.JOIN}
        assert on_map(service)[eui]["id"] == eui
        assert service.reader().quarantine() == []  # the three others are understood and irrelevant


@needs_shared
@pytest.mark.real
def test_a_published_camera_trap_package_is_imported_beside_the_running_gateway(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Service(tmp_path / "gw", mosquitto.port) as service:
        ready(service, mosquitto.port)
        command = [sys.executable, "-m", "gateway.cli", "import", "camtrapdp", str(PACKAGE)]
        subprocess.run(
            [*command, "-c", str(service.config)], check=True, capture_output=True, timeout=60
        )
        assert len(on_map(service)) == 4
        rates = service.reader().rates(0, 100_000, None)
    assert sum(rate.records for rate in rates) == 28
    assert sum(rate.alive_days for rate in rates) == pytest.approx(73.3716087962963, rel=1e-12)
