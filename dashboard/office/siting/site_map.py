"""The map of proposed sites: what sensors say of passes, how unsure that is, and the sites.

Owns the layers of this map and the legend of uncertainty. Must not know requests.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from dashboard.analysis import projection
from dashboard.analysis.projection import Floats
from dashboard.maps import geojson, raster
from dashboard.maps.base_layers import Ground
from dashboard.maps.bounds import Box
from dashboard.maps.colour_classes import UNSURE_BREAKS, UNSURE_COLOURS, seen
from dashboard.maps.folium_page import Page
from dashboard.maps.geojson import Feature
from dashboard.maps.raster import Picture
from dashboard.office.map import drawing, hotspot_map, layers
from dashboard.office.map.layers import Layer
from dashboard.office.map.overview import MapInput
from dashboard.office.siting.proposals import Proposals
from gateway.words.catalogue import Translations

Z95 = 1.96


def draw(
    map_input: MapInput,
    plan: Proposals | None,
    reasons: Sequence[str],
    protected: Sequence[Feature],
    limits: Box,
    words: Translations,
    *,
    ground: Ground,
) -> Page:
    """Draw the map; without a plan only sensors and traps."""
    traps = [view for view in map_input.traps if view.id not in map_input.off_map]
    parts = layers.places(map_input.drawn, traps, protected)
    sites = [_feature(i, plan, why) for i, why in enumerate(reasons)] if plan else []
    pictures = pictures_of(plan, limits) if plan else {}
    return hotspot_map.draw(
        [*parts, Layer("sites", sites, True)],
        pictures,
        limits,
        words,
        replace(ground, first=drawing.first_coast([map_input], limits)),
    )


def pictures_of(plan: Proposals, limits: Box) -> dict[str, Picture | None]:
    """The surface, and the factor up to which it may be wrong, on land only."""
    grid, flat = plan.field.grid, plan.plane
    land = projection.inside(flat.project(drawing.land_and_shore(limits)), grid)
    return {
        "surface": raster.picture(_on(land, plan.estimate.rate100), grid, flat),
        "unsure": raster.picture(
            _on(land, np.exp(Z95 * plan.estimate.sd_log)), grid, flat, UNSURE_BREAKS, UNSURE_COLOURS
        ),
    }


def unsure_legend(words: Translations) -> list[tuple[str, str]]:
    """(colour as seen, text) of the classes of uncertainty."""
    edges = ["1", *(f"{edge:g}" for edge in UNSURE_BREAKS)]
    texts = [words("sites.unsure_between", low=low, high=high) for low, high in pairwise(edges)]
    texts.append(words("sites.unsure_from", low=edges[-1]))
    return [(seen(one), told) for one, told in zip(UNSURE_COLOURS, texts, strict=True)]


def _on(land: NDArray[np.bool_], values: Floats) -> Floats:
    return np.where(land, values, np.nan)


def _feature(index: int, plan: Proposals, why: str) -> Feature:
    site = plan.sites[index]
    return geojson.point(site.lat, site.lon, {"no": index + 1, "why": why, "drag": True})
