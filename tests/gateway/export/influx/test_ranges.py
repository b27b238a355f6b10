"""What `verify` compares: hours, and the local days and months that lie in them as a whole."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.epoch import first_day, local_day
from gateway.export.influx.verify import spans_to_compare

ZONES = st.sampled_from([ZoneInfo(name) for name in ("Asia/Tokyo", "Asia/Kolkata", "UTC")])


@given(ZONES, st.integers(480_000, 500_000), st.integers(0, 3_000))
def test_days_and_months_are_those_that_lie_in_the_hours_as_a_whole(
    zone: ZoneInfo, start: int, length: int
) -> None:
    spans = spans_to_compare(start, start + length, zone)
    hours: dict[int, int] = {}
    for hour in range(start, start + length):
        day = local_day(hour, zone)
        hours[day] = hours.get(day, 0) + 1
    whole = sorted(day for day, count in hours.items() if count == 24)
    assert list(range(*spans["day"])) == whole
    months = range(*spans["month"])
    assert [first_day(m) for m in months] == [
        first_day(m)
        for m in range(600, 700)
        if set(range(first_day(m), first_day(m + 1))) <= set(whole)
    ]
