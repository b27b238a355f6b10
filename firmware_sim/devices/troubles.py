"""What storms, thieves, wrong clocks, new firmware and dark weeks do to one device.

Owns who is hit and when, a pure function of scenario, device and day. Must not hold state.
"""

from firmware_sim.devices.stimulus import Stimulus
from firmware_sim.habitat.calendar import in_season
from firmware_sim.habitat.random_streams import fraction, key
from firmware_sim.habitat.scenario import DeviceSpec, Scenario, Trouble
from firmware_sim.habitat.species_habits import DAY_S, day_starts

STORM_SPRINGS = 0.15  # of the traps, each day: wind and water move their triggers
STORM_SILENCE_H = (4.0, 30.0)
REPLACED_DAYS = 14
# Errors of clocks: local time taken for UTC, no time since the start, last century, half an hour slow.
CLOCK_ERRORS_S = (9 * 3600.0, -1_500_000_000.0, -800_000_000.0, -1_800.0)


def stimuli(scenario: Scenario, spec: DeviceSpec, stream: int, day: int) -> list[Stimulus]:
    """Give what happens to a device on a local day because of the scenario's troubles."""
    found: list[Stimulus] = []
    for trouble in scenario.troubles:
        if trouble.kind == "storm":
            found += _storm(scenario, trouble, spec, stream, day)
        elif trouble.kind == "theft":
            found += _theft(trouble, spec, stream, day)
    return found


def clock_error_s(scenario: Scenario, spec: DeviceSpec) -> float:
    """Give how far the clock of a device is ahead, beside its drift."""
    for trouble in scenario.troubles:
        if trouble.kind == "clock" and _is_hit(trouble, key(scenario.seed, spec.id)):
            return CLOCK_ERRORS_S[key(spec.id, "clock error") % len(CLOCK_ERRORS_S)]
    return 0.0


def is_renamed(scenario: Scenario, day: int) -> bool:
    """Whether the firmware of this day names the fields of its frames differently."""
    return any(t.kind == "rename" and in_season((t.first, t.last), day) for t in scenario.troubles)


def is_dark(scenario: Scenario, day: int) -> bool:
    """Whether solar cells give nothing on a local day."""
    return any(t.kind == "dark" and in_season((t.first, t.last), day) for t in scenario.troubles)


def _storm(
    scenario: Scenario, trouble: Trouble, spec: DeviceSpec, stream: int, day: int
) -> list[Stimulus]:
    season = (trouble.first, trouble.last)
    if not in_season(season, day):
        return []
    found: list[Stimulus] = []
    start, luck = day_starts(day), fraction(stream ^ 9, day)
    if spec.role == "trap" and luck < STORM_SPRINGS:
        found.append(Stimulus(start + DAY_S * luck / STORM_SPRINGS, "spring", "storm"))
    area = key(scenario.seed, "storm", spec.area)
    if not in_season(season, day - 1) and _is_hit(trouble, area):
        short, long = STORM_SILENCE_H
        begin = start + DAY_S * fraction(area, day)
        end = begin + 3600 * (short + (long - short) * fraction(area ^ 1, day))
        found += [Stimulus(begin, "lost"), Stimulus(end, "found")]
    return found


def _theft(trouble: Trouble, spec: DeviceSpec, stream: int, day: int) -> list[Stimulus]:
    season = (trouble.first, trouble.last)
    if in_season(season, day - 1) or not in_season(season, day) or not _is_hit(trouble, stream):
        return []
    at = day_starts(day) + DAY_S * fraction(stream ^ 10, day)
    return [
        Stimulus(at, "tamper"),
        Stimulus(at + 120, "stolen"),
        Stimulus(at + REPLACED_DAYS * DAY_S, "replaced"),
    ]


def _is_hit(trouble: Trouble, stream: int) -> bool:
    return fraction(stream, 90) < trouble.share
