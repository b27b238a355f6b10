"""The Things Stack says the same of the same object."""

from datetime import UTC, datetime

from gateway.dialects import Context
from gateway.dialects.lorawan import tts
from gateway.domain.model import Device, Kind, Role
from tests.gateway.dialects import fixtures
from tests.gateway.dialects.fixtures import EUI, OPEN, TTN_UP, message
from tests.gateway.dialects.lorawan.uplink import ASSUME


def test_a_things_stack_frame_after_a_battery_change_is_another() -> None:
    first, copy, later = (fixtures.tts(OPEN) for _ in range(3))
    copy["received_at"] = copy["uplink_message"]["received_at"] = "2026-11-23T04:05:09Z"
    later["received_at"] = later["uplink_message"]["received_at"] = "2027-03-01T04:05:09Z"
    one, two, three = (tts.decode(message(TTN_UP, b), ASSUME)[0] for b in (first, copy, later))
    assert one.key == two.key == three.key  # how long a key holds is the store's affair
    assert len({one.id, two.id, three.id}) == 3


def test_the_things_stack_says_the_same_of_the_same_object() -> None:
    (reading,) = tts.decode(message(TTN_UP, fixtures.tts(OPEN)), ASSUME)
    assert reading.id == f"{EUI}:AZ1x:9@1795406701"
    assert (reading.device, reading.kind, reading.rssi_dbm) == (EUI, Kind.SPRUNG, -88)
    assert reading.device_time == datetime(2026, 11, 23, 4, 5, 1, 900_000, tzinfo=UTC)


def test_the_things_stack_leaves_out_zeros() -> None:
    body = fixtures.tts(OPEN)
    del body["uplink_message"]["f_cnt"], body["received_at"]
    del body["uplink_message"]["received_at"]
    body["uplink_message"]["rx_metadata"] = [{"time": "2026-11-23T04:05:00Z"}]
    (reading,) = tts.decode(message(TTN_UP, body), ASSUME)
    assert reading.id == f"{EUI}:AZ1x:0@1795406700"
    assert reading.device_time == datetime(2026, 11, 23, 4, 5, tzinfo=UTC)


def test_a_things_stack_device_may_be_registered_by_its_name() -> None:
    context = Context(devices={"hako-3": Device(id="hako-3", role=Role.TRAP, inverted=True)})
    (reading,) = tts.decode(message(TTN_UP, fixtures.tts(OPEN)), context)
    assert (reading.device, reading.kind) == ("hako-3", Kind.SET)


def test_a_simulated_uplink_is_marked_as_a_test() -> None:
    body = {**fixtures.tts(OPEN), "simulated": True}
    (reading,) = tts.decode(message(TTN_UP, body), ASSUME)
    assert (reading.kind, reading.simulated) == (Kind.SPRUNG, True)
    for real in (False, None):
        (reading,) = tts.decode(message(TTN_UP, {**body, "simulated": real}), ASSUME)
        assert not reading.simulated


def test_a_frame_without_a_formatter_is_alive_and_unread() -> None:
    (reading,) = tts.decode(message(TTN_UP, fixtures.tts(None, frm_payload="jAAA")), ASSUME)
    assert (reading.kind, reading.rssi_dbm) == (Kind.HEARTBEAT, -88)
    assert "formatter" in (reading.unread or "")
    for more in ({"frm_payload": None}, {"frm_payload": "jAAA", "f_port": 0}):
        (reading,) = tts.decode(message(TTN_UP, fixtures.tts(None, **more)), ASSUME)
        assert (reading.kind, reading.unread) == (Kind.HEARTBEAT, None)
