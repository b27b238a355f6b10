"""Golden messages: one of each kind that the simulator can send, byte for byte.

Owns the short story that makes them say everything. `python -m tests.firmware_sim.golden`
writes `golden.jsonl` anew after a change that is meant; review the difference.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from firmware_sim.devices.device import OutgoingPublish
from firmware_sim.devices.unit import SimulatedDevice, Stimulus
from firmware_sim.habitat.scenario import DeviceSpec, Scenario, load

FILE = Path(__file__).with_name("golden.jsonl")
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC).timestamp()
STORIES = {"detector": ("heartbeat", "seen", "tamper"), "trap": ("spring", "heartbeat", "reset")}


def cast() -> Scenario:
    """Give the tiny scenario with every sensor model, and a box trap wired the other way."""
    tiny = load("tiny")
    lora = tiny.devices[3]
    more: list[DeviceSpec] = [
        msgspec.structs.replace(lora, id=f"24e124535f00001{n}", model=model, inverted=inverted)
        for n, (model, inverted) in enumerate(
            [("milesight-em300-mcs", False), ("dragino-lds02", False), ("milesight-ws301", True)]
        )
    ]
    return msgspec.structs.replace(tiny, devices=(*tiny.devices, *more))


def messages() -> list[OutgoingPublish]:
    """Tell every device's story and give what it sends."""
    scenario = cast()
    return [publish for spec in scenario.devices for publish in _story(scenario, spec)]


def lines() -> list[str]:
    """Give the messages as the file's lines."""
    return [
        json.dumps(
            {"topic": p.topic, "payload": p.payload.decode(), "qos": p.qos, "retain": p.retain},
            ensure_ascii=False,
        )
        for p in messages()
    ]


def _story(scenario: Scenario, spec: DeviceSpec) -> list[OutgoingPublish]:
    unit = SimulatedDevice(scenario, spec, NOON)
    found = unit.native.firmware.birth() if unit.native else []
    found += unit.radio.due(0, reachable=True)
    for n, what in enumerate(STORIES[spec.role], start=1):
        unit.act(Stimulus(NOON + 3600.125 * n, what, "boar" if what == "seen" else "", 2))
        found += unit.radio.due(float(n), reachable=True)
    return found + ([unit.native.firmware.status("offline")] if unit.native else [])


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", "utf-8")
