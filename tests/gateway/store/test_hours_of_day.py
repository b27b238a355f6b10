"""Uptime by hour of the day: exact, though days that were alive throughout are not read by hour."""

import random
from contextlib import closing
from datetime import date
from pathlib import Path

from dashboard.office.periods import LocalDays
from gateway.domain.effort import HourlyTally
from gateway.domain.epoch import HOUR_MS
from gateway.domain.model import Device, Role
from tests.support.samples import TOKYO, open_store
from tests.support.tables import writing_connection

CAMERAS = [Device(id=f"cam-{n}", role=Role.DETECTOR) for n in range(3)]
TRAP = Device(id="trap", role=Role.TRAP)
DAYS = LocalDays(date(2026, 4, 1), date(2026, 4, 21))
HOURS = DAYS.hours(TOKYO)


def lives(seed: int) -> dict[int, list[int]]:
    """Hours of a device: half of its days whole, the others with gaps; some before and after."""
    rng = random.Random(seed)
    found = {}
    for day in range(-2, 23):
        is_whole = rng.random() < 0.5
        for hour in range(24):
            alive = HOUR_MS if is_whole else rng.randrange(HOUR_MS)
            found[HOURS.start + 24 * day + hour] = [alive, 0]
    return found


def test_uptime_by_hour_is_the_sum_of_the_hours(tmp_path: Path) -> None:
    told = {device.id: lives(n) for n, device in enumerate([*CAMERAS, TRAP])}
    with closing(open_store(tmp_path, *CAMERAS, TRAP)) as store:
        tallies = [(id_, HourlyTally(effort, {})) for id_, effort in told.items()]
        store.write_now(lambda tx: tx.add_tallies(tallies))
        alive, _ = store.read_now(lambda r: r.period_reads.hours_of_day(HOURS))
    for clock in range(24):
        wanted = [
            effort[hour][0]
            for id_, effort in told.items()
            for hour in effort
            if id_ != TRAP.id and HOURS.start <= hour < HOURS.end and (hour + 9) % 24 == clock
        ]
        assert alive[clock] == sum(wanted) / HOUR_MS


def test_days_that_were_alive_throughout_cost_no_reading_of_hours(tmp_path: Path) -> None:
    whole = {hour: [HOUR_MS, 0] for hour in range(HOURS.start, HOURS.end)}
    with closing(open_store(tmp_path, *CAMERAS)) as store:
        store.write_now(lambda tx: tx.add_tally("cam-0", HourlyTally(whole, {})))
        writing_connection(store).execute("DELETE FROM effort_hour")
        alive, _ = store.read_now(lambda r: r.period_reads.hours_of_day(HOURS))
        assert alive == [20.0] * 24
        writing_connection(store).execute("UPDATE effort_day SET alive_ms = alive_ms - 1")
        control, _ = store.read_now(lambda r: r.period_reads.hours_of_day(HOURS))
    assert control == [0.0] * 24
