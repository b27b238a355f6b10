"""Numbers written in kanji: 三頭, 十二頭, 午後三時, 令和七年. PURE.

Owns where such a number begins and ends, and its value. Must not know what is counted. 数頭 and 十数頭 are no
numbers: they stay as they stand.
"""

import re

_DIGITS = dict(zip("〇零一二三四五六七八九壱弐参", [0, *range(10), 1, 2, 3], strict=True))
_PLACES = {"十": 10, "拾": 10, "百": 100, "千": 1_000}
_ALL = "".join([*_DIGITS, *_PLACES])
_UNITS = "頭|匹|羽|個体|尾|時|分|年|月|日"
_RUN = re.compile(
    rf"(?<![数何{_ALL}])[{_ALL}]+(?=(?:[、,・~]\s*[{_ALL}]+)*\s*(?:{_UNITS}))|^[{_ALL}]+$"
)


def to_digits(text: str) -> str:
    """The text with kanji numbers before a unit, or alone in the cell, as digits."""
    return _RUN.sub(_written, text)


def value(kanji: str) -> int | None:
    """The number of a run of kanji, by places (十二) or digit by digit (一二); None: it is none."""
    if not any(one in _PLACES for one in kanji):
        return int("".join(str(_DIGITS[one]) for one in kanji))
    total, digit, least = 0, None, 10_000
    for one in kanji:
        if one in _DIGITS and digit is None:
            digit = _DIGITS[one]
        elif one in _PLACES and _PLACES[one] < least:
            least = _PLACES[one]
            total, digit = total + (1 if digit is None else digit) * least, None
        else:
            return None
    return total + (digit or 0)


def _written(found: re.Match[str]) -> str:
    number = value(found[0])
    return found[0] if number is None else str(number)
