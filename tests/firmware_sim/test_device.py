"""The firmware's promises: what is on flash stays until the gateway has it."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.devices.device import (
    FLASH_EVENTS,
    RETRY_S,
    DeviceClock,
    Firmware,
    OutgoingPublish,
    rfc3339,
)

NOW = 1_795_406_706.123


def firmware(source: Any = "ntp", **clock: float) -> Firmware:
    made = Firmware("fukue", "trap-07", {"model": "t"}, DeviceClock(source, **clock), secret=1)
    made.start(NOW)
    return made


def ids(publishes: list[OutgoingPublish]) -> list[str]:
    return [json.loads(publish.payload)["id"] for publish in publishes]


def confirm(*names: str) -> bytes:
    return json.dumps({"v": 1, "ids": names}).encode()


def test_an_event_stays_until_confirmed_across_a_reboot() -> None:
    device = firmware()
    name = device.sense("trap.sprung", NOW, {})
    first = device.due(0.0)
    device.start(NOW + 60)
    again = device.due(1.0)
    assert ids(first) == ids(again) == [name]
    assert first[0].payload == again[0].payload
    assert device.confirmed(confirm(name)) == 1
    device.start(NOW + 120)
    assert device.due(1e9) == []


def test_a_lost_confirm_leads_to_a_resend_with_the_same_id_after_growing_waits() -> None:
    device = firmware()
    name = device.sense("detection", NOW, {})
    sent_at = [t for t in range(4000) if ids(device.due(float(t))) == [name]]
    waits = [later - earlier for earlier, later in pairwise(sent_at)]
    assert waits[:4] == list(RETRY_S)
    assert set(waits[4:]) == {RETRY_S[-1]}


def test_a_new_connection_sends_at_once_what_is_not_confirmed() -> None:
    device = firmware()
    kept, gone = (device.sense("detection", NOW + i, {}) for i in range(2))
    device.due(0.0)
    device.confirmed(confirm(gone))
    assert device.due(1.0) == []
    device.reconnected()
    assert ids(device.due(1.0)) == [kept]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"[]", b'{"v":2,"ids":["x"]}', b'{"v":1,"ids":"x"}', b'{"v":1,"ids":[7]}'],
)
def test_an_invalid_confirm_removes_no_event_from_the_device(payload: bytes) -> None:
    device = firmware()
    name = device.sense("trap.sprung", NOW, {})
    assert device.confirmed(payload.replace(b"x", name.encode())) == 0
    assert list(device.flash) == [name]


@given(st.data())
def test_whatever_happens_each_event_is_on_flash_or_confirmed(data: st.DataObject) -> None:
    device, now = firmware(), NOW
    made: list[str] = []
    confirmed: set[str] = set()
    for _ in range(data.draw(st.integers(1, 30))):
        now += data.draw(st.floats(0, 1000))
        match data.draw(st.sampled_from(["sense", "due", "confirm", "boot", "reconnect"])):
            case "sense":
                made.append(device.sense("detection", now, {}))
            case "due":
                assert set(ids(device.due(now))) <= set(made) - confirmed
            case "confirm":
                found = data.draw(st.sets(st.sampled_from([*made, "STRANGER"])))
                device.confirmed(confirm(*found))
                confirmed |= found
            case "boot":
                device.start(now)
            case "reconnect":
                device.reconnected()
    assert set(device.flash) == set(made) - confirmed
    assert len(set(made)) == len(made)


def test_a_full_flash_drops_the_oldest_detection_and_never_a_trap_event_before_it() -> None:
    device = firmware()
    sprung = device.sense("trap.sprung", NOW, {})
    oldest, *_ = [device.sense("detection", NOW + i, {}) for i in range(FLASH_EVENTS)]
    assert len(device.flash) == FLASH_EVENTS
    assert sprung in device.flash
    assert oldest not in device.flash
    assert json.loads(device.telemetry(NOW, {}).payload)["queued"] == FLASH_EVENTS
    assert device.dropped == 1


def test_sequence_numbers_restart_with_each_boot_and_boot_numbers_increase() -> None:
    device = firmware()
    bodies = [json.loads(device.telemetry(NOW, {}).payload) for _ in range(2)]
    device.start(NOW + 5)
    bodies.append(json.loads(device.telemetry(NOW + 7, {}).payload))
    assert [(b["boot"], b["seq"]) for b in bodies] == [(1, 1), (1, 2), (2, 1)]
    assert bodies[-1]["uptime_ms"] == 2000


def test_a_device_without_a_clock_gives_no_time_but_its_uptime() -> None:
    body = json.loads(firmware("none").telemetry(NOW + 88.123, {}).payload)
    assert "ts" not in body
    assert (body["ts_src"], body["uptime_ms"]) == ("none", 88123)


def test_an_unsynchronised_clock_drifts_with_the_days_since_it_was_set() -> None:
    device = firmware("rtc", set_at=NOW, drift_ppm=40.0)
    ten_days = NOW + 864_000
    body = json.loads(device.telemetry(ten_days, {}).payload)
    assert body["ts"] == rfc3339(ten_days + 34.56)


def test_times_are_rfc_3339_with_milliseconds() -> None:
    assert rfc3339(0.9996) == "1970-01-01T00:00:01.000Z"
    assert rfc3339(NOW) == "2026-11-23T04:05:06.123Z"


def test_birth_will_and_description_are_retained_and_events_are_not() -> None:
    device = firmware()
    device.sense("detection", NOW, {})
    assert all(p.retain and p.qos == 1 for p in [*device.birth(), device.status("offline")])
    assert all(not p.retain and p.qos == 1 for p in [*device.due(0), device.telemetry(NOW, {})])
