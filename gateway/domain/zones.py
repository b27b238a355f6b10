"""Time zones by their IANA names, and whether sums by the hour are exact in them. PURE.

Owns the look-up of a name that a person or a device list gave, and the question whether every hour since 1970
(UTC) lies in one local day and one hour of the local clock. Must not choose a zone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.domain.epoch import HOUR_MS, ms

EXACT_SINCE = datetime(2000, 1, 1, tzinfo=UTC)  # earlier offsets are not looked at
EXACT_UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_STEP = timedelta(days=7)  # no zone changes its offset to and fro within so short a time
_ZERO, _SECOND = timedelta(), timedelta(seconds=1)


class LocalHours(Struct, frozen=True):
    """Hours since 1970 [start, end), and how far the local clock was ahead of UTC in them."""

    start: int
    end: int
    offsets: tuple[
        tuple[int, int], ...
    ]  # from which hour on, whole hours; the first from the start


@lru_cache(maxsize=64)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name such as Asia/Tokyo; None when there is none of that name."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def offset(zone: ZoneInfo, at: datetime) -> timedelta:
    """How far the zone's clock is ahead of UTC at a moment."""
    return at.astimezone(zone).utcoffset() or _ZERO


def offset_changes(
    zone: ZoneInfo, start: datetime = EXACT_SINCE, end: datetime = EXACT_UNTIL
) -> Iterator[datetime]:
    """The moments in (start, end] from which the zone's offset is another one, in UTC, to the second."""
    before, at = start, start
    while at < end:
        at = min(before + _STEP, end)
        if offset(zone, before) != offset(zone, at):
            yield _change(zone, before, at)
        before = at


def local_hours(zone: ZoneInfo, start: datetime, end: datetime) -> LocalHours:
    """The hours from `start` to `end`, two full hours, in an accepted zone."""
    moments = [start, *(at for at in offset_changes(zone, start, end) if at < end)]
    offsets = tuple((ms(at) // HOUR_MS, offset(zone, at) // _HOUR) for at in moments)
    return LocalHours(ms(start) // HOUR_MS, ms(end) // HOUR_MS, offsets)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        before, after = (middle, after) if offset(zone, middle) == old else (before, middle)
    return after


@lru_cache(maxsize=64)
def why_inexact(zone: ZoneInfo) -> str:
    """Why days and hours cannot be exact in a zone, in both languages; "" where they are.

    Sums are kept by the hour of UTC: a local clock that is a part of an hour off cuts such an hour in two.
    """
    changes = list(offset_changes(zone))
    for at in [EXACT_SINCE, *changes]:
        if offset(zone, at) % _HOUR:
            ahead = f"UTC{at.astimezone(zone):%z}（{at:%Y} 年）"
            return (
                f"UTC との差が1時間単位ではありません: {ahead} / "
                f"its offset from UTC is no whole number of hours ({ahead})"
            )
        if (at - EXACT_SINCE) % _HOUR:
            return (
                f"時計の変わる時刻が正時ではありません（{at:%Y-%m-%d %H:%M} UTC） / "
                f"its clock changes within an hour ({at:%Y-%m-%d %H:%M} UTC)"
            )
    return ""


def problem(name: str) -> str:
    """Why a site cannot be in the zone of a name, and what is allowed; "" if it can."""
    zone = find_zone(name)
    if zone is None:
        return "no such time zone; allowed: names such as Asia/Tokyo"
    if reason := why_inexact(zone):
        return (
            f"日と時間の集計が正確にできません。{reason}。1時間単位の地域を選んでください / "
            "sums by day and hour would not be exact there; choose a zone of whole hours, such as Asia/Tokyo"
        )
    return ""
