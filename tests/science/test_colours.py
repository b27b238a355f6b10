"""The maps' scales can be read by eyes that lack a kind of cone, and legends show what the map shows."""

import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image

from dashboard.maps import colour_classes, legend, raster
from dashboard.maps.colour_classes import LAND, seen
from dashboard.office.map import report_density
from dashboard.office.siting.site_map import unsure_legend
from dashboard.web import assets
from dashboard.web.i18n import text
from tests.science.colours import EYES, Eye, difference, lab

DISTINCT = 7.0  # of neighbours; 2.3 is just noticeable side by side
YLORRD = ("#ffffcc", "#ffeda0", "#fed976", "#feb24c", "#fd8d3c", "#fc4e2a", "#e31a1c", "#b10026")
SCALES = {
    "rates": colour_classes.COLOURS,
    "reports": [row.colour for row in report_density.legend_rows()],
    "unsure": colour_classes.UNSURE_COLOURS,
}


def least(colours: list[str], eye: Eye) -> float:
    """The smallest difference of neighbours."""
    labs = [lab(one, eye) for one in colours]
    return min(difference(*pair) for pair in itertools.pairwise(labs))


def test_the_difference_is_that_of_the_published_pairs() -> None:
    for one, other, published in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ):
        assert difference(one, other) == pytest.approx(published, abs=1e-4)


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("scale", SCALES)
def test_neighbouring_classes_and_the_bare_ground_differ_to_every_eye(scale: str, eye: Eye) -> None:
    assert least([LAND, *map(seen, SCALES[scale])], eye) >= DISTINCT


def test_the_scale_of_before_is_told_apart_by_no_eye_without_green() -> None:
    assert least([seen(one, 0.7) for one in YLORRD], "deutan") < 5


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("scale", SCALES)
def test_more_is_darker_to_every_eye(scale: str, eye: Eye) -> None:
    light = [float(lab(seen(one), eye)[0]) for one in SCALES[scale]]
    assert light == sorted(light, reverse=True)


def test_the_legend_shows_the_colours_that_the_picture_has_on_land() -> None:
    rows = legend.rows()
    classes = np.arange(1, len(rows) + 1, dtype=np.uint8).reshape(1, -1)
    picture = Image.open(io.BytesIO(raster.png(classes, raster.palette()))).convert("RGBA")
    ground = Image.new("RGBA", picture.size, LAND)
    on_land = Image.alpha_composite(ground, picture).convert("RGB")
    shown = [bytes.fromhex(colour[1:]) for colour, _ in legend.shown(rows, "events", text("ja"))]
    for at, colour in enumerate(shown):
        drawn = bytes(on_land.getpixel((at, 0)))  # type: ignore[arg-type]
        assert max(abs(a - b) for a, b in zip(drawn, colour, strict=True)) <= 1


def test_the_legend_of_uncertainty_is_of_colours_as_seen_too() -> None:
    shown = [colour for colour, _ in unsure_legend(text("en"))]
    assert shown == [seen(one) for one in colour_classes.UNSURE_COLOURS]


def test_the_ground_in_the_browser_is_the_ground_of_the_legend() -> None:
    script = (assets.STATIC / "basemap.js").read_text(encoding="utf-8")
    assert re.findall(r'const LAND = .*fillColor: "(#\w{6})", fillOpacity: 1 \}', script) == [LAND]
