"""A photo from a phone as it is kept, and why one is refused, as values. PURE.

Owns these values. Must not read files.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class PhotoRefusal(StrEnum):
    """Why a photo is not kept."""

    TOO_LARGE = "too_large"  # more bytes than a phone's photo has
    NO_PHOTO = "no_photo"  # not JPEG, PNG, WebP or HEIC
    DAMAGED = "damaged"  # cut off, or its content is not what its beginning says
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SLOW = "too_slow"  # it was not read within the time limit
    OTHER_CONTENT = "other_content"  # not the SHA-256 of its address
    NO_ROOM = "no_room"  # the space for photos is full
    TOO_MANY = "too_many"  # too many photos of one person that no record names
    BUSY = "busy"  # other photos are being checked


class Photo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kept photo: made anew from what the phone sent, without metadata."""

    sent_sha256: str  # of the bytes that arrived: what actions refer to
    kept_sha256: str  # of the file that is kept
    sent_bytes: int
    kept_bytes: int
    width: int
    height: int
    by: str  # who sent it
    received_at: datetime
    kind: str = ""  # what arrived: jpeg, png, webp, heif
    taken: str = ""  # when it was taken, as the picture itself said; "": it did not say
