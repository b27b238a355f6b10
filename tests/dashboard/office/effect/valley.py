"""A valley with sensors near and far from new traps, watched in a year without and a year with them.

Owns the devices, and facts made of counts that tests choose.
"""

from collections.abc import Mapping

from dashboard.office.effect.facts import Facts, PeriodFacts
from dashboard.office.effect.question import Question
from dashboard.office.periods import Month
from gateway.domain.damage.record import DamageRecord
from gateway.domain.model import Device, Role

DAYS = 91.0
SENSORS = tuple(
    Device(
        id=f"cam-{n:02}",
        role=Role.DETECTOR,
        name=f"カメラ{n}",
        lat=32.66 + 0.004 * (n % 4),
        lon=128.70 + 0.005 * (n // 4) + (0.12 if n >= 8 else 0.0),
        area="東" if n >= 8 else "西",
    )
    for n in range(16)
)
NEAR = tuple(one.id for one in SENSORS[:8])
FAR = tuple(one.id for one in SENSORS[8:])
TRAPS = tuple(
    Device(
        id=f"trap-{n}",
        role=Role.TRAP,
        name=f"わな{n}",
        lat=32.665,
        lon=128.70 + 0.004 * n,
        area="西",
    )
    for n in range(3)
)
QUESTION = Question(month=Month(2026, 9), months=3, species="boar", near_m=1000)


def period(
    question: Question,
    events: Mapping[str, int],
    *,
    year: str,
    nights: Mapping[str, float] | None = None,
    damage: tuple[DamageRecord, ...] = (),
) -> PeriodFacts:
    """One period in which every sensor watched DAYS days."""
    span = question.before if year == "before" else question.after
    days = {one.id: DAYS for one in SENSORS}
    return PeriodFacts(span, dict(events), days, dict(nights or {}), {}, damage)


def facts(before: Mapping[str, int], after: Mapping[str, int]) -> Facts:
    """Counts of both periods; the traps fished in the second only."""
    return Facts(
        QUESTION,
        {one.id: one for one in (*SENSORS, *TRAPS)},
        frozenset(),
        period(QUESTION, before, year="before"),
        period(QUESTION, after, year="after", nights={one.id: 80.0 for one in TRAPS}),
    )
