"""Whom a letter goes to, and when: duty, rota, quiet hours, escalation, digests."""

from typing import Any

import pytest

from gateway.alerts.policy import Policy
from gateway.config import ConfigError, check
from gateway.domain.model import ActionKind, AlertStatus, Kind
from gateway.ingest.people import actions
from tests.gateway.alerts.post import status
from tests.gateway.alerts.site import at


def test_a_capture_goes_at_once_to_the_trapper_with_a_link(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 5)
    deliver(5)
    [(name, notification)] = post.letters
    assert (name, notification.title, notification.text) == (
        "tanaka",
        "わなが作動",
        "三井楽-01 11月1日09:05",
    )
    assert notification.link.startswith("https://wall.example/a/")
    assert notification.urgent
    assert site.open()["trap_sprung", "trap-01"].status is AlertStatus.NOTIFIED


def test_nobody_answering_is_asked_again_then_the_deputy_then_the_office(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 0)
    for minute in range(0, 100, 5):
        site.tick(minute)
        deliver(minute)
    assert post.titles("tanaka") == ["わなが作動", "再通知 わなが作動", "再通知 わなが作動"]
    assert post.titles("sato") == ["応答なし わなが作動"]
    assert post.titles("office") == ["応答なし わなが作動"]
    assert site.open()["trap_sprung", "trap-01"].status is AlertStatus.ESCALATED


def test_an_answer_stops_the_asking(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 0)
    alert = site.open()["trap_sprung", "trap-01"]
    site.store.write_now(
        lambda tx: actions.acknowledge(tx, alert.id, "tanaka", site.policy, at(10), "one-tap")
    )
    for minute in range(0, 70, 5):  # whoever goes is expected after an hour
        site.tick(minute)
        deliver(minute)
    assert [name for name, notification in post.letters if "わな" in notification.title] == [
        "tanaka"
    ]


def test_an_outcome_recorded_in_time_spares_deputy_and_office(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 0)
    site.act(ActionKind.FALSE_SPRING, 15)
    for minute in range(15, 300, 5):
        site.tick(minute)
        deliver(minute)
    assert {name for name, notification in post.letters if "わな" in notification.title} == {
        "tanaka"
    }


def test_notices_of_one_channel_within_seconds_are_one_message(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.TAMPER, 0)
    site.hear("trap-01", Kind.HEARTBEAT, 0.05, battery_pct=5.0)
    site.tick(0.06)
    assert deliver(0.1) == 0, "the gathering time is not over"
    deliver(1)
    assert post.titles("tanaka") == ["お知らせ 2件"]
    assert status(site) == {"sent": 2}


def test_quiet_hours_hold_a_warning_but_never_a_capture(make: Any) -> None:
    people = [{"name": "tanaka", "channels": ["console:"], "quiet": "08-12"}]
    site, post, deliver = make(people=people)  # T0 is 09:00 in Tokyo
    site.hear("trap-01", Kind.TAMPER, 0)
    site.hear("trap-01", Kind.SPRUNG, 1)
    deliver(60)
    assert post.titles("tanaka") == ["わなが作動"]
    deliver(181)
    assert post.titles("tanaka") == ["わなが作動", "センサーに異常な接触"]


def test_a_failed_gateway_notifies_in_quiet_hours_too(make: Any) -> None:
    people = [{"name": "office", "channels": ["console:"], "duty": "office", "quiet": "08-12"}]
    site, post, deliver = make(people=people)
    site.tick(1, {"disk": "full"})
    deliver(1)
    assert post.titles("office") == ["装置の故障"]


def test_a_digest_comes_in_the_morning(make: Any) -> None:
    site, post, deliver = make(people=[{"name": "tanaka", "channels": ["console:"]}])
    site.hear("cam-01", Kind.DETECTION, 0, species="deer")
    deliver(60)
    assert post.letters == []
    deliver(22 * 60)  # 07:00 on the next day
    assert post.titles("tanaka") == ["久しぶりの出没"]


def test_the_duty_rota_decides_who_is_notified(make: Any) -> None:
    people = [{"name": name, "channels": ["console:"]} for name in ("tanaka", "suzuki")]
    rota = [{"people": ["tanaka", "suzuki"], "since": "2026-11-01", "days": 1}]
    site, post, deliver = make(people=people, rota=rota)
    for day in range(4):
        site.hear("trap-01", Kind.SPRUNG, day * 1440 + 1)
        deliver(day * 1440 + 1)
        site.hear("trap-01", Kind.SET, day * 1440 + 60)
    assert [name for name, _ in post.letters] == ["tanaka", "suzuki", "tanaka", "suzuki"]


def test_groups_take_turns_as_one(make: Any) -> None:
    people = [
        {"name": "tanaka", "channels": ["console:"], "groups": ["kita"]},
        {"name": "suzuki", "channels": ["console:"], "groups": ["kita", "minami"]},
        {"name": "sato", "channels": ["console:"], "groups": ["minami"]},
        {"name": "mori", "channels": ["console:"]},
    ]
    rota = [{"people": ["kita", "minami", "mori"], "since": "2026-11-01", "days": 1}]
    site, post, deliver = make(people=people, rota=rota)
    found = []
    for day in range(3):
        post.letters.clear()
        site.hear("trap-01", Kind.SPRUNG, day * 1440 + 1)
        deliver(day * 1440 + 1)
        site.hear("trap-01", Kind.SET, day * 1440 + 60)
        found.append(sorted(name for name, _ in post.letters))
    assert found == [["suzuki", "tanaka"], ["sato", "suzuki"], ["mori"]]


@pytest.mark.parametrize(
    ("group", "turn", "message"),
    [
        ("kita", "higashi", "no such person or group: higashi"),
        ("tanaka", "tanaka", "and of a group"),
    ],
)
def test_a_rota_of_unknown_or_ambiguous_names_is_refused(
    group: str, turn: str, message: str
) -> None:
    people = [{"name": "tanaka", "channels": ["console:"], "groups": [group]}]
    rota = [{"people": [turn], "since": "2026-11-01"}]
    with pytest.raises(ConfigError, match=message):
        Policy(check({"people": people, "rota": rota}))


def test_each_trapper_hears_of_their_own_traps(make: Any) -> None:
    people = [
        {"name": "tanaka", "channels": ["console:"], "devices": ["trap-0*"]},
        {"name": "suzuki", "channels": ["console:"], "devices": ["富江"]},
    ]
    site, post, deliver = make(people=people)
    site.hear("trap-01", Kind.SPRUNG, 1)
    deliver(1)
    assert [name for name, _ in post.letters] == ["tanaka"]


def test_without_a_responsible_person_everybody_is_notified(make: Any) -> None:
    people = [{"name": "tanaka", "channels": ["console:"], "devices": ["other"]}]
    site, post, deliver = make(people=people)
    site.hear("trap-01", Kind.SPRUNG, 1)
    deliver(1)
    assert [name for name, _ in post.letters] == ["tanaka"]


def test_two_faults_of_the_gateway_at_once_are_two_messages_that_each_say_what(make: Any) -> None:
    site, post, deliver = make()
    site.tick(5, {"broker": "mqtt.client_id used twice: 'x'", "gap": "22:00-06:13"})
    deliver(5)
    deliver(6)
    texts = [notification.text for name, notification in post.letters if name == "office"]
    assert len(texts) == 2
    assert any("mqtt.client_id" in text for text in texts)
    assert any("22:00-06:13" in text for text in texts)
