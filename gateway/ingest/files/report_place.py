"""Where a row of a table of sightings lies: latitude and longitude, WKT or a mesh code. PURE.

Owns which of several notations is taken. How a coordinate is written: `domain.geo.degrees`.
"""

import re

from gateway.domain.geo import doubtful_places, mesh
from gateway.domain.geo.degrees import Axis
from gateway.domain.geo.doubtful_places import Place
from gateway.ingest.files.report_row import ReportRow
from gateway.ingest.tables import cell_values

JAPAN = (20.0, 46.0, 122.0, 154.0)  # south, north, west, east
APART_DEG = 0.001  # two notations of one place may differ by so much (100 m)
_AXES: tuple[Axis, Axis] = ("lat", "lon")
_WKT = re.compile(r"POINT\s*(?:Z\s*)?\(\s*(\S+)\s+(\S+?)(?:\s+\S+)?\s*\)", re.IGNORECASE)


def place(row: ReportRow, *, has_comma: bool = False) -> Place:
    """Latitude and longitude in WGS 84. Raises RowError. `has_comma`: numbers may be written 36,5561."""
    code, wkt = _mesh(row), _wkt(row)
    found = _point(row, wkt, has_comma)
    if found is None and code:
        row.repaired(
            "mesh",
            "場所がないのでメッシュの中央とします / no place given; the middle of its mesh is taken",
        )
        return mesh.centre(code)
    if found is None:
        raise row.error("lat", "場所がありません / no place is given")
    lat, lon = _believable(row, found)
    if wkt and max(abs(lat - wkt[0]), abs(lon - wkt[1])) > APART_DEG:
        row.repaired(
            "wkt",
            "緯度・経度と合いません。緯度・経度を使います / "
            "disagrees with latitude and longitude; those are taken",
        )
    if row.map.datum == "tokyo":
        lat, lon = doubtful_places.from_tokyo((lat, lon))
    if code and not (mesh.has_code(lat, lon) and code == mesh.code(lat, lon, mesh.level_of(code))):
        row.repaired(
            "mesh",
            "場所と合いません。場所を使います / disagrees with the place; the place is taken",
        )
    return lat, lon


def _point(row: ReportRow, wkt: Place | None, has_comma: bool) -> Place | None:
    """Latitude and longitude of their columns, else of WKT, or None."""
    present = [key for key in _AXES if row.known(key)]
    if len(present) < len(_AXES):
        if present and wkt is None and not _mesh_text(row):
            missing = next(key for key in _AXES if key not in present)
            raise row.error(missing, "緯度と経度は両方必要です / lat and lon are needed both")
        return wkt
    pair = []
    for key in _AXES:
        try:
            value = cell_values.degrees(row.cell(key), key, row.noter(key), has_comma=has_comma)
        except ValueError as error:
            if wkt is None:
                raise row.error(key, str(error)) from None
            row.repaired(
                key, "度として読めません。WKT を使います / not degrees; the WKT point is taken"
            )
            return wkt
        pair.append(value)
    return pair[0], pair[1]


def _wkt(row: ReportRow) -> Place | None:
    text = row.cell("wkt")
    found = _WKT.fullmatch(text)
    if found:
        try:
            return float(found[2]), float(found[1])
        except ValueError:
            pass
    if text:
        row.repaired("wkt", "POINT (経度 緯度) でないので無視します / not POINT (lon lat); ignored")
    return None


def _mesh_text(row: ReportRow) -> str:
    return cell_values.plain(row.known("mesh")).replace("-", "").removesuffix(".0")


def _mesh(row: ReportRow) -> str:
    """The code that the table gives, if it is one."""
    code = _mesh_text(row)
    if not code:
        return ""
    if cell_values.is_destroyed(row.cell("mesh")):
        row.repaired(
            "mesh",
            "表計算ソフトが丸めました。場所から求めます / "
            "destroyed by a spreadsheet; worked out from the place",
        )
        return ""
    try:
        mesh.bounds(code)
    except mesh.MeshError:
        row.repaired(
            "mesh",
            "メッシュコードではありません。場所から求めます / no mesh code; worked out from the place",
        )
        return ""
    return code


def _believable(row: ReportRow, found: Place) -> Place:
    """The place, put right where latitude and longitude were exchanged."""
    lat, lon = found
    south, north, west, east = JAPAN
    is_on_earth = -90 <= lat <= 90 and -180 <= lon <= 180
    if row.map.anywhere and is_on_earth and not doubtful_places.is_island_of_zeros(found):
        return found
    if south <= lat <= north and west <= lon <= east:
        return found
    if doubtful_places.is_exchanged(found):
        row.repaired(
            "lat",
            "緯度と経度が逆なので入れ替えました / latitude and longitude were exchanged; put right",
        )
        return lon, lat
    raise row.error("lat", f"{lat}, {lon} は日本の中にありません / is not in Japan")
