"""Latitudes and longitudes as people write them, to degrees. PURE.

Owns what a written coordinate may look like: one spelling has one meaning, or is refused. Must not know
lists or tables, nor whether a place is believable (`doubtful_places`).
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from gateway.domain.errors import BadInputError

Axis = Literal["lat", "lon"]

_MOST = {"lat": 90.0, "lon": 180.0}
_NAMES = {"lat": "緯度", "lon": "経度"}
_SIDES = {
    "lat": {"N": 1, "北緯": 1, "北": 1, "S": -1, "南緯": -1, "南": -1},
    "lon": {"E": 1, "東経": 1, "東": 1, "W": -1, "西経": -1, "西": -1},
}
_SIDE = r"北緯|南緯|東経|西経|[NSEW北南東西]"
_LABEL = r"(?:[緯経][度°]|lat(?:itude)?|lon(?:gitude)?|lng)\.?"
_AROUND = re.compile(
    rf"(?:(?P<label>{_LABEL})\s*[:=]?\s*)?(?P<before>{_SIDE})?\.?\s*[:=]?\s*(?P<body>.*?)\s*(?P<after>{_SIDE})?",
    re.IGNORECASE | re.DOTALL,
)
_DECIMAL = re.compile(
    r"(?P<sign>[+-]?)(?P<number>\d{1,8}(?:\.\d*)?)(?:E(?P<power>[+-]?\d{1,2}))?°?", re.IGNORECASE
)
_COMMA = re.compile(r"[+-]?\d+,\d+°?")
_PAIR = re.compile(r"[+-]?\d+\.\d+[\s,、/;]+[+-]?\d+\.\d+")
_MINUTES = re.compile(
    r"(?P<sign>[+-]?)(?P<degrees>\d{1,3})\s*(?P<mark>[°:\s-])\s*(?P<minutes>\d{1,2}(?:\.\d*)?)\s*'?"
)
_SECONDS = re.compile(
    r"(?P<sign>[+-]?)(?P<degrees>\d{1,3})\s*[°:\s-]\s*(?P<minutes>\d{1,2})\s*[':\s-]\s*"
    r"(?P<seconds>\d{1,2}(?:\.\d*)?)\s*(?:\"\s*(?P<decimals>\d*))?"
)
_DOTTED = re.compile(
    r"(?P<sign>[+-]?)(?P<degrees>\d{1,3})\.(?P<minutes>\d{1,2})\.(?P<seconds>\d{1,2}(?:\.\d*)?)"
)
_LETTERS = re.compile(
    r"(\d)\s*d(?:eg)?\.?\s*(\d+(?:\.\d+)?)\s*m(?:in)?\.?(?:\s*(\d+(?:\.\d+)?)\s*s(?:ec)?\.?)?",
    re.IGNORECASE,
)
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("度º˚⁰ᵒ∘", "°"),
        **dict.fromkeys("分′’´‘`ʹ", "'"),
        **dict.fromkeys("秒″”“〃ʺ", '"'),
        **dict.fromkeys("−－‐‑‒–—", "-"),
    }
)
LEAST_DECIMALS = 3  # of a number with an exponent: with fewer it is rounded to over 100 m


class DegreesError(BadInputError, ValueError):
    """A cell that is no coordinate: the cause and what to write, in both languages."""


def read(
    text: str, axis: Axis, most: float | None = None, *, has_comma: bool = False
) -> tuple[float, bool]:
    """(degrees, whether it was written as degrees, minutes and seconds). Raises DegreesError.

    `most`: the largest that is taken; None: what the axis allows. `has_comma`: 36,5561 is a number too.
    """
    around = _AROUND.fullmatch(_plain(text))
    sides = [side for side in (around["before"], around["after"]) if side] if around else []
    body = around["body"] if around else ""
    if around and around["label"] and not _is_label(around["label"], axis):
        raise DegreesError(_looks_like_other(around["label"], axis))
    if has_comma and _COMMA.fullmatch(body):
        body = body.replace(",", ".")
    value, sign, is_sexagesimal = _number(body)
    if sides and sign:
        raise DegreesError("符号か方位の一方だけを / write a sign or a side of the earth, not both")
    return _bounded(
        _side(sides, axis) * (-value if sign == "-" else value), axis, most
    ), is_sexagesimal


def _plain(text: str) -> str:
    """Marks, digits and spaces in their plain forms."""
    cell = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS).strip()
    return _LETTERS.sub(_with_marks, cell.replace("''", '"'))


def _with_marks(found: re.Match[str]) -> str:
    seconds = f'{found[3]}"' if found[3] else ""
    return f"{found[1]}°{found[2]}'{seconds}"


def _number(body: str) -> tuple[float, str, bool]:
    """(value without its sign, sign, whether it has minutes)."""
    if plain := _DECIMAL.fullmatch(body):
        return _decimal(plain), plain["sign"], False
    if found := _SECONDS.fullmatch(body) or _DOTTED.fullmatch(body):
        return _sexagesimal(found), found["sign"], True
    found = _MINUTES.fullmatch(body)
    if found and (
        found["mark"] in "°:" or "." in found["minutes"]
    ):  # not a range, nor a lost point
        return _sexagesimal(found), found["sign"], True
    if _COMMA.fullmatch(body):
        raise DegreesError(
            "小数点はコンマでなくピリオド（36.5561） / must be degrees like 36.5561, with a point"
        )
    if _PAIR.fullmatch(body):
        raise DegreesError(
            "1つの欄に2つの座標。緯度と経度の列に分けてください / two coordinates in one cell: "
            "lat and lon each need a column"
        )
    raise DegreesError(
        "度の数（36.5561）か度分秒（36°33'22\"） / must be degrees like 36.5561 or 36°33'22\""
    )


def _decimal(found: re.Match[str]) -> float:
    number, power = found["number"], found["power"]
    decimals = len(number.partition(".")[2]) - int(power or 0)
    if power and decimals < LEAST_DECIMALS:
        raise DegreesError(
            "表計算ソフトが丸めました。36.5561 のように書いてください / rounded by a spreadsheet: "
            "must be degrees like 36.5561"
        )
    return float(f"{number}E{power or 0}")


def _side(sides: Sequence[str], axis: Axis) -> int:
    """1 for north, east or no letter, -1 for south and west."""
    signs = set()
    for side in sides:
        if side.upper() not in _SIDES[axis]:
            raise DegreesError(_looks_like_other(side, axis))
        signs.add(_SIDES[axis][side.upper()])
    if len(signs) > 1:
        raise DegreesError("方位が2つあります / two sides of the earth")
    return signs.pop() if signs else 1


def _is_label(label: str, axis: Axis) -> bool:
    return (label.startswith("緯") or label.lower().startswith("lat")) is (axis == "lat")


def _looks_like_other(word: str, axis: Axis) -> str:
    other = _NAMES["lon" if axis == "lat" else "lat"]
    return f"{other}のようです（{word}）。列が逆では / looks like the other coordinate ({word})"


def _sexagesimal(found: re.Match[str]) -> float:
    parts = found.groupdict()
    seconds_text = parts.get("seconds") or "0"
    if decimals := parts.get("decimals"):  # 42"36 is 42.36 seconds
        seconds_text = f"{seconds_text}.{decimals}" if "." not in seconds_text else "nan"
    minutes, seconds = float(parts["minutes"]), float(seconds_text)
    if not (minutes < 60 and seconds < 60):
        raise DegreesError("分と秒は60未満 / minutes and seconds must be below 60")
    return int(parts["degrees"]) + minutes / 60 + seconds / 3600


def _bounded(value: float, axis: Axis, most: float | None) -> float:
    most = _MOST[axis] if most is None else most
    if not math.isfinite(value) or abs(value) > most:
        name = _NAMES[axis]
        raise DegreesError(
            f"{name}は -{most:.0f}〜{most:.0f} 度 / must be degrees from -{most:.0f} to {most:.0f}"
        )
    return value
