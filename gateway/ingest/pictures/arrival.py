"""A picture, or a sign of life, of a camera as it arrives, and the message that it becomes. PURE.

Owns that message: a native one, so that a camera's reports are judged, held and kept for a trial as those of
any device. Must not read files nor decide whether the message counts.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.dialects.native_protocol import VERSION
from gateway.dialects.timestamps import instant
from gateway.domain.model import Kind, Message, TimeSource
from gateway.domain.pictures.picture import PictureSource, event_id, picture_id


class CameraFacts(Struct, frozen=True):
    """What comes beside a picture. `time`: local time of the camera, or with an offset; "": it gives none."""

    time: str = ""
    sent_at: datetime | None = None  # when a server received it, if it told that
    battery_pct: float | None = None
    battery_v: float | None = None
    temperature_c: float | None = None


NO_FACTS = CameraFacts()


class Arrival(Struct, frozen=True):
    """A picture that lies in a file. `event`: the detection that it belongs to; "": it is one itself."""

    device: str
    sha256: str
    size: int
    source: PictureSource
    facts: CameraFacts = NO_FACTS
    event: str = ""

    @property
    def id(self) -> str:
        """The id of the picture."""
        return picture_id(self.device, self.sha256)

    @property
    def event_id(self) -> str:
        """The id of its detection."""
        return self.event or event_id(self.id)


def detection(arrival: Arrival, site: str, zone: str, now: datetime) -> Message:
    """The message of a picture that is an event of its own."""
    body = _body(Kind.DETECTION, arrival.event_id, arrival.facts, zone)
    body["media"] = f"picture:{arrival.id}"
    return _message(f"wildlife/v1/{site}/{arrival.device}/event", body, now)


def heartbeat(
    device: str, id_: str, facts: CameraFacts, site: str, zone: str, now: datetime
) -> Message:
    """The message of a report without a picture."""
    body = _body(Kind.HEARTBEAT, id_, facts, zone)
    return _message(f"wildlife/v1/{site}/{device}/telemetry", body, now)


def _body(kind: Kind, id_: str, facts: CameraFacts, zone: str) -> dict[str, object]:
    body: dict[str, object] = {"v": VERSION, "id": id_, "kind": kind.value}
    if (own := instant(facts.time, zone)) is not None:
        body |= {"ts": own.isoformat(), "ts_src": TimeSource.RTC.value}
    elif facts.sent_at is not None:
        body |= {"ts": facts.sent_at.isoformat(), "ts_src": TimeSource.NETWORK.value}
    battery = {"pct": facts.battery_pct, "v": facts.battery_v}
    if known := {name: value for name, value in battery.items() if value is not None}:
        body["battery"] = known
    return body


def _message(topic: str, body: dict[str, object], now: datetime) -> Message:
    return Message(topic, msgspec.json.encode(body), now)
