"""The process that reads one picture: it checks it and writes it anew without metadata.

Owns the kinds of pictures, the limit of pixels, and this process's own limits. Runs as
``python -m gateway.ingest.photos.picture SOURCE TARGET`` and prints what it found as JSON. A picture from a
phone may be made to break its reader: only this process reads it, and it imports the libraries for that.
"""

import contextlib
import errno
import os
import re
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from gateway.domain.traps.photo import PhotoRefusal

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_EDGE_PX = 1_600
SMALL_EDGE_PX, SMALL_QUALITY = 480, 70  # of a thumbnail
# Each needs below MEMORY_BYTES: a JPEG is read at a fraction of its size, unless it is progressive.
MAX_PIXELS = {"jpeg": 50_000_000, "png": 24_000_000, "heif": 24_000_000, "webp": 13_000_000}
MAX_PIXELS_PROGRESSIVE = 24_000_000
QUALITY = 85
MEMORY_BYTES = 260_000_000  # of this process
CPU_S = 30
FILE_BYTES = 20_000_000
NICENESS = 10
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)  # the disk's fault, not the picture's
OOM_SCORE = "900"  # if memory is exhausted, the kernel ends this process before all others
EXIF_IFD, TAKEN, TAKEN_OFFSET = 0x8769, 0x9003, 0x9011
_TAKEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)\Z")
_OFFSET = re.compile(r"[+-]\d\d:\d\d\Z")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


class PictureFacts(Struct, frozen=True, omit_defaults=True):
    """What the process found. `refusal`: why it wrote nothing."""

    refusal: PhotoRefusal | None = None
    kind: str = ""
    width: int = 0
    height: int = 0
    taken: str = ""


def kind_of(head: bytes) -> str:
    """The kind of picture that these first bytes begin; "": none that is taken."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "heif"
    return ""


def examine(source: Path, target: Path) -> PictureFacts:
    """Read the picture and write it anew; nothing is written when it is refused."""
    with source.open("rb") as file:
        kind = kind_of(file.read(16))
    if not kind:
        return PictureFacts(PhotoRefusal.NO_PHOTO)
    try:
        return _made_anew(kind, source, target)
    except MemoryError:
        return PictureFacts(PhotoRefusal.TOO_MANY_PIXELS, kind)
    except OSError as error:  # of Pillow's own it has no number
        return PictureFacts(
            PhotoRefusal.NO_ROOM if error.errno in NO_ROOM else PhotoRefusal.DAMAGED, kind
        )
    except Exception:
        return PictureFacts(PhotoRefusal.DAMAGED, kind)


def _made_anew(kind: str, source: Path, target: Path) -> PictureFacts:
    from PIL import Image, ImageFile, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit is below
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    formats = {"jpeg": ["JPEG", "MPO"], "png": ["PNG"], "webp": ["WEBP"], "heif": ["HEIF"]}[kind]
    if kind == "heif":
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False, decode_threads=1)
    with Image.open(source, formats=formats) as picture:
        progressive = "progressive" in picture.info
        if picture.width * picture.height > (
            MAX_PIXELS_PROGRESSIVE if progressive else MAX_PIXELS[kind]
        ):
            return PictureFacts(PhotoRefusal.TOO_MANY_PIXELS, kind)
        taken = _taken(picture)
        times = max(1.0, max(picture.size) / LONG_EDGE_PX)
        picture.draft("RGB", (int(picture.width / times), int(picture.height / times)))  # JPEG only
        picture.thumbnail((LONG_EDGE_PX, LONG_EDGE_PX), Image.Resampling.LANCZOS, reducing_gap=None)
        upright = ImageOps.exif_transpose(picture)
        clean = Image.new("RGB", upright.size, "white")  # nothing but pixels goes on
        opaque = upright.convert("RGBA") if _is_transparent(upright) else upright.convert("RGB")
        clean.paste(opaque, mask=opaque if opaque.mode == "RGBA" else None)
    clean.save(target, "JPEG", quality=QUALITY)
    return PictureFacts(None, kind, clean.width, clean.height, taken)


def look(source: Path) -> PictureFacts:
    """What the head of a JPEG says, without reading its pixels."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # nothing is decoded here
    try:
        with Image.open(source, formats=["JPEG", "MPO"]) as picture:
            return PictureFacts(None, "jpeg", *picture.size, _taken(picture))
    except Exception:
        return PictureFacts(PhotoRefusal.DAMAGED, "jpeg")


def make_small(source: Path, target: Path) -> None:
    """A thumbnail of a picture that was made here."""
    from PIL import Image

    with Image.open(source, formats=["JPEG"]) as picture:
        picture.draft("RGB", (SMALL_EDGE_PX, SMALL_EDGE_PX))
        picture.thumbnail((SMALL_EDGE_PX, SMALL_EDGE_PX), Image.Resampling.BILINEAR)
        picture.save(target, "JPEG", quality=SMALL_QUALITY)


def _is_transparent(picture: "Image") -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _taken(picture: "Image") -> str:
    """When the picture says it was taken, in ISO form, local time as it says; "": it does not say."""
    try:
        facts = picture.getexif().get_ifd(EXIF_IFD)
        said = _TAKEN.match(str(facts.get(TAKEN, "")).strip("\0 "))
        offset = str(facts.get(TAKEN_OFFSET, "")).strip("\0 ")
    except Exception:  # metadata may be damaged in any way; the picture counts without
        return ""
    if said is None:
        return ""
    year, month, day, time = said.groups()
    return f"{year}-{month}-{day}T{time}{offset if _OFFSET.match(offset) else ''}"


def limit() -> None:
    """Limit this process before it reads anything foreign."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")


if __name__ == "__main__":
    limit()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    found = examine(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.buffer.write(msgspec.json.encode(found))
