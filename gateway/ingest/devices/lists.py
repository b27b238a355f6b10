"""Device lists: from CSV or GeoJSON to registry rows. PURE.

Owns the columns and the messages for broken rows. Must not store anything.
CSV: a header with COLUMNS (only `id` and `role` are needed), UTF-8 with or without BOM.
GeoJSON: a FeatureCollection of Points, the same names as properties.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.domain.errors import ShishigakiError
from gateway.domain.geo import far_places
from gateway.domain.geo.far_places import Place
from gateway.domain.model import Device, Standing

COLUMNS = tuple(name for name in Device.__struct_fields__ if name != "standing")
SHOWN = 10  # far rows that are named
HINT = (
    "。緯度・経度を直すか、正しければ --far-ok を付けてください"
    " / correct lat and lon, or confirm that the places are right with --far-ok"
)
_EUI = re.compile("[0-9A-Fa-f]{16}|[0-9A-Fa-f]{2}([-:][0-9A-Fa-f]{2}){7}")
_WORDS = {
    "true": True,
    "yes": True,
    "1": True,
    "はい": True,
    "false": False,
    "no": False,
    "0": False,
}


class DeviceListError(ShishigakiError):
    """The list cannot be used; names the row, the value and what is allowed."""


def parse(data: bytes) -> list[Device]:
    """Registry rows of a CSV or GeoJSON file; DeviceListError on the first broken row."""
    return [device for _, device in parse_rows(data)]


def parse_rows(data: bytes) -> list[tuple[str, Device]]:
    """The same, each with where it stands in the file: "line 7", "feature 3"."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DeviceListError("not UTF-8: save the list as 'CSV UTF-8'") from None
    rows = _geojson(text) if text.lstrip().startswith("{") else _csv(text)
    return [(where, _device(where, values)) for where, values in rows]


def check_places(
    rows: Sequence[tuple[str, Device]],
    known: Mapping[str, Device],
    centre: Place | None = None,
    least_km: float = far_places.ASK_KM,
) -> None:
    """Ask about rows far from the others; DeviceListError names line, place and distance.

    `known`: the registry, whose places are not asked about again; `centre`: of the site, if configured.
    """
    fixed = [centre] if centre else []
    fixed += [place for one in known.values() if (place := _registered(one))]
    new = [
        (where, one, place)
        for where, one in rows
        if (place := place_of(one)) and not _is_known(one, known.get(one.id))
    ]
    asked = far_places.to_ask([place for *_, place in new], fixed, least_km)
    if asked:
        told = [_far(*new[index], km) for index, km in asked.items()]
        more = [f"… {len(told) - SHOWN} more"] if len(told) > SHOWN else []
        raise DeviceListError("; ".join([*told[:SHOWN], *more]) + HINT)


def place_of(device: Device) -> Place | None:
    """Latitude and longitude of its row, if it has both."""
    return None if device.lat is None or device.lon is None else (device.lat, device.lon)


def _registered(device: Device) -> Place | None:
    return place_of(device) if device.standing is Standing.APPROVED else None


def _is_known(device: Device, known: Device | None) -> bool:
    return known is not None and _registered(known) == place_of(device)


def _far(where: str, device: Device, place: Place, km: float) -> str:
    return (
        f"{where}: {device.id} ({place[0]}, {place[1]}) は他の場所から {km:,.0f} km 離れています"
        f" / is {km:,.0f} km from the others"
    )


def to_csv(devices: Iterable[Device]) -> str:
    """The list as CSV, as `parse` reads it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(msgspec.structs.asdict(device) for device in devices)
    return out.getvalue()


def address(text: str) -> str:
    """An address as readings have it: EUIs, also as printed in pairs, as 16 lower-case hex digits."""
    if _EUI.fullmatch(text):
        return text.lower().replace("-", "").replace(":", "")
    return text


def _csv(text: str) -> Iterable[tuple[str, dict[str, Any]]]:
    rows = csv.DictReader(io.StringIO(text))
    _known("header", rows.fieldnames or ())
    for row in rows:
        values = {k: v.strip() for k, v in row.items() if k and v and v.strip()}
        if values:
            yield f"line {rows.line_num}", values


def _geojson(text: str) -> Iterable[tuple[str, dict[str, Any]]]:
    try:
        features = msgspec.json.decode(text)["features"]
    except (msgspec.DecodeError, KeyError, TypeError):
        raise DeviceListError("not a GeoJSON FeatureCollection") from None
    for number, feature in enumerate(features, start=1):
        where = f"feature {number}"
        try:
            geometry, values = feature.get("geometry"), dict(feature.get("properties") or {})
            if geometry:
                values["lon"], values["lat"] = geometry["coordinates"][:2]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise DeviceListError(f"{where}: needs a Point geometry and properties") from None
        known = {k: v for k, v in values.items() if k in COLUMNS and v is not None}
        yield where, known


def _known(where: str, names: Iterable[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "id" not in names or "role" not in names:
        wrong = f"unknown column {unknown[0]!r}" if unknown else "columns id and role are needed"
        raise DeviceListError(f"{where}: {wrong}; allowed: {', '.join(COLUMNS)}")


def _device(where: str, values: dict[str, Any]) -> Device:
    values["id"] = address(str(values.get("id", "")))
    if isinstance(word := values.get("inverted"), str):
        values["inverted"] = _WORDS.get(word.lower(), word)
    try:
        device = msgspec.convert(values, Device, strict=False)
    except msgspec.ValidationError as error:
        raise DeviceListError(f"{where}: {error}; given: {values}") from None
    if not -90 <= (device.lat or 0) <= 90 or not -180 <= (device.lon or 0) <= 180:
        raise DeviceListError(f"{where}: lat {device.lat}, lon {device.lon} is no place on Earth")
    if not device.id or device.heartbeat_s <= 0:
        raise DeviceListError(f"{where}: id must not be empty, heartbeat_s must be above 0")
    return device
