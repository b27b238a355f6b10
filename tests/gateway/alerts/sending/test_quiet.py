"""Quiet hours are asked at the moment of sending: no retry, restart or late queue rings at night."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.alerts import claims
from gateway.alerts.channels import UndeliveredError
from gateway.alerts.claims import claim, quiet_until
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.config.thresholds import within
from gateway.domain.model import Kind
from gateway.domain.people.person import Person
from gateway.store.feed import Feed
from tests.gateway.alerts.post import Post, status
from tests.gateway.alerts.site import Site, at

NIGHT = [{"name": "tanaka", "channels": ["console:"], "quiet": "22-06"}]
LANE = ("tanaka", "0")


def minute(hour: int, minutes: int = 0, seconds: float = 0, day: int = 0) -> float:
    """A time of day in Tokyo on the tests' clock, which begins at 09:00."""
    return (day * 24 + hour - 9) * 60 + minutes + seconds / 60


class Night:
    """A site, its notifier, and a provider that answers 503 until some minute."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.site, self.post = Site(folder, {"people": NIGHT} | settings), Post()
        self.back_at = 0.0
        self.rang: list[tuple[float, str]] = []
        self.retry_after_s = 0.0
        self.restart()

    def restart(self, policy: Policy | None = None) -> None:
        """A new process on the same database, perhaps with other settings."""
        self.site.policy = policy or self.site.policy
        self.notifier = Notifier(
            self.site.store,
            Feed(),
            self.site.policy,
            self.post.ways(self.site),
            Links(""),
            lambda: self.site.now,
        )
        self.site.store.write_now(lambda tx: tx.outbox.release())

    def live(self, until: float, step_s: float = 5.0) -> None:
        """Time passes; what rings is noted with its minute."""
        while self.site.minutes < until:
            self.site.minutes = min(until, self.site.minutes + step_s / 60)
            is_away = self.site.minutes < self.back_at
            failure = UndeliveredError("503", retry_after_s=self.retry_after_s)
            self.post.failures = [failure] * 50 if is_away else []
            before = len(self.post.letters)
            asyncio.run(self.notifier.deliver_due())
            found = self.post.letters[before:]
            self.rang += [(self.site.minutes, notification.title) for _, notification in found]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    night = Night(tmp_path)
    yield night
    night.site.store.close()


@pytest.mark.parametrize("retry_after_s", [0, 20, 45])
def test_a_warning_whose_provider_comes_back_after_ten_waits_until_six(
    night: Night, retry_after_s: float
) -> None:
    night.site.hear("trap-01", Kind.TAMPER, minute(21, 59, 20))
    night.back_at, night.retry_after_s = minute(22, 0, 10), retry_after_s
    night.live(minute(22, 10))
    assert night.post.attempts, "it was tried before ten"
    assert night.rang == []
    night.live(minute(6, 5, day=1), step_s=60)
    [(rang, title)] = night.rang
    assert title == "センサーに異常な接触"
    assert rang == pytest.approx(minute(6, 0, day=1), abs=1)


def test_control_asked_only_when_it_is_queued_it_rings_at_night(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_hold", lambda *_: None)
    night.site.hear("trap-01", Kind.TAMPER, minute(21, 59, 20))
    night.back_at = minute(22, 0, 10)
    night.live(minute(22, 10))
    assert [title for _, title in night.rang] == ["センサーに異常な接触"]


def test_a_restart_at_night_lets_nothing_ring(night: Night) -> None:
    night.site.hear("trap-01", Kind.TAMPER, minute(21, 59, 20))
    night.site.minutes = minute(21, 59, 40)
    night.site.store.write_now(lambda tx: tx.outbox.claim(LANE, night.site.now, 5))  # and killed
    night.site.minutes = minute(23)
    night.restart()
    night.live(minute(5, 59, day=1), step_s=120)
    assert night.rang == []
    night.live(minute(6, 3, day=1))
    assert len(night.rang) == 1


def test_what_was_due_before_ten_and_not_yet_sent_waits_too(night: Night) -> None:
    night.site.hear("trap-01", Kind.TAMPER, minute(21, 59, 45))
    night.site.minutes = minute(22, 0, 1)  # the process was busy
    night.live(minute(22, 30), step_s=30)
    assert night.rang == []


def test_quiet_hours_that_are_set_in_the_evening_count_at_once(tmp_path: Path) -> None:
    night = Night(tmp_path, people=[{"name": "tanaka", "channels": ["console:"]}])
    night.site.hear("trap-01", Kind.TAMPER, minute(21, 59, 58))
    night.site.minutes = minute(22, 0, 30)
    night.restart(Policy(check({"people": NIGHT})))
    night.live(minute(23), step_s=60)
    assert night.rang == []
    night.site.store.close()


def test_a_capture_its_retries_and_its_reminders_ring_at_night(tmp_path: Path) -> None:
    people = [
        {"name": name, "channels": ["console:"], "duty": duty, "quiet": "22-06"}
        for name, duty in (("tanaka", "trapper"), ("sato", "deputy"), ("mori", "office"))
    ]
    night = Night(tmp_path, people=people)
    night.site.hear("trap-01", Kind.SPRUNG, minute(22, 30))
    night.back_at = minute(22, 31)
    while night.site.minutes < minute(23, 45):
        night.site.tick(night.site.minutes)
        night.live(night.site.minutes + 1, step_s=20)
    titles = [title for _, title in night.rang]
    assert titles.count("わなが作動") == 1
    assert titles.count("再通知 わなが作動") == 2
    assert titles.count("応答なし わなが作動") == 2
    assert min(rang for rang, _ in night.rang) < minute(22, 33)
    night.site.store.close()


def test_a_dead_gateway_rings_at_night_and_takes_no_warning_along(tmp_path: Path) -> None:
    people = [{"name": "mori", "channels": ["console:"], "duty": "office", "quiet": "22-06"}]
    night = Night(tmp_path, people=people)
    night.site.hear("trap-01", Kind.TAMPER, minute(21, 59, 55))
    night.site.tick(minute(22, 0, 6), {"disk": "full"})
    night.live(minute(22, 5))
    assert [title for _, title in night.rang] == ["装置の故障"]
    night.live(minute(6, 2, day=1), step_s=60)
    assert [title for _, title in night.rang] == ["装置の故障", "センサーに異常な接触"]
    night.site.store.close()


def test_a_digest_whose_provider_was_away_all_day_does_not_ring_at_night(night: Night) -> None:
    night.site.hear("cam-01", Kind.DETECTION, minute(9), species="deer")
    night.back_at = minute(22, 30, day=1)
    night.live(minute(5, 59, day=2), step_s=600)
    assert len(night.post.attempts) > 3
    assert night.rang == []
    night.live(minute(6, 20, day=2), step_s=60)
    assert [title for _, title in night.rang] == ["久しぶりの出没"]


def test_whoever_wants_no_warnings_at_all_gets_none_and_every_capture(tmp_path: Path) -> None:
    never = [{"name": "tanaka", "channels": ["console:"], "quiet": "00-24"}]
    night = Night(tmp_path, people=never)
    night.site.hear("trap-01", Kind.TAMPER, minute(9))
    night.site.hear("trap-01", Kind.SPRUNG, minute(9, 30))
    night.live(minute(12, day=2), step_s=1800)
    assert [title for _, title in night.rang] == ["わなが作動"]
    assert status(night.site) == {"sent": 1, "dropped": 1}
    night.site.store.close()


def test_notifications_while_the_disk_refuses_obey_quiet_hours_too(night: Night) -> None:
    """The intake asks the same function in its rehearsal."""
    night.site.hear("trap-01", Kind.TAMPER, minute(21, 59, 20))
    night.site.hear("trap-01", Kind.SPRUNG, minute(22, 0, 30))
    now = at(minute(22, 1))
    due = night.site.store.write_now(lambda tx: claim(tx, LANE, night.site.policy, now, 1_000))
    assert [[alert.rule for alert in parcel.alerts] for parcel in due] == [["trap_sprung"]]


HOURS = st.integers(0, 24)
ZONES = ("Asia/Tokyo", "America/Asuncion", "Europe/Berlin", "America/New_York")


@given(
    HOURS,
    HOURS,
    st.sampled_from(ZONES),
    st.floats(0, 525_600).map(at),
)
def test_quiet_hours_end_within_a_day_and_not_before_they_end(
    first: int, last: int, zone: str, now: datetime
) -> None:
    person = Person(name="x", quiet=f"{first:02}-{last:02}")
    policy = Policy(check({"site": {"timezone": zone}}))
    end = quiet_until(person, policy, now)
    if end is None:
        assert all(
            within(person.quiet, (now + timedelta(hours=h)).astimezone(policy.zone))
            for h in (0, 6, 12, 18)
        )
        return
    assert now <= end <= now + timedelta(hours=26)
    assert not within(person.quiet, end.astimezone(policy.zone))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    first=st.integers(0, 23),
    last=st.integers(0, 23),
    tampers=st.lists(st.integers(0, 1_440), min_size=1, max_size=4),
)
def test_whatever_fails_when_no_warning_rings_in_quiet_hours(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    first: int,
    last: int,
    tampers: list[int],
) -> None:
    quiet = f"{first:02}-{last:02}"
    people = [{"name": "tanaka", "channels": ["console:"], "quiet": quiet}]
    night = Night(tmp_path_factory.mktemp("night"), people=people)
    for received in sorted(tampers):
        night.site.hear("trap-01", Kind.TAMPER, received)
        night.back_at = received + data.draw(st.integers(0, 600))
        night.live(night.site.minutes + data.draw(st.integers(1, 300)), step_s=300)
        if data.draw(st.booleans()):
            night.restart()
    night.live(night.site.minutes + 3 * 1_440, step_s=1_800)
    for rang, _ in night.rang:
        assert not within(quiet, at(rang).astimezone(night.site.policy.zone))
    assert night.rang or quiet == "00-24"
    night.site.store.close()
