"""A picture of a camera as it is kept, as a value. PURE.

Owns its fields and its ids: the same bytes of the same camera are the same picture, however often and by
whatever way they come. Must not read files.
"""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from gateway.domain.traps.photo import PhotoRefusal


class PictureState(StrEnum):
    """What became of a picture."""

    WAITING = "waiting"  # as it came, on the disk; made anew soon
    KEPT = "kept"
    DAMAGED = "damaged"  # it could not be read; its event stays
    REMOVED = "removed"  # for want of room, or because people in it are kept for some days only


class PictureSource(StrEnum):
    """By which way it came."""

    MAIL = "mail"
    FOLDER = "folder"
    UPLOAD = "upload"
    TOPIC = "topic"


class Picture(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One picture of a camera. Its file has no metadata: it was made anew of what came."""

    id: str
    device: str  # the camera's address
    event: str  # id of the detection that it shows
    sent_sha256: str
    sent_bytes: int
    source: PictureSource
    at: datetime  # when it was taken, as judged for its event
    received_at: datetime
    state: PictureState = PictureState.WAITING
    kept_sha256: str = ""
    kept_bytes: int = 0  # of the picture and its thumbnail
    width: int = 0
    height: int = 0
    temperature_c: float | None = None  # as the camera measured it
    refusal: PhotoRefusal | None = None  # why it could not be made


def picture_id(device: str, sent_sha256: str) -> str:
    """The id of a picture: 32 hex digits."""
    return sha256(f"{device}\0{sent_sha256}".encode()).hexdigest()[:32]


def event_id(picture: str) -> str:
    """The id of the detection that a picture alone tells of."""
    return f"picture-{picture}"
