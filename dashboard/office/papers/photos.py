"""Photos as evidence: found by name, identified by SHA-256, and published without metadata.

Owns the reading of JPEG and PNG containers. `stripped` does not change the image data. It removes
metadata: Exif with its GPS position, XMP, IPTC, comments and appended pictures. Only the Exif
orientation is kept, so that viewers do not turn the picture.
"""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from gateway.domain.errors import BadInputError

MAX_BYTES = 30_000_000  # bytes
JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
KEPT_PNG_CHUNKS = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"iCCP",
    b"sBIT",
    b"pHYs",
}
SOS, EOI, APP0, APP1, APP2, APP14 = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE
RESTARTS = range(0xD0, 0xD8)


class PhotoError(BadInputError, ValueError):
    """The file is not a photo that can be read; the text says why."""


class NamedPhoto(Struct, frozen=True):
    """A file that a person named, as it is."""

    path: Path
    sha256: str


def find(folder: Path, name: str) -> NamedPhoto | None:
    """The photo of that name inside `folder`; None if there is none or the name leads outside."""
    if not name or "\0" in name:
        return None
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return None
    if path.stat().st_size > MAX_BYTES:
        return None
    with path.open("rb") as file:
        return NamedPhoto(path, hashlib.file_digest(file, "sha256").hexdigest())


def stripped(data: bytes) -> bytes:
    """The same picture without metadata. Raises PhotoError for anything else than JPEG or PNG."""
    try:
        if data.startswith(JPEG):
            return _jpeg(data)
        if data.startswith(PNG):
            return PNG + b"".join(raw for kind, raw in _chunks(data) if kind in KEPT_PNG_CHUNKS)
    except (struct.error, IndexError):
        raise PhotoError("the picture is damaged: it ends too early") from None
    raise PhotoError("neither JPEG nor PNG")


def _jpeg(data: bytes) -> bytes:
    out, orientation = [JPEG], 1
    parts = list(_segments(data))
    for marker, raw in parts:
        if marker == APP1 and raw[4:10] == b"Exif\0\0":
            orientation = _orientation(raw[10:])
    if orientation != 1:
        out.append(_exif(orientation))
    out += [raw for marker, raw in parts if _is_picture(marker, raw)]
    return b"".join(out)


def _is_picture(marker: int, raw: bytes) -> bool:
    if marker == APP2:
        return raw[4:16] == b"ICC_PROFILE\0"
    described = APP0 < marker <= 0xEF and marker != APP14
    return not described and marker != 0xFE


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, bytes) of each segment up to the end of the first picture; scans include their data."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise PhotoError("the picture is damaged: a segment is missing")
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if marker == EOI:
            yield marker, data[at : at + 2]
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if marker == SOS:
            end = _scan_end(data, end)
        if end > len(data) or length < 2:
            raise PhotoError("the picture is damaged: it ends too early")
        yield marker, data[at:end]
        at = end


def _scan_end(data: bytes, at: int) -> int:
    """The end of a scan's data: the next marker that is not part of a scan."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise PhotoError("the picture is damaged: it has no end")
        follower = data[at + 1]
        if follower not in RESTARTS and follower not in {0x00, 0xFF}:
            return at
        at += 1 if follower == 0xFF else 2


def _orientation(tiff: bytes) -> int:
    """The orientation of an Exif block, 1..8; 1 if there is none."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for i in range(min(count, 100)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * i)
            if tag == 0x0112 and 1 <= value <= 8:
                return int(value)
    except (KeyError, struct.error):
        pass
    return 1


def _exif(orientation: int) -> bytes:
    """An Exif segment with the orientation only."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        raw = data[at : at + 12 + length]
        if len(raw) < 12 + length:
            raise PhotoError("the picture is damaged: it ends too early")
        yield kind, raw
        at += 12 + length
        if kind == b"IEND":
            return
