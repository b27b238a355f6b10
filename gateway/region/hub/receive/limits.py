"""Whether the tables can hold what a block says. PURE.

Owns the limits that are narrower than those of the protocol. Must not change a record: what does not fit is
refused by name, so that a person hears of it.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from gateway.domain.epoch import day_number
from gateway.region.protocol import BadBlockError, Block, Trouble
from gateway.region.records import PeriodRecord, SquareRecord
from gateway.region.sharing import ShareLevel

DAYS = range(day_number(date(1900, 1, 1)), day_number(date(2200, 1, 1)))  # since 1970
HOURS = range(24 * DAYS.start, 24 * DAYS.stop)
DEVICES = range(10_001)  # in one 5 km square
MOST_MS = {"hours": 2 * 3_600_000, "days": 2 * 86_400_000}  # of effort in one hour or local day
EFFORT_MS = range(DEVICES.stop * MOST_MS["days"])  # of one 5 km square and day
COUNTS = range(1_000_000_001)  # of one species: the sums of a nation's years stay within 64 bits
MOST_SPECIES = 200  # of one device and period, or of one square and day
LEVELS = {ShareLevel.EXACT: 0, ShareLevel.KM1: 1, ShareLevel.KM5: 5}


def check_limits(block: Block, *, is_hub: bool) -> None:
    """Raise BadBlockError unless every record fits; `is_hub`: the sender is a hub, not a town."""
    _check_periods("hours", block.hours, HOURS)
    _check_periods("days", block.days, DAYS)
    for square in block.squares:
        _check_square(square)
    for one in block.agreements:
        if one.level not in LEVELS:
            raise _refused(f"agreements: level {one.level!r}; allowed: {', '.join(LEVELS)}")
    if block.squares and not is_hub:
        raise _refused("squares: only a hub sends sums; a town sends its periods")
    if is_hub and block.rows - len(block.squares) - (block.town is not None):
        raise _refused("a hub sends sums by squares only")


def _check_periods(name: str, records: Iterable[PeriodRecord], allowed: range) -> None:
    most = MOST_MS[name]
    for one in records:
        if one.at not in allowed:
            raise _refused(f"{name}: {one.at}; allowed: {allowed.start} to {allowed.stop - 1}")
        if not (0 <= one.alive_ms <= most and 0 <= one.armed_ms <= most):
            raise _refused(
                f"{name}: effort {one.alive_ms}, {one.armed_ms} ms; allowed: 0 to {most}"
            )
        _check_sightings(f"{name}, sightings of {one.device}", one.sightings)


def _check_square(one: SquareRecord) -> None:
    _within("squares", [one.day], DAYS)
    name = f"squares, {one.mesh5km}"
    _within(f"{name}, devices", [one.devices or 0], DEVICES)
    _within(f"{name}, effort", (one.alive_ms or 0, one.armed_ms or 0), EFFORT_MS)
    _check_sightings(f"{name}, sightings", one.sightings)


def _check_sightings(name: str, sightings: Sequence[tuple[str, *tuple[int | None, ...]]]) -> None:
    if len(sightings) > MOST_SPECIES:
        raise _refused(f"{name}: {len(sightings)} species; allowed: at most {MOST_SPECIES}")
    for species, *counts in sightings:
        _within(f"{name}, {species}", (one or 0 for one in counts), COUNTS)


def _within(name: str, values: Iterable[int], allowed: range) -> None:
    for value in values:
        if value not in allowed:
            raise _refused(f"{name}: {value}; allowed: {allowed.start} to {allowed.stop - 1}")


def _refused(detail: str) -> BadBlockError:
    return BadBlockError(Trouble.MALFORMED, detail)
