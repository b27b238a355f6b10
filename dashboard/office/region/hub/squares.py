"""What is shown of sums by square: rates exact where places are, else classes, steps and nothing small. PURE.

Owns coarsening to as many squares as a page may hold, and what of others' sums is hidden. The sums of towns
that give exact places (and of the reader's own) are shown with their interval. Where sums of towns that give
squares are among them, events are shown in steps, days in tens, the rate as a class, and none of it where
those towns had fewer events than LEAST_SHOWN or have left a part out.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from dashboard.analysis.rate import RateInterval, of_sums
from dashboard.maps.colour_classes import class_of
from gateway.domain.epoch import DAY_MS
from gateway.domain.geo import mesh_code
from gateway.region.sharing import LEAST_SHOWN, shown_count

MOST_SQUARES = 4_500  # on one map, half as many where each has its interval
EFFORT_STEP = 10  # days
CLASS_DAYS = 30  # with less effort of others no class is shown
KM5 = 7  # digits of a 5 km code
SQUARE = re.compile(r"[0-9]{2}[0-7][0-9](?:[0-7]{2}(?:[1-4]|[0-9]{2})?)?")  # 80, 10, 5 or 1 km
DIGITS = (8, KM5, 6, 4)  # of 1 km, 5 km, 10 km and 80 km codes


class SquareSum(Struct, frozen=True, gc=False):
    """Sums of one square. `own`: of towns that give exact places, `others`: of those that give squares."""

    code: str
    own_ms: int = 0
    others_ms: int = 0
    own_n: int = 0
    others_n: int = 0
    untold: int = 0  # parts that a hub one level down found too small to tell


class ShownSquare(Struct, frozen=True, gc=False):
    """One square as it is shown; None: hidden."""

    code: str
    rate_class: int | None
    n: int | None
    days: float
    exact: RateInterval | None = None

    @property
    def row(self) -> list[object]:
        """The same for the page's script, as short as possible."""
        if self.exact is None or self.exact.low is None or self.exact.high is None:
            return [self.code, self.rate_class, self.n, self.days]
        per100, low, high = self.exact.per100 or 0.0, self.exact.low, self.exact.high
        interval = [round(per100, 1), round(low, 1), round(high, 1)]
        return [self.code, self.rate_class, self.n, self.days, *interval]


def shown(sums: Iterable[SquareSum], most: int = MOST_SQUARES) -> list[ShownSquare]:
    """At most about `most` squares, as fine as that allows; the smallest codes first."""
    return [_shown(one) for one in _coarsened(list(sums), most)]


def town_rates(
    n: int, alive_ms: int, captures: int, armed_ms: int, *, fine: bool, untold: int
) -> tuple[RateInterval | None, RateInterval | None]:
    """Rates of one town: events by camera-days, captures by trap-nights; None: too few to be shown."""
    return (
        None if _few(n, fine, untold) else of_sums(n, alive_ms / DAY_MS, "camera-days"),
        None
        if _few(captures, fine, untold)
        else of_sums(captures, armed_ms / DAY_MS, "trap-nights"),
    )


def _few(n: int, fine: bool, untold: int) -> bool:
    return not fine and (untold > 0 or 0 < n < LEAST_SHOWN)


def _coarsened(sums: Sequence[SquareSum], most: int) -> list[SquareSum]:
    known = [one for one in sums if is_square(one.code)]
    for digits in DIGITS:
        parents = [_parent(one.code, digits) for one in known]
        if len(set(parents)) > most and digits != DIGITS[-1]:
            continue  # whatever each of them takes of a page
        groups: dict[str, list[SquareSum]] = {}
        for code, one in zip(parents, known, strict=True):
            groups.setdefault(code, []).append(one)
        if sum(map(_weight, groups.values())) <= most:
            break
    return [_pooled(code, parts) for code, parts in sorted(groups.items())]


def is_square(code: str) -> bool:
    """Whether a code names a square: a town may send any digits, and the others are shown all the same."""
    return SQUARE.fullmatch(code) is not None


def _weight(parts: Sequence[SquareSum]) -> int:
    """What a square takes of a page: with an interval it is twice as long."""
    return 1 if any(one.others_ms or one.others_n or one.untold for one in parts) else 2


def _parent(code: str, digits: int) -> str:
    """The code of the square that holds another one, by its number of digits."""
    if len(code) <= digits:
        return code
    return mesh_code.parent(code, "5km") if digits == KM5 else code[:digits]


def _pooled(code: str, parts: Sequence[SquareSum]) -> SquareSum:
    return SquareSum(
        code,
        sum(one.own_ms for one in parts),
        sum(one.others_ms for one in parts),
        sum(one.own_n for one in parts),
        sum(one.others_n for one in parts),
        sum(one.untold for one in parts),
    )


def _shown(one: SquareSum) -> ShownSquare:
    effort = (one.own_ms + one.others_ms) / DAY_MS
    rate = of_sums(one.own_n + one.others_n, effort, "camera-days")
    if one.others_ms == 0 and one.others_n == 0 and one.untold == 0:
        return ShownSquare(one.code, class_of(rate.per100), rate.n, round(rate.effort, 1), rate)
    days = int(rate.effort // EFFORT_STEP) * EFFORT_STEP
    if _few(one.others_n, False, one.untold):
        return ShownSquare(one.code, None, None, days)
    kind = class_of(rate.per100) if rate.effort >= CLASS_DAYS else None
    return ShownSquare(one.code, kind, shown_count(rate.n), days)
