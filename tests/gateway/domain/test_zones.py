"""Days and hours are those of the local clock, exactly, in every zone that a site may be in."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.office.periods import LocalDays
from gateway.config import ConfigError, load
from gateway.domain import zones
from gateway.domain.effort import HourlyTally
from gateway.domain.epoch import HOUR_MS, hour_start, local_day, local_midnight, ms
from gateway.store import Store
from gateway.store.rollups.periods import HoursOfDay
from tests.support.samples import CAMERA

NAMES = sorted(available_timezones())
PARTS = ("Asia/Kolkata", "Australia/Adelaide", "Asia/Kathmandu", "America/St_Johns")
WHOLE = (
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "America/Asuncion",  # its clock changes at midnight
    "Africa/Casablanca",  # changes with Ramadan
    "Pacific/Apia",  # left a day out in 2011
)


def check_hours(zone: ZoneInfo, moments: list[datetime]) -> int:
    """Every hour around these moments lies in one local day and one hour of the clock."""
    looked_at = 0
    for moment in moments:
        for hour in range(ms(moment) // HOUR_MS - 30, ms(moment) // HOUR_MS + 30):
            begin, day = hour_start(hour), local_day(hour, zone)
            for part in (0, 1, 29, 30, 31, 59):  # minutes
                local = (begin + timedelta(minutes=part)).astimezone(zone)
                assert local.date() == date.fromordinal(day + date(1970, 1, 1).toordinal())
                assert local.hour == begin.astimezone(zone).hour
            assert local_midnight(day, zone) <= begin < local_midnight(day + 1, zone)
            looked_at += 1
    return looked_at


@pytest.mark.parametrize("name", WHOLE)
def test_no_hour_is_cut_by_a_change_of_the_clock_or_by_midnight(name: str) -> None:
    zone = ZoneInfo(name)
    assert zones.problem(name) == ""
    changes = list(zones.offset_changes(zone, datetime(2010, 1, 1, tzinfo=UTC)))[:6]
    assert check_hours(zone, [*changes, zones.EXACT_SINCE]) >= 60


@settings(max_examples=12, deadline=None)
@given(name=st.sampled_from(NAMES))
def test_a_zone_is_exact_or_refused(name: str) -> None:
    zone = ZoneInfo(name)
    if not zones.problem(name):
        check_hours(zone, list(zones.offset_changes(zone))[-4:])


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_zone_is_exact_at_every_change_or_refused(name: str) -> None:
    zone = ZoneInfo(name)
    if not zones.problem(name):
        check_hours(zone, list(zones.offset_changes(zone)))


@pytest.mark.parametrize("name", PARTS)
def test_a_zone_of_half_hours_is_refused_by_name_with_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):  # the control: its hours are cut
        check_hours(ZoneInfo(name), [zones.EXACT_SINCE])
    file = tmp_path / "site.toml"
    file.write_text(f'[site]\nname = "x"\ntimezone = "{name}"\n')
    with pytest.raises(ConfigError, match="whole number of hours") as refused:
        load(file, {})
    assert name in str(refused.value)
    assert "choose a zone of whole hours" in str(refused.value)


def test_a_clock_that_changes_within_an_hour_is_refused() -> None:
    assert "changes within an hour" in zones.problem("Asia/Gaza")
    assert "no such time zone" in zones.problem("Asia/Atlantis")


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Africa/Casablanca"])
def test_the_filter_of_hours_follows_the_clock_through_a_whole_year(
    name: str, tmp_path: Path
) -> None:
    zone, hours_local = ZoneInfo(name), HoursOfDay(22, 6)  # 22 to 04
    span = LocalDays(date(2025, 1, 1), date(2026, 1, 1))
    hours = span.hours(zone)
    assert len(hours.offsets) > 2
    wanted = [h for h in range(hours.start, hours.end) if _local(h, zone) in (22, 23, 0, 1, 2, 3)]
    effort = {h: [h * h % 9_973, 0] for h in range(hours.start, hours.end)}
    seen = {(h, "boar"): [1, 1, 1] for h in range(hours.start, hours.end, 5)}
    with closing(Store(tmp_path / "year.db", zone)) as store:
        store.write_now(lambda tx: tx.put_devices([CAMERA]))
        store.write_now(lambda tx: tx.add_tally(CAMERA.id, HourlyTally(effort, seen)))
        [got] = store.read_now(lambda r: r.period_reads.sums_of_hours(hours, hours_local))
        alive, events = store.read_now(lambda r: r.period_reads.hours_of_day(hours))
        frozen = zones.LocalHours(hours.start, hours.end, hours.offsets[:1])
        [wrong] = store.read_now(lambda r: r.period_reads.sums_of_hours(frozen, hours_local))
    assert got.alive_ms == sum(effort[h][0] for h in wanted)
    assert got.independent == sum((h, "boar") in seen for h in wanted)
    assert wrong.alive_ms != got.alive_ms, "the control: the offset of January all year"
    for clock in range(24):
        at = [h for h in effort if _local(h, zone) == clock]
        assert alive[clock] * HOUR_MS == pytest.approx(sum(effort[h][0] for h in at))
        assert events[clock] == sum((h, "boar") in seen for h in at)


def _local(hour: int, zone: ZoneInfo) -> int:
    return hour_start(hour).astimezone(zone).hour
