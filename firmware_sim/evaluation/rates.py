"""Rates: how far are they from the truth, and do their intervals cover it?

Owns the true rate of a period at given sensors and its comparison. Must not know how a gateway counts.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from firmware_sim.evaluation.record import GatewayRecord, RateLine
from firmware_sim.evaluation.story import Story
from firmware_sim.habitat.records import Passage
from firmware_sim.habitat.species_habits import local_day

LEAST_VISITS = 5.0  # expected in a line; with fewer a relative error says nothing


class RateScore(Struct, frozen=True):
    """All lines: months of species."""

    lines: int
    error_median_pct: float | None  # of the rate against the true expectation
    bias_pct: float | None  # of all detections together against what really passed
    with_interval: int
    covered: int  # intervals that hold the true expectation
    examples: list["RateCompared"]


class RateCompared(Struct, frozen=True):
    """One line beside its truth, per 100 camera-days."""

    first_day: int
    species: str
    rate: float | None
    low: float | None
    high: float | None
    truth: float


class Truth:
    """True expectations by species, day and device, and which share of visits is independent."""

    def __init__(self, story: Story, independent_s: float) -> None:
        self._order = {device.id: i for i, device in enumerate(story.head.devices)}
        self._days: dict[tuple[str, int], list[float]] = {
            (one.species, local_day(one.at)): one.visits for one in story.expected
        }
        self._share = _shares(story, independent_s)

    def visits(self, species: str, device: str, first: int, stop: int) -> float:
        """Expected independent visits at a device in the days from `first` to `stop`."""
        place, share = self._order[device], self._share.get(species, 1.0)
        found = (self._days.get((species, day)) for day in range(first, stop))
        return share * sum(day[place] for day in found if day is not None)

    def per100(
        self, species: str, efforts: Mapping[str, float], first: int, stop: int
    ) -> float | None:
        """The true rate per 100 days at these devices, each with its effort."""
        days, known = sum(efforts.values()), max(stop - first, 1)
        if not days:
            return None
        total = sum(
            effort * self.visits(species, device, first, stop) / known
            for device, effort in efforts.items()
        )
        return 100 * total / days


def score(story: Story, record: GatewayRecord) -> RateScore:
    """Compare the rates."""
    truth = Truth(story, record.independent_s)
    compared = [one for line in record.rates if (one := _compared(truth, line)) is not None]
    errors = [
        abs(one.rate - one.truth) / one.truth * 100
        for one, line in compared
        if one.rate is not None and _is_enough(one, line)
    ]
    limits = [one for one, _ in compared if one.low is not None and one.high is not None]
    return RateScore(
        lines=len(compared),
        error_median_pct=round(statistics.median(errors), 1) if errors else None,
        bias_pct=_bias(story, record),
        with_interval=len(limits),
        covered=sum((o.low or 0) <= o.truth <= (o.high or 0) for o in limits),
        examples=[one for one, _ in compared],
    )


def _compared(truth: Truth, line: RateLine) -> tuple[RateCompared, RateLine] | None:
    efforts = {device: days for device, (_, days) in line.by_device.items()}
    expected = truth.per100(line.species, efforts, line.first_day, line.stop_day)
    if expected is None or line.rate.value is None:
        return None
    rate = line.rate
    row = RateCompared(line.first_day, line.species, rate.value, rate.low, rate.high, expected)
    return row, line


def _is_enough(one: RateCompared, line: RateLine) -> bool:
    days = sum(days for _, days in line.by_device.values())
    return one.truth * days / 100 >= LEAST_VISITS


def _cameras(story: Story) -> list[Passage]:
    """Passages at detectors that were working and were heard again later, in the order of time."""
    cameras = {device.id for device in story.head.devices if device.role == "detector"}
    last = {device: max(story.heard_times[device], default=-math.inf) for device in cameras}
    found = [
        one
        for one in story.passages
        if one.device in cameras
        and one.at <= last[one.device]
        and story.was_working(one.device, one.at)
    ]
    return sorted(found, key=lambda one: one.at)


def _independent(passages: list[Passage], independent_s: float) -> list[bool]:
    """Whether each passage comes later than `independent_s` after the one before of its species there."""
    last: dict[tuple[str, str], float] = {}
    found = []
    for one in passages:
        before = last.get((one.device, one.species), -math.inf)
        found.append(one.at - before > independent_s)
        last[one.device, one.species] = one.at
    return found


def _shares(story: Story, independent_s: float) -> dict[str, float]:
    """By species: the share of passages at detectors that are independent."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    passages = _cameras(story)
    for one, is_own in zip(passages, _independent(passages, independent_s), strict=True):
        counts[one.species][0] += 1
        counts[one.species][1] += is_own
    return {species: kept / every for species, (every, kept) in counts.items()}


def _bias(story: Story, record: GatewayRecord) -> float | None:
    """Percent by which all counted detections differ from the passages at working sensors."""
    devices = {device for line in record.rates for device in line.by_device}
    species = {line.species for line in record.rates}
    counted = sum(n for line in record.rates for n, _ in line.by_device.values())
    found = [o for o in _cameras(story) if o.device in devices and o.species in species]
    passed = sum(_independent(found, record.independent_s))
    return round(100 * (counted - passed) / passed, 2) if passed else None
