"""PMTiles with vector tiles, as 国土地理院 and others give them: the things in their finest tiles.

Owns the formats, read by the libraries pmtiles and mapbox-vector-tile (the extra `maps`). Must not fetch.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dashboard.maps.bounds import Box
from dashboard.maps.pack.errors import MapPackError
from dashboard.maps.pack.kinds import TILE_LAYERS
from dashboard.maps.pack.places import column, latitude, row
from dashboard.maps.pack.things import Thing, thing

FINEST = 14  # tiles beyond hold houses and edges of roads, which this map does not draw
MOST_TILES = 20_000
DOWN = {"y_coord_down": True}  # as in the tile: from the north


def from_pmtiles(path: Path, box: Box | None) -> list[Thing]:
    """The things of a file, inside a box if one is given. Raises MapPackError."""
    try:
        from mapbox_vector_tile import decode
        from pmtiles import reader as library
    except ImportError:
        raise MapPackError(f"{path}: PMTiles need: pip install 'shishigaki[maps]'") from None
    try:
        with path.open("rb") as file:
            opened: Any = library
            reader = opened.Reader(opened.MmapSource(file))
            zoom, wanted = _tiles(path, reader.header(), box)
            tiles = ((x, y, reader.get(zoom, x, y)) for x, y in wanted)
            return [
                one
                for x, y, data in tiles
                if data
                for one in _things(decode(_plain(data), default_options=DOWN), zoom, x, y)
            ]
    except OSError as error:
        raise MapPackError(f"{path}: cannot be read: {error.strerror}") from None
    except MapPackError:
        raise
    except Exception as error:  # both libraries have errors of their own, and those of theirs
        why = str(error) or type(error).__name__
        raise MapPackError(f"{path}: not PMTiles with vector tiles: {why}") from None


def _tiles(path: Path, header: Any, box: Box | None) -> tuple[int, list[tuple[int, int]]]:
    """The zoom to read, and the tiles of the box."""
    zoom = min(header["max_zoom"], FINEST)
    edges = (header[f"{side}_e7"] / 1e7 for side in ("min_lon", "min_lat", "max_lon", "max_lat"))
    west, south, east, north = box or edges
    columns = range(column(west, zoom), column(east, zoom) + 1)
    rows = range(row(north, zoom), row(south, zoom) + 1)
    if len(columns) * len(rows) > MOST_TILES:
        raise MapPackError(
            f"{path}: {len(columns) * len(rows)} tiles; allowed: {MOST_TILES}, one site; "
            "name its box: --box WEST,SOUTH,EAST,NORTH"
        )
    return zoom, [(x, y) for x in columns for y in rows]


def _plain(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _things(layers: Any, zoom: int, x: int, y: int) -> Iterator[Thing]:
    for name, layer in layers.items():
        if kind := TILE_LAYERS.get(name):
            for one in layer["features"]:
                placed = _placed(one["geometry"], zoom, x, y, layer["extent"])
                if found := thing(kind, one["properties"], placed):
                    yield found


def _placed(geometry: Any, zoom: int, x: int, y: int, extent: int) -> Any:
    """A geometry of a tile's own units in degrees."""

    def moved(points: Any) -> Any:
        if points and isinstance(points[0], int | float):
            lon = (x + points[0] / extent) / 2**zoom * 360 - 180
            return [lon, latitude((y + points[1] / extent) / 2**zoom)]
        return [moved(one) for one in points]

    return {"type": geometry["type"], "coordinates": moved(geometry["coordinates"])}
