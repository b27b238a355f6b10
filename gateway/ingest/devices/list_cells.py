"""One row of a device list: its cells to a registry row, or all that is wrong with them. PURE.

Owns the judgement of a row. Its words stand in `list_words`. Must not read files or know other rows.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.domain.geo import degrees, doubtful_places
from gateway.domain.geo.degrees import Axis
from gateway.domain.model import Device
from gateway.domain.zones import find_zone
from gateway.ingest.devices import list_words
from gateway.ingest.tables import ids

AXES: tuple[Axis, Axis] = ("lat", "lon")
MAX_HEARTBEAT_S = 31_536_000
_EUI = re.compile("[0-9A-Fa-f]{16}|[0-9A-Fa-f]{2}([-:][0-9A-Fa-f]{2}){7}")
_INTERVAL = re.compile(r"(\d{1,9})(?:\.0+)?\s*(秒|s|sec|分|min|m|時間|時|h|日|d)?", re.IGNORECASE)
_SECONDS = {
    **dict.fromkeys(("分", "min", "m"), 60),
    **dict.fromkeys(("時間", "時", "h"), 3_600),
    **dict.fromkeys(("日", "d"), 86_400),
}

Fault = tuple[str, str, str]
"""Column, value, what is wrong and what is allowed."""


def address(text: str) -> str:
    """An address as readings have it: EUIs, also as printed in pairs, as 16 lower-case hex digits."""
    if _EUI.fullmatch(text):
        return text.lower().replace("-", "").replace(":", "")
    return text


def device(
    cells: Mapping[str, str], *, has_comma: bool = False
) -> tuple[Device | None, list[Fault]]:
    """The registry row of cells by column, or all that is wrong with them.

    `has_comma`: coordinates may be written 36,5561.
    """
    values: dict[str, Any] = {
        name: text
        for name, text in cells.items()
        if text and (name in {"id", "role", "inverted"} or not list_words.is_blank(text))
    }
    faults = [
        *_id(values),
        *_role(values),
        *_place(values, has_comma),
        *_inverted(values),
        *_heartbeat(values),
        *_zone(values),
    ]
    if "trap_type" in values:
        values["trap_type"] = list_words.trap_type(values["trap_type"])
    return (None, faults) if faults else (msgspec.convert(values, Device), [])


def _id(values: dict[str, Any]) -> Iterator[Fault]:
    text = ids.unguarded(values.get("id", ""))
    if not text:
        yield "id", "", "機器の番号が必要です / an id is needed"
    elif cause := ids.why_destroyed(text):
        yield "id", text, cause
    values["id"] = address(text)


def _role(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("role", "")
    found = list_words.role(text)
    if found is None:
        allowed = "trap（わな）, detector（センサー・カメラ）, relay（中継）"
        yield "role", text, f"{allowed} のどれか / one of trap, detector, relay"
        return
    values["role"], kind = found
    if kind:
        values.setdefault("trap_type", kind)


def _place(values: dict[str, Any], has_comma: bool) -> Iterator[Fault]:
    present = [axis for axis in AXES if values.get(axis)]
    faults = [fault for axis in present for fault in _degrees(values, axis, has_comma)]
    if len(present) == 1 and not faults:
        [here] = present
        missing = "lon" if here == "lat" else "lat"
        wrong = "緯度と経度は両方必要です / lat and lon are needed both, or neither"
        yield missing, "", f"{wrong} ({here} = {cells_text(values[here])})"
    yield from faults
    if len(present) == 2 and not faults:
        yield from _believable((values["lat"], values["lon"]))


def cells_text(value: float) -> str:
    """Degrees as a message shows them."""
    return f"{value:.7g}"


def _degrees(values: dict[str, Any], axis: Axis, has_comma: bool) -> Iterator[Fault]:
    """Put degrees in place of a cell; up to 180, so that exchanged columns are named as such."""
    text = values[axis]
    try:
        values[axis], _ = degrees.read(text, axis, most=180, has_comma=has_comma)
    except degrees.DegreesError as error:
        yield axis, text, str(error)


def _believable(place: tuple[float, float]) -> Iterator[Fault]:
    shown = f"{cells_text(place[0])}, lon {cells_text(place[1])}"
    if doubtful_places.is_placeholder(place):
        wrong = (
            "0 や 0 のそばは場所ではありません。空に / 0 or beside it is no place: leave it empty"
        )
        yield "lat", shown, wrong
    elif doubtful_places.is_exchanged(place):
        yield "lat", shown, "緯度と経度が逆のようです / latitude and longitude seem exchanged"
    elif abs(place[0]) > 90:
        yield "lat", shown, "緯度は -90〜90 度 / must be degrees from -90 to 90"


def _inverted(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("inverted")
    if text is None:
        return
    values["inverted"] = list_words.truth(text)
    if values["inverted"] is None:
        yield "inverted", text, "はい か いいえ / yes or no"


def _heartbeat(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("heartbeat_s")
    if text is None:
        return
    found = _INTERVAL.fullmatch(unicodedata.normalize("NFKC", text).strip())
    seconds = int(found[1]) * _SECONDS.get((found[2] or "").lower(), 1) if found else 0
    if not 0 < seconds <= MAX_HEARTBEAT_S:
        yield "heartbeat_s", text, "秒数（1 以上の整数）か 6時間 の形 / whole seconds, above 0"
    values["heartbeat_s"] = seconds


def _zone(values: dict[str, Any]) -> Iterator[Fault]:
    text = values.get("zone")
    if text and find_zone(text) is None:
        yield "zone", text, "Asia/Tokyo のような名前 / an IANA name such as Asia/Tokyo"
