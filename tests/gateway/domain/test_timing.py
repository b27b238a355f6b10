"""Judged readings: which time holds, and that nothing a sensor told is lost on the way."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from gateway.domain.model import FACTS as NAMES
from gateway.domain.model import Kind, Reading, TimeQuality, TimeSource
from gateway.domain.timing import judge

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "species": "boar",
    "count": 2,
    "confidence": 0.91,
    "media": "a.jpg",
    "battery_v": 3.01,
    "battery_pct": 71.0,
    "external_power": False,
    "rssi_dbm": -105.0,
    "snr_db": 6.5,
    "lat": 32.69,
    "lon": 128.84,
    "accuracy_m": 8.0,
    "battery_low": True,
    "unread": "no codec",
}


def reading_at(time: datetime | None, source: TimeSource) -> Reading:
    return Reading(
        id="e",
        device="d",
        kind=Kind.DETECTION,
        device_time=time,
        time_source=source,
        boot=7,
        seq=9,
        distinct=True,
        **FACTS,
    )


def test_every_fact_of_a_reading_is_in_its_event() -> None:
    assert set(FACTS) == set(NAMES)
    reading = reading_at(NOW, TimeSource.GPS)
    event = judge(reading, NOW)
    shared = set(Reading.__struct_fields__) & set(event.__struct_fields__)
    assert {name: getattr(event, name) for name in shared} == {
        name: getattr(reading, name) for name in shared
    }
    assert shared >= {"id", "device", "kind", "device_time", "boot", "seq", "distinct", *FACTS}


@pytest.mark.parametrize(
    ("ago", "source", "holds", "quality"),
    [
        (timedelta(hours=72), TimeSource.GPS, True, TimeQuality.SYNCED),
        (timedelta(hours=72), TimeSource.RTC, True, TimeQuality.RTC),
        (timedelta(hours=72), TimeSource.NONE, False, TimeQuality.RECEIVED),
        (timedelta(minutes=-4), TimeSource.NTP, True, TimeQuality.SYNCED),
        (timedelta(minutes=-6), TimeSource.NTP, False, TimeQuality.RECEIVED),
        (timedelta(days=401), TimeSource.NTP, False, TimeQuality.RECEIVED),
        (timedelta(days=365 * 50), TimeSource.NTP, False, TimeQuality.RECEIVED),
    ],
)
def test_a_possible_time_of_the_device_holds_else_that_of_receipt(
    ago: timedelta, source: TimeSource, holds: bool, quality: TimeQuality
) -> None:
    event = judge(reading_at(NOW - ago, source), NOW)
    assert (event.observed_at, event.time_quality) == (NOW - ago if holds else NOW, quality)
    assert event.received_at == NOW
    assert event.device_time == NOW - ago


def test_a_judged_time_is_in_utc_whatever_the_device_s_zone() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=9)))
    assert judge(reading_at(local, TimeSource.GPS), NOW).observed_at.tzinfo is UTC


def test_without_a_trusted_clock_of_ours_a_device_may_be_far_ahead() -> None:
    ahead = NOW + timedelta(days=365)
    event = judge(reading_at(ahead, TimeSource.GPS), NOW, clock_trusted=False)
    assert event.observed_at == ahead
    event = judge(reading_at(None, TimeSource.NONE), NOW, clock_trusted=False)
    assert (event.observed_at, event.time_quality) == (NOW, TimeQuality.UNTRUSTED)
