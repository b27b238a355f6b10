"""Latitudes and longitudes as people write them, to degrees; the old Japanese datum by its offset. PURE.

Owns what a written coordinate may look like, and where none can be. Must not know lists or tables.
"""

import math
import re
import unicodedata
from typing import Literal

from gateway.domain.errors import BadInputError

Axis = Literal["lat", "lon"]
Place = tuple[float, float]  # latitude, longitude, degrees

BESIDE_ZERO = 0.01  # a coordinate this near 0 is a placeholder or a failed fix
TOKYO_M = 60.0  # how well an offset must fit the old datum
_FAR_FROM_ZERO = 1.0
_M_PER_DEGREE = 111_320.0
_MOST = {"lat": 90.0, "lon": 180.0}
_NAMES = {"lat": "緯度", "lon": "経度"}
_SIDES = {
    "lat": {"N": 1, "北緯": 1, "北": 1, "S": -1, "南緯": -1, "南": -1},
    "lon": {"E": 1, "東経": 1, "東": 1, "W": -1, "西経": -1, "西": -1},
}
_SIDE = r"北緯|南緯|東経|西経|[NSEW北南東西]"
_DECIMAL = re.compile(r"([+-]?)(\d{1,8}(?:\.\d*)?(?:E[+-]?\d{1,2})?)°?", re.IGNORECASE)
_SEXAGESIMAL = re.compile(
    r"([+-]?)(\d{1,3})[°:\s-]\s*(\d{1,2}(?:\.\d*)?)(?:[':\s-]\s*(?:(\d{1,2}(?:\.\d*)?)\s*\"?)?)?"
)
_AROUND = re.compile(
    rf"(?P<before>{_SIDE})?\s*[:=]?\s*(?P<body>.*?)\s*(?P<after>{_SIDE})?", re.IGNORECASE
)
_SIGNS = str.maketrans({"度": "°", "º": "°", "分": "'", "′": "'", "’": "'", "´": "'", "‘": "'",
                        "秒": '"', "″": '"', "”": '"', "“": '"', "−": "-", "－": "-", "‐": "-"})  # fmt: skip


class DegreesError(BadInputError, ValueError):
    """A cell that is no coordinate: the cause and what to write, in both languages."""


def read(text: str, axis: Axis, most: float | None = None) -> tuple[float, bool]:
    """(degrees, whether it was written as degrees, minutes and seconds). Raises DegreesError.

    `most`: the largest that is taken; None: what the axis allows.
    """
    cell = unicodedata.normalize("NFKC", text.translate(_SIGNS)).strip()
    cell = cell.translate(_SIGNS).replace("''", '"')
    around = _AROUND.fullmatch(cell)
    sign = _sign(around["before"], around["after"], axis) if around else 1
    body = around["body"] if around else cell
    plain = _DECIMAL.fullmatch(body)
    if plain:
        value = float(plain[2])
        return _bounded(sign * (-value if plain[1] == "-" else value), axis, most), False
    if re.fullmatch(r"[+-]?\d+,\d+", body):
        raise DegreesError(
            "小数点はコンマでなくピリオド（36.5561） / must be degrees like 36.5561, with a point"
        )
    parts = _SEXAGESIMAL.fullmatch(body)
    if parts is None:
        raise DegreesError(
            "度の数（36.5561）か度分秒（36°33'22\"） / must be degrees like 36.5561 or 36°33'22\""
        )
    return _bounded(sign * _whole(parts), axis, most), True


def _sign(before: str | None, after: str | None, axis: Axis) -> int:
    sign = 1
    for side in filter(None, (before, after)):
        if side.upper() not in _SIDES[axis]:
            other = _NAMES["lon" if axis == "lat" else "lat"]
            raise DegreesError(
                f"{other}のようです（{side}）。列が逆では / looks like the other coordinate ({side})"
            )
        sign = _SIDES[axis][side.upper()]
    return sign


def _whole(parts: re.Match[str]) -> float:
    minutes, seconds = float(parts[3]), float(parts[4] or 0)
    if minutes >= 60 or seconds >= 60:
        raise DegreesError("分と秒は60未満 / minutes and seconds must be below 60")
    value = int(parts[2]) + minutes / 60 + seconds / 3600
    return -value if parts[1] == "-" else value


def _bounded(value: float, axis: Axis, most: float | None) -> float:
    most = _MOST[axis] if most is None else most
    if not math.isfinite(value) or abs(value) > most:
        name = _NAMES[axis]
        raise DegreesError(
            f"{name}は -{most:.0f}〜{most:.0f} 度 / must be degrees from -{most:.0f} to {most:.0f}"
        )
    return value


def is_placeholder(place: Place) -> bool:
    """Whether it lies at or beside 0 in either coordinate: nobody measured it."""
    lat, lon = map(abs, place)
    return min(lat, lon) < BESIDE_ZERO or max(lat, lon) < _FAR_FROM_ZERO


def is_exchanged(place: Place) -> bool:
    """Whether it would lie in Japan with latitude and longitude exchanged, and does not so."""
    lat, lon = place
    return not 20 <= lat <= 46 and 20 <= lon <= 46 and 122 <= lat <= 154


def from_tokyo(place: Place) -> Place:
    """A place of the old Japanese datum (日本測地系) in WGS 84, to some metres."""
    lat, lon = place
    return (
        lat - 0.00010695 * lat + 0.000017464 * lon + 0.0046017,
        lon - 0.000046038 * lat - 0.000083043 * lon + 0.010040,
    )


def is_of_tokyo(place: Place, known: Place) -> bool:
    """Whether `place` is `known`, written in the old datum: some 450 m to the north-west lie between."""
    return _apart_m(place, known) > 3 * TOKYO_M and _apart_m(from_tokyo(place), known) < TOKYO_M


def _apart_m(one: Place, other: Place) -> float:
    east = (one[1] - other[1]) * math.cos(math.radians(one[0]))
    return math.hypot(one[0] - other[0], east) * _M_PER_DEGREE
