"""GeoPackage: one file with map layers for QGIS and other programs (OGC 12-128r18, version 1.3).

Owns the format. Must not know what the layers mean. Places are WGS 84; a row without a place has no
geometry. The style of a layer stands in the table `layer_styles`, which QGIS reads when it opens the
layer. Written with apsw, in memory: a second copy of SQLite in the process would drop the locks of the
database.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import apsw
from msgspec import Struct

GPKG = "application/geopackage+sqlite3"
APPLICATION_ID, USER_VERSION = 0x47504B47, 10_300
WGS84 = 4326
LITTLE_ENDIAN = 1
POINT, POLYGON = 1, 3

Shape = Literal["POINT", "POLYGON"]
Kind = Literal["TEXT", "REAL", "INTEGER", "DATE", "DATETIME"]
Cell = str | float | int | None
Point = tuple[float, float]
"""latitude, longitude"""

SYSTEMS = (
    ("Undefined cartesian SRS", -1, "NONE", -1, "undefined"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined"),
    (
        "WGS 84",
        WGS84,
        "EPSG",
        WGS84,
        (
            'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
            'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]'
        ),
    ),
)
TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE,
  max_x DOUBLE, max_y DOUBLE, srs_id INTEGER REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL UNIQUE REFERENCES gpkg_contents (table_name), column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  PRIMARY KEY (table_name, column_name));
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY, f_table_catalog TEXT, f_table_schema TEXT, f_table_name TEXT,
  f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
  description TEXT, owner TEXT, ui TEXT, update_time DATETIME);
"""


class Field(Struct, frozen=True):
    """A column of a layer."""

    name: str
    kind: Kind
    unit: str = ""
    meaning: str = ""


class Layer(Struct, frozen=True):
    """A layer: rows of a corner list (one: a point; several: a polygon; none: no place) and cells."""

    name: str
    title: str
    geometry: Shape
    fields: tuple[Field, ...]
    rows: Sequence[tuple[Sequence[Point], tuple[Cell, ...]]]
    style: str = ""  # QML


def write(layers: Iterable[Layer], about: Mapping[str, str], made: datetime) -> bytes:
    """The file; `about`: what holds for all layers, as the table `about`."""
    connection = apsw.Connection(":memory:")
    try:
        connection.execute(TABLES)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {USER_VERSION}")
        connection.executemany(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, NULL)", SYSTEMS
        )
        stamp, kept = made.strftime("%Y-%m-%dT%H:%M:%S.000Z"), list(layers)
        for layer in kept:
            _add(connection, layer, stamp)
        _attributes(connection, "about", ("name", "value"), about.items(), stamp)
        fields = [(one.name, f.name, f.unit, f.meaning) for one in kept for f in one.fields]
        _attributes(connection, "fields", ("layer", "field", "unit", "meaning"), fields, stamp)
        return connection.serialize("main")
    finally:
        connection.close()


def _add(connection: apsw.Connection, layer: Layer, stamp: str) -> None:
    columns = ", ".join(f'"{one.name}" {one.kind}' for one in layer.fields)
    connection.execute(
        f'CREATE TABLE "{layer.name}" (fid INTEGER PRIMARY KEY, geom {layer.geometry}, {columns})'
    )
    marks = ", ".join("?" * (len(layer.fields) + 1))
    connection.executemany(
        f'INSERT INTO "{layer.name}" VALUES (NULL, {marks})',  # noqa: S608 - names of ours
        [(_geometry(corners), *cells) for corners, cells in layer.rows],
    )
    places = [corner for corners, _ in layer.rows for corner in corners]
    lats, lons = [lat for lat, _ in places], [lon for _, lon in places]
    box = (min(lons), min(lats), max(lons), max(lats)) if places else (None,) * 4
    connection.execute(
        "INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', ?, ?, ?, ?, ?, ?)",
        (layer.name, layer.title, stamp, *box, WGS84),
    )
    connection.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)",
        (layer.name, layer.geometry, WGS84),
    )
    if layer.style:
        connection.execute(
            "INSERT INTO layer_styles VALUES "
            "(NULL, '', '', ?, 'geom', ?, ?, '', 1, '', '', NULL, ?)",
            (layer.name, layer.name, layer.style, stamp),
        )


def _attributes(
    connection: apsw.Connection,
    name: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    stamp: str,
) -> None:
    texts = ", ".join(f'"{column}" TEXT' for column in columns)
    connection.execute(f'CREATE TABLE "{name}" (fid INTEGER PRIMARY KEY, {texts})')
    marks = ", ".join("?" * len(columns))
    sql = f'INSERT INTO "{name}" VALUES (NULL, {marks})'  # noqa: S608 - names of ours
    connection.executemany(sql, rows)
    connection.execute(
        "INSERT INTO gpkg_contents VALUES (?, 'attributes', ?, '', ?, NULL, NULL, NULL, NULL, 0)",
        (name, name, stamp),
    )


def _geometry(corners: Sequence[Point]) -> bytes | None:
    """GeoPackage's header without an envelope, then WKB; longitude stands first."""
    if not corners:
        return None
    head = struct.pack("<2sBBi", b"GP", 0, LITTLE_ENDIAN, WGS84)
    if len(corners) == 1:
        (lat, lon), *_ = corners
        return head + struct.pack("<BIdd", LITTLE_ENDIAN, POINT, lon, lat)
    ring = [*corners, corners[0]]
    body = b"".join(struct.pack("<dd", lon, lat) for lat, lon in ring)
    return head + struct.pack("<BIII", LITTLE_ENDIAN, POLYGON, 1, len(ring)) + body
