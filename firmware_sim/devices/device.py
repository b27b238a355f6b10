"""A native sensor's firmware: events are numbered, kept in flash and sent until they are confirmed.

Owns the device's side of the native protocol, version 1, without any I/O (`connection` sends the bytes).
Must not open sockets, read clocks or draw random numbers.

An event is written to flash with its id before it is sent, and stays there until the gateway has
confirmed that id. A reboot loses what is in RAM (sequence number, retry timers), never the flash.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from math import inf
from typing import Literal, NamedTuple

import msgspec

ClockSource = Literal["gps", "ntp", "rtc", "none"]
Payload = dict[str, object]

RETRY_S = (20.0, 60.0, 300.0, 900.0)
FLASH_EVENTS = 2_000
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [a + b for a in BASE32 for b in BASE32]

encode = msgspec.json.Encoder().encode


class OutgoingPublish(NamedTuple):
    """One MQTT publish, ready to go."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    id: str = ""  # by which the truth names the message; empty: it carries no event


class Confirm(msgspec.Struct, frozen=True):
    """A message on `shishigaki/v1/{site}/{device}/confirm`: these ids are durable."""

    v: int
    ids: list[str]


confirm_decoder = msgspec.json.Decoder(Confirm)


@dataclass(slots=True)
class DeviceClock:
    """The clock of a device, which may be wrong."""

    source: ClockSource
    set_at: float = 0.0  # when it was last right
    drift_ppm: float = 0.0
    ahead_s: float = 0.0  # an error that nobody set right

    def read(self, now: float) -> float | None:
        """The time of the device's clock, Unix seconds; None without a clock."""
        if self.source == "none":
            return None
        if self.source == "rtc":
            return now + self.ahead_s + (now - self.set_at) * self.drift_ppm * 1e-6
        return now + self.ahead_s


@dataclass(slots=True)
class StoredEvent:
    """An event in flash, with the state of its delivery (kept in RAM)."""

    publish: OutgoingPublish
    droppable: bool
    sends: int = 0
    next_at: float = 0.0


@dataclass(slots=True)
class Firmware:
    """The firmware's state machine. Times `now` are Unix seconds of the simulated world."""

    site: str
    name: str
    meta: Payload
    clock: DeviceClock
    secret: int  # makes this device's event ids unique
    forgets: bool = False  # the boot number is not kept
    retains: bool = False  # events are published retained, as some firmware does by default
    boot: int = 0
    seq: int = 0
    booted_at: float = 0.0
    flash: dict[str, StoredEvent] = field(default_factory=dict)
    dropped: int = 0
    dropped_ids: list[str] = field(default_factory=list)  # that the radio has not told yet

    def start(self, now: float) -> None:
        """Boot: new boot number, empty RAM; events in flash are kept and due again."""
        self.boot = 1 if self.forgets else self.boot + 1
        self.seq = 0
        self.booted_at = now
        for held in self.flash.values():
            held.sends, held.next_at = 0, 0.0

    def reconnected(self) -> None:
        """After a new connection: unconfirmed events are due at once; their back-off is kept."""
        for held in self.flash.values():
            held.next_at = 0.0

    @property
    def next_try(self) -> float:
        """When the first event in flash is due, in the time of `due`; inf: none."""
        return min((held.next_at for held in self.flash.values()), default=inf)

    def sense(self, kind: str, now: float, facts: Payload) -> str:
        """Write an event to flash and return its id; a full flash drops the oldest detection."""
        body = self._body(kind, now)
        body.update(facts)
        if len(self.flash) >= FLASH_EVENTS:
            self._drop_one()
        name = str(body["id"])
        publish = OutgoingPublish(self._topic("event"), encode(body), retain=self.retains, id=name)
        self.flash[name] = StoredEvent(publish, droppable=kind == "detection")
        return name

    def telemetry(self, now: float, facts: Payload) -> OutgoingPublish:
        """A heartbeat. It is not kept in flash: the next one has the same content."""
        body = self._body("heartbeat", now)
        body.update(facts, queued=len(self.flash), dropped=self.dropped)
        return OutgoingPublish(self._topic("telemetry"), encode(body), id=str(body["id"]))

    def birth(self) -> list[OutgoingPublish]:
        """The retained birth and the description of the device."""
        meta = encode({"v": 1, **self.meta})
        return [self.status("online"), OutgoingPublish(self._topic("meta"), meta, retain=True)]

    def status(self, word: Literal["online", "offline"]) -> OutgoingPublish:
        """The retained status; `offline` is also the last will."""
        return OutgoingPublish(self._topic("status"), word.encode(), retain=True)

    def due(self, link_s: float) -> list[OutgoingPublish]:
        """The events to send now; sets the time of their next try. `link_s`: a monotonic clock."""
        ready = [held for held in self.flash.values() if held.next_at <= link_s]
        for held in ready:
            held.next_at = link_s + RETRY_S[min(held.sends, len(RETRY_S) - 1)]
            held.sends += 1
        return [held.publish for held in ready]

    def confirmed(self, payload: bytes) -> int:
        """Delete confirmed events and return their number; an invalid message has no effect."""
        try:
            confirm = confirm_decoder.decode(payload)
        except msgspec.DecodeError:  # ValidationError included
            return 0
        if confirm.v != 1:
            return 0
        return sum(self.flash.pop(name, None) is not None for name in confirm.ids)

    @property
    def confirm_topic(self) -> str:
        """The topic of the gateway's confirms."""
        return f"shishigaki/v1/{self.site}/{self.name}/confirm"

    def _topic(self, leaf: str) -> str:
        return f"wildlife/v1/{self.site}/{self.name}/{leaf}"

    def _body(self, kind: str, now: float) -> Payload:
        self.seq += 1
        believed = self.clock.read(now)
        body: Payload = {
            "v": 1,
            "id": self._id(believed),
            "boot": self.boot,
            "seq": self.seq,
            "kind": kind,
        }
        if believed is not None:
            body["ts"] = rfc3339(believed)
        body["ts_src"] = self.clock.source
        body["uptime_ms"] = round((now - self.booted_at) * 1000)
        return body

    def _id(self, believed: float | None) -> str:
        """A ULID: 48 bits of the device's time, 80 bits derived from device, boot and sequence."""
        salt = f"{self.secret}/{self.name}/{self.boot}/{self.seq}".encode()
        if self.forgets:  # such firmware draws its ids anew at each start
            salt += f"/{self.booted_at}".encode()
        tail = int.from_bytes(blake2b(salt, digest_size=10).digest(), "big")
        number = (int((believed or 0.0) * 1000) << 80) | tail
        return "".join([PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])

    def _drop_one(self) -> None:
        oldest = next((name for name, held in self.flash.items() if held.droppable), None)
        if oldest is None:  # only trap events are left: drop the oldest
            oldest = next(iter(self.flash))
        del self.flash[oldest]
        self.dropped += 1
        self.dropped_ids.append(oldest)


def rfc3339(at: float) -> str:
    """Write Unix seconds as RFC 3339 UTC with milliseconds."""
    moment = datetime.fromtimestamp(round(at * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
