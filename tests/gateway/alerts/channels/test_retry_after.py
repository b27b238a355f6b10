"""The wait that a provider asks for, in each form of a date."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.channels.http_status import http_date, retry_after_s

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.fixture(params=["Asia/Tokyo", "UTC", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time zone, which HTTP does not mean."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 25 ", 25),
        ("1.5", 1.5),
        ("0", 0),
        ("", 0),
        ("-3", 0),
        ("nan", 0),
        ("inf", 0),
        ("1e99", 6 * 3600),
        ("1e999", 6 * 3600),
        ("9" * 5_000, 6 * 3600),
        ("soon", 0),
        ("1_0", 0),
        ("٧", 0),
        ("Sun, 01 Nov 2026 00:01:40 GMT", 100),
        ("Sunday, 01-Nov-26 00:01:40 GMT", 100),
        ("Sun Nov  1 00:01:40 2026", 100),
        ("Sun, 01 Nov 2026 00:01:40", 100),
        ("Sun, 01 Nov 2026 09:01:40 +0900", 100),
        ("Sat, 31 Oct 2026 23:00:00 GMT", 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Sun Nov  6 08:49:37 1994", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 6 * 3600),
        ("Sun, 31 Feb 2026 00:01:40 GMT", 0),
        ("Sun, 01 Nov 99999 00:01:40 GMT", 0),
        ("Sun Nov", 0),
    ],
)
def test_retry_after_is_seconds_or_one_of_three_dates_which_are_utc(
    value: str, seconds: float
) -> None:
    assert retry_after_s(value, NOW) == seconds


def test_control_a_date_without_a_zone_is_not_the_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    naive = parsedate_to_datetime("Sun Nov  1 00:01:40 2026").astimezone(UTC)
    assert (naive - NOW).total_seconds() == 100 - 9 * 3600
    monkeypatch.undo()
    time.tzset()


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: b.decode("latin-1")))
def test_whatever_a_provider_asks_for_the_wait_is_bounded(value: str) -> None:
    assert 0 <= retry_after_s(value, NOW) <= 6 * 3600


@given(st.integers(0, 3_092_601_599))  # 1970 to 2067
def test_the_three_forms_of_a_date_mean_the_same_moment(seconds: int) -> None:
    wanted = datetime.fromtimestamp(seconds, UTC)
    day = DAYS[wanted.weekday()]
    forms = [
        f"{day[:3]}, {wanted:%d %b %Y %H:%M:%S} GMT",
        f"{wanted:%a %b} {wanted.day:2} {wanted:%H:%M:%S %Y}",
        f"{day}, {wanted:%d-%b-%y %H:%M:%S} GMT",
    ]
    for form in forms:
        assert http_date(form) == wanted, form
