"""Which messages may wait for others: routine ones may, what somebody waits for may not."""

from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from gateway.dialects import Context, native
from gateway.domain.model import (
    Device,
    DeviceState,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Standing,
    TrapState,
)
from gateway.ingest.messages.batching.gathering import MAX_MESSAGES, Known, may_wait
from tests.support.samples import CAMERA, T0, TRAP, decode, message, reading

WAIT_S = 30.0


def known(*devices: Device, watched: bool = False, state: DeviceState | None = None) -> Known:
    registry = {device.id: device for device in devices or (TRAP, CAMERA)}
    states = {state.device: state} if state else {}
    return Known(registry, states, lambda _lat, _lon: [object()] if watched else [])


def waits(one: Message, what: Known | None = None) -> bool:
    return may_wait(one, decode, what or known(), WAIT_S)


def test_heartbeats_wait() -> None:
    assert waits(message(reading("trap-01", Kind.HEARTBEAT, 1)))


@pytest.mark.parametrize(
    "kind", [Kind.SPRUNG, Kind.SET, Kind.TAMPER, Kind.ONLINE, Kind.OFFLINE, Kind.JOIN]
)
def test_what_changes_a_trap_or_a_device_does_not_wait(kind: Kind) -> None:
    assert not waits(message(reading("trap-01", kind, 1)))
    together = message(reading("cam-01", Kind.HEARTBEAT, 1), reading("trap-01", kind, 1))
    assert not waits(together)


def test_a_detection_waits_only_far_from_watched_land() -> None:
    one = replace(message(reading("cam-01", Kind.DETECTION, 1, species="bear")), qos=1)
    placed = replace(CAMERA, lat=32.7, lon=128.8)
    assert waits(one, known(placed))
    assert not waits(one, known(placed, watched=True))
    elsewhere = replace(reading("cam-01", Kind.DETECTION, 1), lat=32.7, lon=128.8)
    assert not waits(replace(message(elsewhere), qos=1), known(CAMERA, watched=True))


def test_a_detection_that_the_broker_would_not_repeat_does_not_wait() -> None:
    assert not waits(replace(message(reading("cam-01", Kind.DETECTION, 1)), qos=0))


def test_a_device_that_would_soon_be_called_silent_does_not_wait() -> None:
    busy = replace(TRAP, heartbeat_s=int(4 * WAIT_S) - 1)
    assert not waits(message(reading("trap-01", Kind.HEARTBEAT, 1)), known(busy))


@pytest.mark.parametrize("standing", [Standing.PENDING, Standing.REVOKED])
def test_devices_that_are_not_approved_do_not_wait(standing: Standing) -> None:
    stranger = replace(TRAP, standing=standing)
    assert not waits(message(reading("trap-01", Kind.HEARTBEAT, 1)), known(stranger))
    assert not waits(message(reading("nobody", Kind.HEARTBEAT, 1)))


def test_what_the_broker_kept_and_what_cannot_be_read_do_not_wait() -> None:
    assert not waits(message(reading("trap-01", Kind.HEARTBEAT, 1), retain=True))
    assert not waits(Message("test", b"{", T0))
    assert not waits(Message("test", b"bug", T0))


def test_what_concerns_nobody_ends_no_wait() -> None:
    def chatter(_: Message, __: Mapping[str, Device]) -> list[Reading]:
        raise MessageRefusedError(RefusalReason.IRRELEVANT, "statistics")

    assert may_wait(Message("frigate/stats", b"{}", T0), chatter, known(), WAIT_S)


def told(topic: str, body: bytes) -> Message:
    return Message(topic, body, T0, qos=1)


@pytest.mark.parametrize(
    ("leaf", "kind", "is_routine"),
    [
        ("telemetry", "heartbeat", True),
        ("event", "detection", False),
        ("event", "trap.sprung", False),
        ("event", "tamper", False),
    ],
)
def test_whatever_a_native_device_keeps_until_its_confirm_does_not_wait(
    leaf: str, kind: str, is_routine: bool
) -> None:
    body = b'{"v":1,"id":"A1","boot":1,"seq":1,"kind":"%s","count":0}' % kind.encode()
    one = told(f"wildlife/v1/goto/cam-01/{leaf}", body)
    read: Callable[[Message, Mapping[str, Device]], list[Reading]] = lambda m, d: native.decode(  # noqa: E731
        m, Context(d, "goto")
    )
    assert may_wait(one, read, known(), WAIT_S) is is_routine


def test_an_armed_trap_whose_contact_says_so_again_waits_and_a_closed_one_that_opens_does_not() -> (
    None
):
    armed = DeviceState(device="trap-01", last_seen=T0, trap=TrapState.ARMED)
    again = replace(reading("trap-01", Kind.SET, 1), is_state=True)
    opened = replace(reading("trap-01", Kind.SPRUNG, 1), is_state=True)
    assert waits(message(again), known(state=armed))
    assert not waits(message(opened), known(state=armed))
    sprung = replace(armed, trap=TrapState.SPRUNG)
    assert not waits(message(again), known(state=sprung))
    heard = replace(armed, hearsay=True)
    assert not waits(message(again), known(state=heard))


def test_fewer_wait_than_a_broker_delivers_without_an_acknowledgement() -> None:
    assert MAX_MESSAGES < 20, "mosquitto's default of max_inflight_messages"
