"""Paging by cursor: a page begins after the last item of the page before, whatever came or went. PURE.

Owns the cursor's form. Items whose keys are equal are told apart by their place among the equal ones.
"""

import base64
import binascii
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from dashboard.api.shapes import Page
from gateway.domain.errors import BadInputError

T = TypeVar("T")
Key = tuple[int, str]  # a number first, then an id
Place = tuple[int, str, int]  # the key, and the item's number among those with this key

MAX_NUMBER = 2**63  # of a number in the database


class CursorError(BadInputError):
    """A cursor that no page ever gave."""

    def __init__(self) -> None:
        super().__init__("cursor: not one that a page gave as `next`")


def page_of(items: Iterable[T], key: Callable[[T], Key], limit: int, cursor: str) -> Page[T]:
    """At most `limit` items in the order of their keys, after the cursor. Raises CursorError."""
    placed = _placed(items, key)
    places = [place for place, _ in placed]
    start = bisect_right(places, read_cursor(cursor)) if cursor else 0
    found = placed[start : start + limit]
    more = start + limit < len(placed)
    return Page([item for _, item in found], write_cursor(found[-1][0]) if more else None)


def write_cursor(place: Place) -> str:
    """The cursor after a place."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(cursor: str) -> Place:
    """The place that a cursor names. Raises CursorError."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place: Place = msgspec.json.decode(
            base64.b64decode(padded, b"-_", validate=True), type=Place
        )
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise CursorError from None
    if abs(place[0]) >= MAX_NUMBER or write_cursor(place) != cursor:
        raise CursorError
    return place


def _placed(items: Iterable[T], key: Callable[[T], Key]) -> list[tuple[Place, T]]:
    seen: Counter[Key] = Counter()
    found = []
    for item in items:
        here = key(item)
        found.append(((*here, seen[here]), item))
        seen[here] += 1
    return sorted(found, key=lambda pair: pair[0])
