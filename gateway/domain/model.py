"""The values that all packages share: messages, readings, events, devices, states.

Owns plain frozen values. Must not read clocks, files or networks, nor decide anything.
Units stand in the names; every datetime is aware and in UTC. `gc=False`: a value that there are thousands of
in a batch and that holds no other containers, so that Python's search for reference cycles skips it.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.alerts.alert import URGENT as URGENT
from gateway.domain.alerts.alert import Alert as Alert
from gateway.domain.alerts.alert import AlertLevel as AlertLevel
from gateway.domain.alerts.alert import AlertStatus as AlertStatus
from gateway.domain.clocks.device_clock import DeviceClock
from gateway.domain.clocks.time_quality import DOUBTS as DOUBTS
from gateway.domain.clocks.time_quality import OWN_TIME as OWN_TIME
from gateway.domain.clocks.time_quality import TimeQuality as TimeQuality
from gateway.domain.errors import BadInputError
from gateway.domain.traps.trap_action import ActionKind as ActionKind
from gateway.domain.traps.trap_action import Position as Position
from gateway.domain.traps.trap_action import TrapAction as TrapAction


class Kind(StrEnum):
    """What happened. The value is the word used on the wire, in the API and in exports."""

    SPRUNG = "trap.sprung"
    SET = "trap.set"
    DETECTION = "detection"
    HEARTBEAT = "heartbeat"
    TAMPER = "tamper"
    ONLINE = "online"
    OFFLINE = "offline"
    JOIN = "join"


HEARTBEAT_S = 21_600  # assumed interval between signs of life of a device that declares none


class TimeSource(StrEnum):
    """Where a device says its time comes from."""

    GPS = "gps"
    NTP = "ntp"
    NETWORK = "network"
    RTC = "rtc"
    NONE = "none"


class Role(StrEnum):
    """What a device does in the field."""

    TRAP = "trap"
    DETECTOR = "detector"
    RELAY = "relay"  # a source, camera server or radio gateway: it counts only whether it is alive


class Standing(StrEnum):
    """Whether a device's messages count."""

    APPROVED = "approved"
    PENDING = "pending"  # has sent messages, not registered: its messages are held
    REVOKED = "revoked"


class RefusalReason(StrEnum):
    """Why a message gave no event."""

    IRRELEVANT = "irrelevant"  # understood, and says nothing about animals, traps or devices
    MALFORMED = "malformed"  # not what its dialect prescribes
    VERSION = "unknown_version"
    TOPIC = "unknown_topic"  # no source of the configuration claims the topic
    SITE = "foreign_site"  # a native device of another site that nobody registered here
    SENDER = "foreign_sender"  # a mail from an address that may not send for a camera
    CAMERA = "unknown_camera"  # a mail that names no camera of the configuration
    MODEL = "unknown_model"  # a decoded object that no sensor model reads
    DEVICE = "unknown_device"  # its messages are held until somebody approves the device
    REVOKED = "revoked_device"
    TOO_LARGE = "too_large"
    COPY = "copy"  # says what an event in the journal says
    MEMORY = "memory"  # a retained message without a time of its own
    NAMES = "too_many_names"  # of a device that nobody registered, beyond those that are listed
    EVICTED = "evicted"  # there was no room to keep it, or it made room for a newer one
    CONFLICT = "conflict"  # an id used for something else: kept as another event, not confirmed
    TEST = "test"  # simulated, by its source's own word: it counts nowhere
    BUG = "bug"  # an error of ours: the message is kept so that nothing is lost


class MessageRefusedError(BadInputError):
    """No event: `reason` to count, `detail` for a person, `device` if known, `offer`: to approve.

    `unread`: it carried the device's state, which is unknown from now on.
    """

    def __init__(
        self,
        reason: RefusalReason,
        detail: str,
        device: str | None = None,
        offer: "Device | None" = None,
        *,
        unread: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail
        self.device, self.offer, self.unread = device, offer, unread
        self.at: datetime | None = None  # when it was sent, if the network gave it


class Message(Struct, frozen=True, array_like=True, gc=False):
    """An MQTT message as it arrived, not decoded yet. Stored as an array: add fields at the end."""

    topic: str
    payload: bytes
    received_at: datetime
    qos: int = 1
    retain: bool = False  # the broker had kept it and replayed it; False: it was published just now


class ReportHead(Struct, frozen=True, omit_defaults=True, gc=False):
    """Who reports what, and when by the device's own clock and counters."""

    id: str  # with `device`, equal for every copy of the same fact
    device: str  # the device's address as its source names it
    kind: Kind
    device_time: datetime | None = None  # aware; None = naive, missing or impossible at the source
    boot: int | None = None
    seq: int | None = None
    distinct: bool = False  # one event of many records by its source: independent of those before
    simulated: bool = False  # a test by the source's own word: it counts nowhere, is never stored


class Reported(ReportHead, frozen=True, omit_defaults=True, gc=False):
    """What a reading and its event share: the head, and the facts that a sensor may measure."""

    species: str | None = None  # None, here and below: not in the message
    count: int | None = None
    confidence: float | None = None  # 0..1
    media: str | None = None  # URL or path at the source
    battery_v: float | None = None
    battery_pct: float | None = None  # 0..100
    battery_low: bool | None = None  # as the device reports it
    external_power: bool | None = None
    rssi_dbm: float | None = None
    snr_db: float | None = None
    lat: float | None = None  # degrees, WGS 84
    lon: float | None = None
    accuracy_m: float | None = None
    unread: str | None = None  # why its content could not be read; "" = it is read again


FACTS = tuple(
    name for name in Reported.__struct_fields__ if name not in ReportHead.__struct_fields__
)


class Reading(Reported, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One report in a payload, still with the device's own time."""

    key: str | None = None  # a second identity, where copies can differ in `id`
    time_source: TimeSource = TimeSource.NONE
    uptime_ms: int | None = None
    is_state: bool = False  # "the contact is open", not "the contact opened"
    refines: str | None = None  # id of the earlier event of this device whose species it corrects
    model: str | None = None  # sensor model that read it, or that the device declared
    heartbeat_s: int | None = None  # declared interval between signs of life
    is_time_loose: bool = False  # copies may have other times (of the clock of each receiver)
    confirm_to: str | None = None  # topic on which the sender waits for the confirm of `id`
    input: str = ""  # which of the device's inputs said it
    is_content: bool = False  # the device's own content was read, not only that it lives
    clock: str = ""  # whose clock gave `device_time`: a receiver's or bridge's; empty: its own
    logged: bool = False  # a record of the device's own log, sent later


class Event(Reported, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One judged fact, as stored, exported and shown."""

    observed_at: datetime
    received_at: datetime
    time_quality: TimeQuality


class Device(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A registered device: what it is, where it stands, how to read it."""

    id: str  # the address its source uses: native name, devEui, friendly name ...
    role: Role
    standing: Standing = Standing.APPROVED
    name: str = ""  # the local name people use
    lat: float | None = None
    lon: float | None = None
    area: str = ""
    dialect: str = ""
    model: str = ""  # row of the sensor model table
    inverted: bool = False  # True: closed/inactive means sprung
    input: str = ""  # which of its inputs or fields is the trap's contact; empty: decided by names
    trap_type: str = ""
    heartbeat_s: int = HEARTBEAT_S
    zone: str = ""  # IANA zone of a device that sends naive local time

    @property
    def label(self) -> str:
        """The name that people read."""
        return self.name or self.id


class TrapState(StrEnum):
    """What a trap is doing; a sensor knows the first two only (table: `trap_lifecycle`)."""

    ARMED = "armed"
    SPRUNG = "sprung"
    CAPTURED = "captured"
    FALSE_SPRING = "false_spring"
    NON_TARGET = "non_target"
    DISPATCHED = "dispatched"
    PAUSED = "paused"
    REMOVED = "removed"


class Known(Struct, frozen=True, array_like=True, gc=False):
    """The newest value of one fact and when it held (`at_ms`: observed, ms since 1970 UTC)."""

    at_ms: int
    value: str | float | bool


class DeviceState(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is known of one device now; the same whatever the order in which events arrived."""

    device: str
    last_seen: datetime  # newest receipt of any message
    head: tuple[int, int, int] = (0, 0, 0)  # (observed ms, boot, seq) of the newest sign of life
    trap: TrapState | None = None
    trap_head: tuple[int, int, int] = (0, 0, 0)  # of the event that set `trap`
    set_head: tuple[int, int, int] = (0, 0, 0)  # of the newest `trap.set`
    sprung_head: tuple[int, int, int] = (0, 0, 0)  # of the newest `trap.sprung`
    hearsay: bool = False  # `trap` is known from a retained message only, without an alert
    act: TrapAction | None = None  # the newest that changed the trap
    visited_ms: int = 0  # newest action of any kind: somebody was there
    low_battery: dict[str, dict[int, float]] = {}  # lowest of a day (since 1970, UTC), by fact
    detected: dict[str, int] = {}  # newest detection by species, observed ms
    facts: dict[str, Known] = {}  # newest battery, radio, position ... by field name of `FACTS`
    online: bool | None = (
        None  # by birth and last will messages; sleeping devices go offline normally
    )
    online_head: tuple[int, int, int] = (0, 0, 0)
    heard: tuple[str, int] | None = None  # topic and QoS of the newest message,
    heard_as: str = ""  # and the kind of its event
    clock: DeviceClock | None = None  # how far its own clock is off
    said: dict[str, str] = {}  # hash of the newest message without a time, by hash of its topic
    unconfirmed: tuple[int, int] | None = None  # window in which its messages may be missing, ms

    def fact(self, name: str) -> str | float | bool | None:
        """The newest value of one of `FACTS`, or None without any."""
        known = self.facts.get(name)
        return known.value if known else None
