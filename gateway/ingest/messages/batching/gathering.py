"""Which messages may wait a little for others, so that many of them are one commit. PURE.

A commit costs the card about as much for one message as for ten. Owns the decision for each message: springs,
detections near people, whatever a sleeping device waits for a confirm of, and everything that is not plainly
routine are committed at once. Must not wait itself (`intake`), nor decide what a message means.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from gateway.dialects.native_protocol import TopicLeaf, parse_topic
from gateway.domain.device_state import is_unread
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
from gateway.mqtt.own_topics import names

MAX_MESSAGES = 15  # that wait: brokers deliver 20 before they want an acknowledgement
INTERVALS = 4  # of the wait in a heartbeat interval: else a device might be called silent
_KEPT_BY_NO_DEVICE: TopicLeaf = "telemetry"  # heartbeats: the next one has the same content

ReadMessage = Callable[[Message, Mapping[str, Device]], Sequence[Reading]]
WatchedPlaces = Callable[[float, float], Iterable[object]]


class Known(Struct, frozen=True):
    """What the decision needs: the registry, the states, and the watched land at a place."""

    devices: Mapping[str, Device]
    states: Mapping[str, DeviceState]
    watched: WatchedPlaces


def never_waits(message: Message) -> bool:
    """Whether it never waits, whatever it says: retained, or kept by a native device until its confirm."""
    if message.retain or message.topic.startswith(names.ROOT):  # the latter: a question to us
        return True
    address = parse_topic(message.topic)
    return address is not None and address.channel != _KEPT_BY_NO_DEVICE


def may_wait(message: Message, read: ReadMessage, known: Known, wait_s: float) -> bool:
    """Whether `message` may be committed up to `wait_s` later."""
    if never_waits(message):
        return False
    try:
        readings = read(message, known.devices)
    except MessageRefusedError as refusal:
        return refusal.reason is RefusalReason.IRRELEVANT  # nothing follows from it
    except Exception:
        return False
    return all(_is_routine(message, one, known, wait_s) for one in readings)


def _is_routine(message: Message, reading: Reading, known: Known, wait_s: float) -> bool:
    device = known.devices.get(reading.device)
    if device is None or device.standing is not Standing.APPROVED:
        return False
    if device.heartbeat_s < INTERVALS * wait_s or reading.unread:
        return False  # what could not be read may say that the trap has sprung
    if reading.kind is Kind.DETECTION:
        return message.qos > 0 and not _is_near_people(reading, device, known)
    return reading.kind is Kind.HEARTBEAT or _is_repeated_set(reading, known.states)


def _is_near_people(reading: Reading, device: Device, known: Known) -> bool:
    lat = reading.lat if reading.lat is not None else device.lat
    lon = reading.lon if reading.lon is not None else device.lon
    return lat is not None and lon is not None and any(True for _ in known.watched(lat, lon))


def _is_repeated_set(reading: Reading, states: Mapping[str, DeviceState]) -> bool:
    """An armed trap's contact that says so again, as most bought sensors do with every message.

    After content that could not be read it is news: the trap's state is known again.
    """
    state = states.get(reading.device)
    return (
        reading.kind is Kind.SET
        and reading.is_state
        and state is not None
        and state.trap is TrapState.ARMED
        and not state.hearsay
        and not is_unread(state)
    )
