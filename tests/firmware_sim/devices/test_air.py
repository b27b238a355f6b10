"""The air: frames are lost by distance and terrain, heard by several gateways, refused by the duty cycle."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from firmware_sim.devices import air
from firmware_sim.devices.unit import SimulatedDevice, Stimulus
from firmware_sim.habitat.records import Heard, Lost, Sent, TruthRecord
from firmware_sim.habitat.scenario import DeviceSpec, FaultRates, RadioGateway, Scenario, load
from firmware_sim.world import World

NEAR, FAR = (32.6855, 128.7405), (32.760, 128.900)
START = datetime(2026, 10, 1, tzinfo=UTC)


def radio() -> Scenario:
    return load("radio")


def lora(at: tuple[float, float], role: str = "detector") -> DeviceSpec:
    model = "milesight-ws202" if role == "detector" else "milesight-ws301"
    return DeviceSpec("24e1240000000001", role, "x", at, "x", radio="chirpstack", model=model)  # type: ignore[arg-type]


def share_heard(at: tuple[float, float]) -> float:
    return sum(bool(air.heard(radio(), lora(at), n)) for n in range(200)) / 200


def test_a_near_device_is_heard_and_a_far_one_is_not() -> None:
    assert share_heard(NEAR) > 0.95
    assert share_heard(FAR) < 0.05


def test_forest_weakens_the_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = RadioGateway("g", (32.70, 128.75))
    air._mean_dbm.cache_clear()
    usual = air._mean_dbm(1, NEAR, gateway)
    monkeypatch.setattr(air, "FOREST_DB_PER_KM", 0.0)
    air._mean_dbm.cache_clear()
    bare = air._mean_dbm(1, NEAR, gateway)
    air._mean_dbm.cache_clear()
    assert usual < bare


def test_a_frame_that_two_gateways_hear_is_one_uplink_with_both() -> None:
    gateways = (RadioGateway("a", NEAR), RadioGateway("b", (32.6865, 128.7415)))
    both = msgspec.structs.replace(radio(), gateways=gateways, devices=(lora(NEAR),))
    unit = SimulatedDevice(both, lora(NEAR), START.timestamp())
    unit.act(Stimulus(START.timestamp() + 100, "heartbeat"))
    [up] = [p for p in unit.radio.due(0, reachable=True) if p.topic.endswith("/up")]
    receptions = json.loads(up.payload)["rxInfo"]
    assert {one["gatewayId"] for one in receptions} == {"a", "b"}
    assert receptions[0]["rssi"] >= receptions[1]["rssi"]


def test_frames_within_the_duty_cycle_are_not_sent() -> None:
    unit = SimulatedDevice(radio(), lora(NEAR), START.timestamp())
    unit.radio.due(0, reachable=True)
    for second in (100, 105, 110, 130):
        unit.act(Stimulus(START.timestamp() + second, "seen", "boar", 1))
        unit.radio.due(0, reachable=True)
    lost = [one.at - START.timestamp() for one in unit.radio.told if isinstance(one, Lost)]
    assert lost == [105, 110]


@pytest.mark.parametrize(("hops", "share"), [(0, 0.8), (2, 0.8**3)])
def test_each_hop_of_a_mesh_loses_packets(hops: int, share: float) -> None:
    survived = sum(air.relayed(12_345, packet, hops, 0.2) for packet in range(3_000))
    assert survived / 3_000 == pytest.approx(share, abs=0.04)


def test_a_packet_that_two_nodes_uplink_has_two_topics_and_one_id() -> None:
    tiny = msgspec.structs.replace(load("tiny"), faults=FaultRates(frame_doubled=1.0))
    unit = SimulatedDevice(tiny, tiny.devices[4], START.timestamp())
    found = unit.radio.due(0, reachable=True)
    topics = Counter(publish.topic.rpartition("/")[2] for publish in found)
    assert len(topics) == 2
    ids = Counter(json.loads(publish.payload)["id"] for publish in found)
    assert set(ids.values()) == {2}


def test_a_device_that_forgets_its_boot_number_uses_no_id_twice() -> None:
    spec = next(one for one in radio().devices if one.forgets and one.role == "trap")
    unit = SimulatedDevice(radio(), spec, START.timestamp())
    for hour in (1, 2, 3):
        unit.radio.boot(unit.senses(START.timestamp() + hour * 3_600))
        unit.radio.heartbeat(unit.senses(START.timestamp() + hour * 3_600 + 5))
    bodies = [json.loads(publish.payload) for publish in unit.radio.due(0, reachable=True)]
    assert {body["boot"] for body in bodies} == {1}
    assert len({body["id"] for body in bodies}) == len(bodies)


def test_firmware_that_retains_marks_its_events_and_nothing_else() -> None:
    spec = msgspec.structs.replace(load("tiny").devices[1], retains=True)
    unit = SimulatedDevice(load("tiny"), spec, START.timestamp())
    unit.radio.heartbeat(unit.senses(START.timestamp() + 5))
    found = {p.topic.rpartition("/")[2]: p.retain for p in unit.radio.due(0, reachable=True)}
    assert found == {"telemetry": False, "event": True}


def test_the_radio_scenario_loses_frames_on_the_air_and_to_the_duty_cycle() -> None:
    told: list[TruthRecord] = []
    end = START + timedelta(days=4)
    times = [at for at, _, _ in World(radio(), START, told.append).live_through(end)]
    assert all(a <= b for a, b in pairwise(times))
    why = Counter(one.why for one in told if isinstance(one, Lost))
    assert why["air"] > 5
    sent = {(o.device, o.id) for o in told if isinstance(o, Sent)}
    ended = {(o.device, o.id) for o in told if isinstance(o, Heard | Lost)}
    assert ended <= sent
