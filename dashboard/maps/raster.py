"""A surface as a small picture for a web map: classes and palette PNG.

Owns the resampling to Web Mercator and the PNG bytes. Pure.

Map libraries place an image evenly in
Mercator metres. Rows evenly spaced in latitude would be wrong by up to 176 m in one degree, so they
are resampled here. The classes: `colour_classes`.
"""

import math
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from dashboard.analysis.projection import Floats, Grid, Plane
from dashboard.maps.colour_classes import BREAKS, COLOURS, OPACITY

Bytes = NDArray[np.uint8]

UNKNOWN = 0  # palette index of cells without an estimate: transparent
MAX_ROWS = 2_000


class Picture(Struct, frozen=True):
    """PNG bytes with the corners for an image overlay, in degrees."""

    png: bytes
    south: float
    west: float
    north: float
    east: float

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """((south, west), (north, east)), the order of Leaflet and folium."""
        return (self.south, self.west), (self.north, self.east)


def picture(
    values: Floats,
    grid: Grid,
    plane: Plane,
    breaks: ArrayLike = BREAKS,
    colours: Sequence[str] = COLOURS,
) -> Picture:
    """Draw values over a grid (ny, nx; NaN = unknown, transparent) as a palette PNG in Mercator.

    Raises ValueError when there are more classes than colours or breaks do not rise.
    """
    west, south, east, north = grid.extent_m
    (low, high), (left, right) = plane.to_degrees([west, east], [south, north])
    rows = mercator_rows(low, high, len(values))
    classes = classify(values, breaks)[rows]
    return Picture(
        png(classes, palette(colours)), float(low), float(left), float(high), float(right)
    )


def classify(values: ArrayLike, breaks: ArrayLike = BREAKS) -> Bytes:
    """Palette indices of values: UNKNOWN for NaN, else 1 + the number of breaks at or below.

    Raises ValueError when there are more classes than colours or breaks do not rise.
    """
    edges = np.asarray(breaks, dtype=np.float64)
    if len(edges) >= len(COLOURS) or (np.diff(edges) <= 0).any():
        raise ValueError(f"breaks {edges.tolist()} must rise and number {len(COLOURS) - 1} at most")
    x = np.asarray(values, dtype=np.float64)
    classes = np.searchsorted(edges, x, side="right") + 1
    return np.where(np.isnan(x), UNKNOWN, classes).astype(np.uint8)


def mercator_rows(south: float, north: float, rows: int) -> NDArray[np.intp]:
    """Indices of source rows for a Mercator picture, northern row first.

    The source has `rows` rows evenly spaced in latitude, southern row first. The result is long
    enough to use each row, with at most 2,000 entries. For areas on one side of the equator.
    """
    low, high = _mercator(south), _mercator(north)
    stretch = (high - low) / math.radians(north - south)
    nearest = math.cos(math.radians(min(abs(south), abs(north))))
    tall = min(max(math.ceil(rows * stretch * nearest), rows), MAX_ROWS)
    mercator = high - (np.arange(tall) + 0.5) * (high - low) / tall
    lat = np.degrees(2 * np.arctan(np.exp(mercator)) - math.pi / 2)
    source = np.floor((lat - south) / (north - south) * rows).astype(np.intp)
    return np.clip(source, 0, rows - 1)


def palette(colours: Sequence[str] = COLOURS, opacity: float = OPACITY) -> tuple[bytes, bytes]:
    """Colours (3 bytes each) and opacities (1 byte each) by index; the first is transparent."""
    rgb = b"\0\0\0" + b"".join(bytes.fromhex(colour[1:]) for colour in colours)
    return rgb, bytes([0]) + bytes([round(255 * opacity)]) * len(colours)


def png(indices: Bytes, colours: tuple[bytes, bytes]) -> bytes:
    """Write indices (rows, columns; northern row first) as an 8-bit palette PNG (ISO 15948)."""
    rows, columns = indices.shape
    lines = np.zeros((rows, columns + 1), dtype=np.uint8)  # each line begins with filter 0
    lines[:, 1:] = indices
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", colours[0]),
        (b"tRNS", colours[1]),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _mercator(lat: float) -> float:
    return math.asinh(math.tan(math.radians(lat)))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
