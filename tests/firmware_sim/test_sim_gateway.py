"""The simulator and the gateway share no code: these golden bytes bind what they mean."""

from datetime import UTC, datetime

import pytest

from firmware_sim.devices.device import OutgoingPublish
from firmware_sim.habitat.scenario import registry
from gateway.dialects import Context
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Device, Message, Reading, Role
from tests.firmware_sim.golden import NOON, cast, messages

CONFIRMS = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TRAP_BY_STATE = ["join", "trap.set", "trap.sprung", "trap.sprung", "heartbeat", "trap.set"]
TOLD = {
    "det-01": ["online", "join", "heartbeat", "detection", "tamper", "offline"],
    "trap-01": ["online", "join", *("trap.set", "trap.sprung", "heartbeat", "trap.set"), "offline"],
    "24e124535f000001": ["join", "heartbeat", "heartbeat", "detection"],
    "24e124535f000002": TRAP_BY_STATE,
    "24e124535f000010": TRAP_BY_STATE,
    "24e124535f000011": TRAP_BY_STATE,
    "24e124535f000012": TRAP_BY_STATE,
}


def devices() -> dict[str, Device]:
    rows = registry(cast())
    kept = ("id", "name", "lat", "lon", "area", "dialect", "model", "inverted", "trap_type")
    return {
        str(row["id"]): Device(role=Role(str(row["role"])), **{k: row[k] for k in kept})  # type: ignore[arg-type]
        for row in rows
    }


def read(publish: OutgoingPublish) -> list[Reading]:
    dialect = "native" if publish.topic.startswith("wildlife/") else "chirpstack"
    message = Message(publish.topic, publish.payload, CONFIRMS, publish.qos, publish.retain)
    return BY_NAME[dialect].decode(message, Context(devices=devices(), site="tiny"))


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    mqtt = [p for p in messages() if not p.topic.startswith("msh/")]
    return [reading for publish in mqtt for reading in read(publish)]


@pytest.mark.parametrize("device", TOLD)
def test_the_gateway_decodes_all_messages_of_a_device(readings: list[Reading], device: str) -> None:
    assert [str(r.kind) for r in readings if r.device == device] == TOLD[device]


def test_the_gateway_reads_the_devices_own_time_and_numbers(readings: list[Reading]) -> None:
    (seen,) = (r for r in readings if r.device == "det-01" and r.kind == "detection")
    assert seen.device_time == datetime.fromtimestamp(NOON + 2 * 3600.125, UTC)
    assert (seen.species, seen.count, seen.boot, seen.seq) == ("boar", 2, 1, 2)
    assert seen.battery_v is not None
    assert seen.rssi_dbm is not None


def test_every_reading_has_its_own_id(readings: list[Reading]) -> None:
    assert len({reading.id for reading in readings}) == len(readings)


def test_every_lorawan_reading_has_its_signal_strength(readings: list[Reading]) -> None:
    up = [r for r in readings if r.device.startswith("24e1") and r.rssi_dbm is not None]
    assert len(up) == 4 * 4 + 2
    assert all(-120 < (r.rssi_dbm or 0) < -70 and r.snr_db is not None for r in up)
