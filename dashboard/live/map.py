"""The live map as data: `static/map.js` draws it, so that the gateway loads nothing for it.

Owns which layers it has and where it starts. PURE: features in, JSON out. The script writes text as text.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from dashboard.maps import base_layers, bounds
from dashboard.maps.bounds import Box
from dashboard.maps.geojson import Feature, collection
from dashboard.web.i18n import Translations


def live_map(
    devices: list[Feature], rates: list[Feature], limits: Box, text: Translations,
    off_map: Collection[str] = (), *, tiles: bool,
) -> dict[str, Any]:  # fmt: skip
    """Devices, sensors' rates, the coastline inside `limits`, GSI tiles if offered.

    `off_map`: ids of devices for which the map does not grow.
    """
    places = [
        tuple(feature["geometry"]["coordinates"])
        for feature in devices
        if feature["id"] not in off_map
    ]
    return {
        "frame": bounds.fitted(places, limits),
        "devices": collection(devices),
        "rates": collection([_scaled(feature) for feature in rates]),
        "tiles": msgspec.to_builtins(base_layers.offered(text)) if tiles else [],
        "coast": base_layers.COAST,
        "attribution": base_layers.ATTRIBUTION,
    }


def _scaled(feature: Feature) -> Feature:
    """Give a circle its radius in pixels: area in proportion to the rate, 100 a day = 30 px."""
    rate = feature["properties"]["rate"]
    radius = 5 if rate is None else 5 + min(25.0, (rate**0.5) * 2.5)
    return feature | {"properties": feature["properties"] | {"radius": radius}}
