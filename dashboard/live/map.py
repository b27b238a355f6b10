"""The live map as data, drawn by `static/map.js`.

Owns which layers the map has and its frame. PURE: features in, JSON out. The script sets text as text.
Must not import folium: the gateway's own process stays small.
"""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from dashboard.live.map_marks import Cell
from dashboard.maps import base_layers, bounds
from dashboard.maps.base_layers import Ground
from dashboard.maps.bounds import Box
from dashboard.maps.geojson import Feature, collection
from gateway.words.catalogue import Translations


def live_map(
    devices: list[Feature],
    rates: list[Feature],
    limits: Box,
    text: Translations,
    off_map: Collection[str] = (),
    *,
    cells: Sequence[Cell] = (),
    ground: Ground,
) -> dict[str, Any]:
    """Devices, sensors' rates, the address of the coastline, and GSI tiles if offered.

    `off_map`: ids of devices outside the frame; `cells`: counts of devices that are not drawn one by one.
    """
    places = [
        tuple(feature["geometry"]["coordinates"])
        for feature in devices
        if feature["id"] not in off_map
    ] + [(cell.west, cell.south) for cell in cells if _is_inside(cell, limits)]
    return {
        "frame": bounds.fitted(places, limits),
        "devices": collection(devices),
        "cells": msgspec.to_builtins(cells),
        "rates": collection([_scaled(feature) for feature in rates]),
        "tiles": msgspec.to_builtins(base_layers.offered(text)) if ground.tiles else [],
        "coast": ground.coast,
        "first": ground.first,
        "pack": ground.pack,
        "attribution": base_layers.ATTRIBUTION,
    }


def _scaled(feature: Feature) -> Feature:
    """Add the radius of a circle in pixels: its area grows with the rate; 100 a day = 30 px."""
    rate = feature["properties"]["rate"]
    radius = 5 if rate is None else 5 + min(25.0, (rate**0.5) * 2.5)
    return feature | {"properties": feature["properties"] | {"radius": radius}}


def _is_inside(cell: Cell, limits: Box) -> bool:
    west, south, east, north = limits
    return west <= cell.west <= east and south <= cell.south <= north
