"""Figures as sources write them, to possible values, or to None.

Owns the units and ranges of battery, radio and place. A unit beside a figure is used; a figure without a
possible unit and range is unknown, and never read as another quantity. Must not know dialects, models or
devices.
"""

import math
import re
from typing import Any

from gateway.domain.geo.doubtful_places import is_placeholder

_LEADING_NUMBER = re.compile(
    r"\s*([+-]?\d{1,12}(?:\.\d{1,12})?)(?![\d.,])\s*([^\s\d(\[{,;:]{0,12})"
)
_WHOLE_NUMBER = re.compile(r"\s*[+-]?\d{1,12}(?:\.\d{1,12})?\s*\Z")
_UNITS = {
    **dict.fromkeys(("v", "volt", "volts"), "V"),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), "mV"),
    **dict.fromkeys(("%", "percent", "pct", "%el", "%rh"), "%"),
    **dict.fromkeys(("dbm", "db"), "dB"),
    **dict.fromkeys(("low", "ok", "good", "normal", "full", "-", "/"), ""),  # remarks, no units
}
_FOREIGN = "?"  # any other unit
_LOW_WORD = re.compile(r"\b(?:low|critical|empty|flat|weak)\b|低下|不足|電池切れ", re.IGNORECASE)
_GOOD_WORD = re.compile(r"\b(?:ok|okay|good|normal|full|high|medium)\b|正常|十分", re.IGNORECASE)

FRACTION_PCT = 5.0  # below it a figure with decimals may be volts


PLAINLY_DEG = 2.0  # places north and east of it need no check for 0, 0


def number(value: object) -> float | None:
    """A finite number, also as text with a remark (``"2.3(low battery)"``); else None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if value.bit_length() <= 64 else None
    if isinstance(value, str):
        found = _LEADING_NUMBER.match(value[:64])
        return float(found[1]) if found else None
    return None


def measure(value: object) -> tuple[float | None, str]:
    """The number and the unit beside it: ``"3.6 V"`` is (3.6, "V"); "" without a unit."""
    if not isinstance(value, str):
        return number(value), ""
    found = _LEADING_NUMBER.match(value[:64])
    if found is None:
        return None, ""
    return float(found[1]), _UNITS.get(found[2].lower(), _FOREIGN) if found[2] else ""


def within(value: object, low: float, high: float) -> float | None:
    """The number if it lies in low..high, else None."""
    figure = number(value)
    return figure if figure is not None and low <= figure <= high else None


def rssi_dbm(value: object) -> float | None:
    """A possible signal strength, dBm: below 0, and no percentage."""
    figure, unit = (value, "") if type(value) is int else measure(value)
    if figure is None or unit not in ("", "dB"):
        return None
    return float(figure) if -200 <= figure < 0 else None


def snr_db(value: object) -> float | None:
    """A possible signal-to-noise ratio, dB."""
    return within(value, -60, 60)


def volts(value: object) -> float | None:
    """A possible battery voltage, V (0 is a missing measurement)."""
    return battery(value, "V").get("battery_v")


def battery(value: object, unit: str = "") -> dict[str, Any]:
    """A battery's charge or voltage, by the unit in its text, else by `unit`: ``%``, ``V``, ``mV``.

    "": the unit is not known; it is a charge in per cent, unless it may be a voltage.
    """
    if isinstance(value, str):
        return _battery_text(value, unit)
    figure = number(value)
    return {} if figure is None else _battery(figure, unit)


def _battery(figure: float, unit: str) -> dict[str, Any]:
    if unit == "V":
        return {"battery_v": figure} if 0.1 <= figure <= 60 else {}
    if unit == "mV":
        return {"battery_v": figure / 1_000} if 900 <= figure <= 60_000 else {}
    if unit not in ("", "%") or not 0 <= figure <= 100:
        return {}
    if unit == "" and figure < FRACTION_PCT and figure != int(figure):
        return {}
    return {"battery_pct": figure}


def _battery_text(text: str, unit: str) -> dict[str, Any]:
    """A figure with its unit, a word, or both: ``"87 %"``, ``"low"``, ``"2.3(low battery)"``."""
    figure, stated_unit = measure(text)
    if unit == "mV" and stated_unit == "":
        stated_unit = unit
    found = {} if figure is None else _battery(figure, stated_unit or unit)
    if _LOW_WORD.search(text[:64]):
        found["battery_low"] = True
    elif figure is None and _GOOD_WORD.search(text[:64]):
        found["battery_low"] = False
    return found


def place(lat: object, lon: object) -> dict[str, Any]:
    """``lat`` and ``lon`` in degrees if they can be a place: both there, in range, not at or beside 0."""
    north, east = _degrees(lat, 90), _degrees(lon, 180)
    if north is None or east is None or not is_place(north, east):
        return {}
    return {"lat": north, "lon": east}


def is_place(lat: float, lon: float) -> bool:
    """Whether degrees in range are not the 0, 0 that receivers without a fix report."""
    return (lat > PLAINLY_DEG and lon > PLAINLY_DEG) or not is_placeholder((lat, lon))


def _degrees(value: object, most: float) -> float | None:
    """A number of degrees. No text with a decimal comma or a remark: a part of it would be another place."""
    if isinstance(value, str) and not _WHOLE_NUMBER.match(value[:64]):
        return None
    return within(value, -most, most)


def accuracy_m(value: object) -> float | None:
    """A possible accuracy of a place, metres."""
    return within(value, 0, 1e6)


def counter(value: object) -> int | None:
    """A frame's or message's counter; None for anything else."""
    return value if type(value) is int and 0 <= value < 2**63 else None


def name(value: object) -> str:
    """A name as a source gives it; "" for anything that cannot be one."""
    return value if isinstance(value, str) and len(value) <= 128 else ""
