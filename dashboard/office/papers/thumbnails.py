"""Small pictures for paper: a photo in few hundred points, upright, without metadata.

Owns the size. Reads JPEG and PNG only, and nothing that would unpack to more than a phone's photo has.
One picture is in memory at a time; a JPEG is decoded at the size that is needed.
"""

import io

from PIL import Image, ImageOps

from dashboard.office.papers.photos import PhotoError

SIDE_PIXELS = 640
MAX_PIXELS = 60_000_000
QUALITY = 72
FORMATS = ("JPEG", "PNG")


def small(data: bytes) -> bytes:
    """The picture as a JPEG of at most SIDE_PIXELS. Raises PhotoError for what is none."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise PhotoError(f"{picture.width} x {picture.height} pixels are too many")
            picture.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise PhotoError("the picture is damaged or of another kind than JPEG and PNG") from None
    upright.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
