"""A small island that does not exist: roads, a stream, names and a boundary, for map packs in tests.

It lies where the tests' devices stand, so that its names are on their maps.
"""

import gzip
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import msgspec
from pmtiles import writer as pmtiles_writer
from pmtiles.tile import Compression, TileType, zxy_to_tileid

from dashboard.maps.pack.places import column, row, tile_box

CREDIT = "試験用の架空の島"
TOWN, HAMLET, PASS = "試験町", "字みほん", "みほん峠"
ROAD, STREAM = "県道99号", "みほん川"
WEST, SOUTH, EAST, NORTH = 128.64, 32.60, 128.90, 32.76


def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    """One feature of GeoJSON."""
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def ring(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    """The corners of a box as a polygon."""
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


TRACK = [[128.752, 32.668], [128.753, 32.671], [128.751, 32.674]]
TILE = [{"name": "RdCL", "features": [{"geometry": "LINESTRING(0 9, 99 9)", "properties": {}}]}]
LAYERS: dict[str, list[dict[str, Any]]] = {
    "boundary": [feature("Polygon", ring(WEST, SOUTH, EAST, NORTH), N03_004=TOWN)],
    "oaza": [
        feature("Polygon", ring(128.72, 32.64, 128.78, 32.70), S_NAME="字みほん"),
        feature("Polygon", ring(128.78, 32.64, 128.84, 32.70), S_NAME="字ためし"),
    ],
    "roads": [
        feature(
            "LineString",
            [[128.70 + 0.002 * n, 32.66 + 0.0004 * (n % 7)] for n in range(60)],
            name=ROAD,
            vt_rdctg="都道府県道",
        ),
        feature(
            "LineString",
            [[128.752, 32.668], [128.753, 32.671], [128.751, 32.674]],
            highway="track",
            name="林道みほん線",
        ),
    ],
    "rivers": [
        feature(
            "LineString",
            [[128.76 + 0.001 * n, 32.63 + 0.002 * n] for n in range(40)],
            W05_004=STREAM,
        )
    ],
    "contours": [
        feature("LineString", ring(128.73, 32.65, 128.77, 32.69)[0], alti=100),
        feature("LineString", ring(128.74, 32.66, 128.76, 32.68)[0], alti=120),
    ],
    "places": [
        feature("Point", [128.7535, 32.6722], name="みほん集落", place="hamlet"),
        feature("Point", [128.755, 32.7028], name=PASS, place="locality"),
        feature("Point", [128.746, 32.664], name="上みほん", rank=2),
    ],
}


def files(folder: Path) -> list[str]:
    """The layers as files, as the command's options want them."""
    options = []
    for kind, features in LAYERS.items():
        path = folder / f"{kind}.geojson"
        path.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": features}))
        options += ["--layer", f"{kind}={path}"]
    return options


def pmtiles(path: Path, layers: list[dict[str, Any]], lat: float, lon: float) -> None:
    """A file of PMTiles with one vector tile at zoom 14."""
    x, y = column(lon, 14), row(lat, 14)
    with path.open("wb") as file:
        writer: Any = pmtiles_writer.Writer(file)  # type: ignore[no-untyped-call]
        data = mapbox_vector_tile.encode(layers, default_options={"y_coord_down": True})
        writer.write_tile(zxy_to_tileid(14, x, y), gzip.compress(data))
        west, south, east, north = (round(edge * 1e7) for edge in tile_box(14, x, y))
        header = {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_lon_e7": west + 9,
            "min_lat_e7": south + 9,
            "max_lon_e7": east - 9,
            "max_lat_e7": north - 9,
            "center_zoom": 14,
            "center_lon_e7": west,
            "center_lat_e7": south,
        }
        writer.finalize(header, {})
