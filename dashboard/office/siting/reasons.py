"""Why a trap is proposed at a place, in one sentence that a trapper accepts.

Owns the wording, Japanese and English. Pure. Says what was seen near by and how to get there, and
never promises a catch.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from dashboard.analysis.siting import TrapSite

FAR_M = 1500.0  # a sensor farther off is no witness for a place


class NearbySensor(Struct, frozen=True):
    """A sensor that may speak for places near it."""

    name: str
    x_m: float
    y_m: float
    n: int
    effort_days: float


class SiteReason(Struct, frozen=True):
    """One sentence in both languages."""

    ja: str
    en: str


def reason(
    place: TrapSite,
    witnesses: Sequence[NearbySensor],
    animal: SiteReason,
    between100: tuple[float, float] | None = None,
) -> SiteReason:
    """Say why `place` is proposed: the nearest sensor's sightings, the expectation, the way there.

    `between100` are limits of the expectation per 100 nights, where a model gives them.
    """
    seen, expected, way = _seen(place, witnesses, animal), _expected(place, between100), _way(place)
    there = "で、" + "、".join(part.ja for part in way) if way else ""
    en = "; ".join([seen.en, expected.en, *(part.en for part in way)])
    return SiteReason(f"{seen.ja}、{expected.ja}{there}の場所です。", f"{en[0].upper()}{en[1:]}.")


def _seen(place: TrapSite, witnesses: Sequence[NearbySensor], animal: SiteReason) -> SiteReason:
    watching = [w for w in witnesses if w.effort_days > 0]
    nearest = min(watching, key=lambda w: _away(place, w), default=None)
    if nearest is None or _away(place, nearest) > FAR_M:
        return SiteReason(
            "近くにセンサーがなく確かさは低いものの", "no sensor stands near, so less sure"
        )
    away, days = round_m(_away(place, nearest)), round(nearest.effort_days)
    return SiteReason(
        f"{away} m先の「{nearest.name}」で{animal.ja}が{days}日に{nearest.n}回記録され",
        f"“{nearest.name}”, {away} m away, saw {animal.en} {nearest.n} times in {days} days",
    )


def _expected(place: TrapSite, between: tuple[float, float] | None) -> SiteReason:
    about, ja, en = _count(place.rate100), "", ""
    if between:
        low, high = _count(between[0]), _count(between[1])
        ja, en = f"（{low}〜{high}回）", f" ({low} to {high})"
    return SiteReason(
        f"ここは100夜に約{about}回{ja}通る見込み",
        f"about {about}{en} passes in 100 nights are expected here",
    )


def _way(place: TrapSite) -> list[SiteReason]:
    road, trap = place.access_m, place.next_trap_m
    parts = []
    if road is not None:
        parts.append(
            SiteReason(f"道から{round_m(road)} m", f"it is {round_m(road)} m from the road")
        )
    if trap is not None:
        far = round_m(trap)
        parts.append(SiteReason(f"隣のわなまで{far} m", f"the next trap is {far} m away"))
    return parts


def round_m(metres: float) -> int:
    """Metres as people say them: to 10 below 1 km, to 100 above."""
    step = 10 if metres < 995 else 100
    return round(metres / step) * step


def _count(value: float) -> str:
    return f"{value:.0f}" if value >= 9.5 else f"{value:.1f}"


def _away(place: TrapSite, witness: NearbySensor) -> float:
    return math.hypot(place.x_m - witness.x_m, place.y_m - witness.y_m)
