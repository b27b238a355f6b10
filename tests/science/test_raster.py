"""dashboard.maps.raster: fixed classes, true Mercator rows, a picture any browser opens."""

import itertools
import math
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis import projection
from dashboard.analysis.projection import Plane
from dashboard.maps import colour_classes, legend, raster
from dashboard.web.i18n import text


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG, each checksum verified."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body)
        yield kind, body
        at += 12 + length


def decoded(png: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    parts = dict(chunks(png))
    columns, rows, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert rest == [8, 3, 0, 0, 0]
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), dtype=np.uint8)
    lines = lines.reshape(rows, columns + 1)
    assert not lines[:, 0].any()
    return lines[:, 1:]


def test_a_class_begins_at_its_break_and_unknown_is_no_class() -> None:
    got = raster.classify([np.nan, 0, 0.99, 1, 4.99, 5, 50, 1e9])
    assert got.tolist() == [0, 1, 1, 2, 3, 4, 7, 9]


def test_the_scale_does_not_follow_the_data() -> None:
    few, many = raster.classify([3.0, 4.0]), raster.classify([3.0, 400.0])
    assert few[0] == many[0]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_picture_holds_the_indices_it_was_given(rows: int, columns: int, seed: int) -> None:
    indices = np.random.default_rng(seed).integers(0, 8, (rows, columns), dtype=np.uint8)
    picture = raster.png(indices, raster.palette())
    assert [kind for kind, _ in chunks(picture)] == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    assert np.array_equal(decoded(picture), indices)


def test_unknown_cells_are_transparent_and_classes_are_translucent() -> None:
    colours, opacity = raster.palette()
    assert len(colours) == 3 * len(opacity) == 3 * (1 + len(colour_classes.COLOURS))
    assert opacity[0] == 0
    assert set(opacity[1:]) == {round(255 * colour_classes.OPACITY)}


def test_colours_darken_with_the_rate_so_that_grey_prints_read_right() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light = [luminance(colour) for colour in colour_classes.COLOURS]
    assert all(lighter > darker for lighter, darker in itertools.pairwise(light))


def test_north_is_up_and_the_corners_are_the_grids() -> None:
    grid = projection.grid_over([-1000, 1000], [-1000, 1000], 0, 100)
    values = np.full(grid.shape, 0.5)
    values[-1, 0] = 99.0  # the north-west cell
    place = Plane(32.69, 128.84)
    got = raster.picture(values, grid, place)
    image = decoded(got.png)
    assert image[0, 0] == 7
    assert image[-1, 0] == image[0, -1] == 1
    north, east = place.metres_per_degree
    assert got.bounds[0] == pytest.approx([32.69 - 1000 / north, 128.84 - 1000 / east])
    assert got.bounds[1] == pytest.approx([32.69 + 1000 / north, 128.84 + 1000 / east])


@pytest.mark.parametrize(("south", "north", "rows"), [(32.0, 33.0, 1000), (24.0, 46.0, 600)])
def test_rows_land_where_mercator_puts_them(south: float, north: float, rows: int) -> None:
    source = raster.mercator_rows(south, north, rows)
    low, high = (math.log(math.tan(math.pi / 4 + math.radians(v) / 2)) for v in (south, north))
    for row in range(0, len(source), 37):
        y = high - (row + 0.5) / len(source) * (high - low)
        lat = math.degrees(math.atan(math.sinh(y)))
        assert source[row] == math.floor((lat - south) / (north - south) * rows)


def test_no_row_of_the_surface_is_lost_on_the_way() -> None:
    for south, north in ((32.6, 32.8), (24.0, 46.0)):
        source = raster.mercator_rows(south, north, 400)
        assert np.array_equal(np.unique(source), np.arange(400))
        assert (np.diff(source) <= 0).all()


def test_the_legend_names_every_class_once() -> None:
    rows = legend.rows()
    ja, en = text("ja"), text("en")
    assert [row.lower for row in rows] == [0, 1, 2, 5, 10, 20, 50, 100, 200]
    assert [row.upper for row in rows] == [1, 2, 5, 10, 20, 50, 100, 200, None]
    assert [legend.text(rows[2], "events", one) for one in (ja, en)] == [
        "2回以上5回未満",
        "2 to below 5",
    ]
    assert [legend.text(rows[-1], "events", one) for one in (ja, en)] == [
        "200回以上",
        "200 or more",
    ]
    assert legend.text(rows[2], "reports", ja) == "2件以上5件未満"
    assert [row.colour for row in rows] == list(colour_classes.COLOURS)


@pytest.mark.parametrize("breaks", [[1, 1], [2, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]])
def test_a_scale_that_cannot_be_drawn_is_refused(breaks: list[float]) -> None:
    with pytest.raises(ValueError, match="must rise and number 8 at most"):
        raster.classify([1.0], breaks)
