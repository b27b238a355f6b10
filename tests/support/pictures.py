"""Pictures as phones send them, and files that only look like pictures. Made with Pillow."""

import io
import struct
import zipfile
import zlib
from functools import cache

import pillow_heif
from PIL import Image

SECRET = b"32.690312N by taro"
TAKEN = "2026:11:28 06:10:00"
HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GIF = b"GIF89a" + bytes(40)


@cache
def picture(kind: str = "JPEG", width: int = 640, height: int = 480, shade: int = 1) -> bytes:
    """A picture with grain, and with Exif where the kind has it: time, place, orientation."""
    grain = Image.effect_noise((max(width // 8, 1), max(height // 8, 1)), 50 + shade)
    image = grain.resize((width, height)).convert("RGB")
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    out = io.BytesIO()
    image.save(out, kind, exif=exif(), quality=80)
    return out.getvalue()


def progressive(width: int, height: int) -> bytes:
    """A JPEG that a reader must hold as a whole, with all its colours."""
    out = io.BytesIO()
    grain = Image.effect_noise((width // 8, height // 8), 50).resize((width, height))
    grain.convert("RGB").save(out, "JPEG", progressive=True, subsampling=0, quality=80)
    return out.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    """Exif with what a photo must not give away."""
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x010E] = SECRET.decode()
    found.get_ifd(0x8769)[0x9003] = TAKEN
    found.get_ifd(0x8769)[0x9011] = "+09:00"
    found.get_ifd(0x8825)[0x0001] = "N"
    found.get_ifd(0x8825)[0x0002] = (32.0, 41.0, 25.123)
    return found


def turned() -> bytes:
    """Left half red, right half blue, with the orientation that turns it by 90 degrees."""
    image = Image.new("RGB", (400, 200), (220, 20, 20))
    image.paste((20, 20, 220), (200, 0, 400, 200))
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif(6), comment=SECRET)
    return out.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that is gigabytes when it is read."""
    rows = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    )


def text_bomb() -> bytes:
    """A small PNG with a compressed text of 200 MB."""
    text = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    image = picture("PNG", 64, 48)
    return image[:33] + _chunk(b"zTXt", text) + image[33:]


def liar() -> bytes:
    """A JPEG whose head says 60,000 x 60,000 pixels."""
    image = bytearray(picture())
    at = image.index(b"\xff\xc0")
    image[at + 5 : at + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(image)


def polyglot() -> bytes:
    """A photo that is a ZIP archive and a page with a script too."""
    out = io.BytesIO(picture() + HTML)
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("index.html", HTML)
    return out.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
