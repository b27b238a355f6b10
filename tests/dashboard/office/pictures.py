"""Pictures with something to hide: JPEG and PNG containers with Exif, XMP, IPTC and comments."""

import struct
import zlib

SECRET = b"GPS 32.690312 128.841199 by taro"
SCAN = b"\x12\x34\xff\x00\x56\xff\xd3\x78\xff\x00"  # entropy-coded data with stuffing and a restart


def segment(marker: int, body: bytes) -> bytes:
    """A JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(orientation: int, order: str = "<") -> bytes:
    """An Exif segment with an orientation and a secret."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    tag = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return segment(
        0xE1, b"Exif\0\0" + head + struct.pack(f"{order}H", 1) + tag + b"\0\0\0\0" + SECRET
    )


def dressed(jpeg: bytes, orientation: int = 6, order: str = "<") -> bytes:
    """A JPEG with everything a camera or an editor adds, and a second picture after its end."""
    added = b"".join(
        (
            exif(orientation, order),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
            segment(0xED, b"Photoshop 3.0\0" + SECRET),
            segment(0xFE, SECRET),
            segment(0xE2, b"MPF\0" + SECRET),
            segment(0xE2, b"ICC_PROFILE\0\1\1profile"),
        )
    )
    return jpeg[:2] + added + jpeg[2:] + b"\xff\xd8" + exif(1) + SECRET


def jpeg() -> bytes:
    """The bare container of a progressive JPEG of two scans (no decoder would show it)."""
    scans = (segment(0xDA, b"\1\1\0\0\x3f\0") + SCAN) * 2
    return b"\xff\xd8" + segment(0xDB, bytes(65)) + segment(0xC2, bytes(9)) + scans + b"\xff\xd9"


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png() -> bytes:
    """A PNG of one pixel with text, Exif and a trailer."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"tEXt", SECRET),
            chunk(b"eXIf", SECRET),
            chunk(b"iTXt", SECRET),
            chunk(b"IDAT", zlib.compress(b"\0\0")),
            chunk(b"IEND", b""),
            SECRET,
        )
    )
