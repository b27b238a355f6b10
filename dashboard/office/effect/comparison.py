"""The figures that answer the question. PURE.

Owns what is compared with what. Words: `report`; which sensors are near: `groups`; the rule: `verdict`.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from dashboard.analysis.intervals import ratio
from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.intervals.ratio import Periods, Ratio, periods
from dashboard.analysis.rate import EffortUnit, RateInterval
from dashboard.office.effect import groups as groups_module
from dashboard.office.effect.facts import Facts, PeriodFacts
from dashboard.office.effect.groups import Groups
from dashboard.office.effect.verdict import Verdict, verdict
from dashboard.office.periods import LocalDays


class BeforeAfter(Struct, frozen=True):
    """Two rates and their ratio; the ratio is of the sensors that watched in both periods."""

    before: RateInterval
    after: RateInterval
    ratio: Ratio


class Damage(Struct, frozen=True):
    """Records of damage before and after, near the traps and elsewhere. Nobody's effort is known."""

    near_before: int
    near_after: int
    elsewhere_before: int
    elsewhere_after: int


class Comparison(Struct, frozen=True):
    """Everything that the page, the command and the JSON show."""

    before: LocalDays
    after: LocalDays
    groups: Groups
    near: BeforeAfter
    far: BeforeAfter
    against: Ratio  # the change near over the change far
    captures: BeforeAfter  # at all traps
    damage: Damage
    verdict: Verdict
    sensor_days: float  # of both groups in both periods
    days_wanted: float | None  # how many more of these find a halving


def compare(facts: Facts) -> Comparison:
    """Compare the two periods."""
    found = groups_module.groups(facts)
    near, far = _events(facts, found.near), _events(facts, found.far)
    against = ratio.near_against_far(_both(facts, found.near), _both(facts, found.far))
    enough = near.before.enough and near.after.enough
    answer = verdict(near.ratio, far.ratio, against, len(found.traps), enough=enough)
    days = sum(one.effort for part in (near, far) for one in (part.before, part.after))
    return Comparison(
        facts.before.span,
        facts.after.span,
        found,
        near,
        far,
        against,
        _captures(facts),
        _damage(facts, found),
        answer,
        days,
        None if answer.times is None else max(answer.times - 1, 0.0) * days,
    )


def _events(facts: Facts, sensors: Iterable[str]) -> BeforeAfter:
    ids = list(sensors)
    before, after = (
        _pooled(one.events, one.days, ids, "camera-days") for one in (facts.before, facts.after)
    )
    return BeforeAfter(before, after, ratio.paired(_both(facts, ids)))


def _captures(facts: Facts) -> BeforeAfter:
    before, after = (
        _pooled(
            one.captures, one.nights, sorted(one.captures.keys() | one.nights.keys()), "trap-nights"
        )
        for one in (facts.before, facts.after)
    )
    traps = sorted(facts.before.nights.keys() | facts.after.nights.keys())
    counts = [_of(one.captures, one.nights, traps) for one in (facts.before, facts.after)]
    return BeforeAfter(before, after, ratio.paired(periods(*counts[0], *counts[1])))


def _pooled(
    n: Mapping[str, int], days: Mapping[str, float], ids: Iterable[str], unit: EffortUnit
) -> RateInterval:
    return pooled(((n.get(id_, 0), days.get(id_, 0.0)) for id_ in ids), unit)


def _both(facts: Facts, sensors: Iterable[str]) -> Periods:
    ids = list(sensors)
    parts = [_of(one.events, one.days, ids) for one in (facts.before, facts.after)]
    return periods(*parts[0], *parts[1])


def _of(
    n: Mapping[str, int], days: Mapping[str, float], ids: Iterable[str]
) -> tuple[list[int], list[float]]:
    known = list(ids)
    return [n.get(id_, 0) for id_ in known], [days.get(id_, 0.0) for id_ in known]


def _damage(facts: Facts, found: Groups) -> Damage:
    (near_before, all_before), (near_after, all_after) = (
        _near(facts, found, one) for one in (facts.before, facts.after)
    )
    return Damage(near_before, near_after, all_before - near_before, all_after - near_after)


def _near(facts: Facts, found: Groups, period: PeriodFacts) -> tuple[int, int]:
    traps = [facts.devices[id_] for id_ in found.traps]
    places = [(one.lat, one.lon) for one in period.damage]
    return groups_module.count_near(places, traps, facts.question.near_m), len(places)
