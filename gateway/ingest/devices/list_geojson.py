"""A device list as GeoJSON: a FeatureCollection of Points, to rows of text by column. PURE.

Owns the form of the file. Must not judge a value.
"""

from typing import Any

import msgspec
from msgspec import Struct

from gateway.ingest.devices.list_words import COLUMNS
from gateway.ingest.tables import workbook
from gateway.ingest.tables.text_file import TableError

MAX_FEATURES = 50_000


class _Collection(Struct):
    features: list[Any]


def is_geojson(data: bytes) -> bool:
    """Whether the bytes begin like a JSON object."""
    return data[:1_000].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def rows(data: bytes) -> list[tuple[str, dict[str, str]]]:
    """(where it stands, values by column) of every feature; other properties are left out.

    Raises TableError.
    """
    try:
        features = msgspec.json.decode(
            data.removeprefix(b"\xef\xbb\xbf"), type=_Collection
        ).features
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise TableError(
            "GeoJSON の FeatureCollection ではありません / not a GeoJSON FeatureCollection"
        ) from None
    if len(features) > MAX_FEATURES:
        raise TableError(f"{MAX_FEATURES:,} 件まで / at most {MAX_FEATURES:,} features are read")
    return [(f"feature {at}", _feature(one, f"feature {at}")) for at, one in enumerate(features, 1)]


def _feature(feature: Any, where: str) -> dict[str, str]:
    try:
        geometry, values = feature.get("geometry"), dict(feature.get("properties") or {})
        if geometry:
            values["lon"], values["lat"] = geometry["coordinates"][:2]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise TableError(
            f"{where}: 点 (Point) と properties が必要です / needs a Point geometry and properties"
        ) from None
    return {name: _text(values[name]) for name in COLUMNS if name in values}


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return workbook.number_text(value) if type(value) is int else workbook.value_text(value)
