"""Who says that they are on the way is expected; those who were told hear who goes and how it ended."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.config.actions import Actions
from gateway.domain.model import ActionKind, Alert, AlertStatus, Kind
from gateway.domain.outcome import Outcome
from gateway.ingest.people import actions
from gateway.ingest.people.actions import UnknownSubjectError
from tests.gateway.alerts.post import Post
from tests.gateway.alerts.site import PEOPLE, Site, deed_at
from tests.support.samples import TRAP

Made = tuple[Site, Post, Callable[[float], int]]
USUAL_MIN = Actions().underway_min[0]


@pytest.fixture
def escalated(make: Any) -> Made:
    """A trap that sprang 61 minutes ago: trapper, deputy and office were told; no news is gathered."""
    made: Made = make(alerts={"gather_s": 0})
    site, post, deliver = made
    site.hear("trap-01", Kind.SPRUNG, 0)
    for minute in range(0, 62, 10):
        site.tick(minute)
        deliver(minute)
    site.tick(61)
    deliver(61)
    assert {name for name, _ in post.letters} == {"tanaka", "sato", "office"}
    post.letters.clear()
    return made


def go(site: Site, minutes: float, by: str = "tanaka", choice: str = "") -> Outcome:
    site.minutes = max(site.minutes, minutes)
    [alert] = [one for (rule, _), one in site.open().items() if rule == "trap_sprung"]
    return site.store.write_now(
        lambda tx: actions.acknowledge(tx, alert.id, by, site.policy, site.now, "page", choice)
    )


def pass_time(made: Made, first: int, last: int) -> None:
    site, _, deliver = made
    for minute in range(first, last + 1, 5):
        site.hear("trap-01", Kind.HEARTBEAT, minute)
        site.tick(minute)
        deliver(minute)


def sprung(site: Site) -> Alert:
    return site.open()["trap_sprung", "trap-01"]


def titles(post: Post) -> list[tuple[str, str]]:
    return [(name, notification.title) for name, notification in post.letters]


def test_others_who_were_notified_learn_once_who_goes_and_once_how_it_ended(
    escalated: Made,
) -> None:
    site, post, _ = escalated
    go(site, 62)
    pass_time(escalated, 62, 80)
    assert sorted(titles(post)) == [("office", "対応中"), ("sato", "対応中")]
    assert "三井楽-01 tanakaさんが対応中" in post.letters[0][1].text
    assert not post.letters[0][1].urgent, "news use up no message that is kept for captures"
    post.letters.clear()
    caught = replace(deed_at(ActionKind.CAPTURED, 90), species="boar", count=2)
    site.minutes = 90
    site.store.write_now(lambda tx: actions.record(tx, caught, site.policy, site.now))
    pass_time(escalated, 90, 400)
    assert sorted(titles(post)) == [("office", "結果"), ("sato", "結果")]
    assert post.letters[0][1].text == "三井楽-01 捕獲した イノシシ 2頭（tanaka）"


def test_after_the_expected_time_the_same_person_is_asked_then_the_deputy_then_the_office(
    escalated: Made,
) -> None:
    site, post, _ = escalated
    go(site, 65)
    pass_time(escalated, 65, 65 + USUAL_MIN - 5)
    post.letters.clear()
    pass_time(escalated, 65 + USUAL_MIN, 65 + USUAL_MIN + 200)
    asked = [pair for pair in titles(post) if "わな" in pair[1]]
    assert asked == [
        ("tanaka", "結果は？ わなが作動"),
        ("tanaka", "結果は？ わなが作動"),
        ("sato", "連絡なし わなが作動"),
        ("tanaka", "結果は？ わなが作動"),
        ("office", "連絡なし わなが作動"),
    ]
    assert "tanaka 11:05予定" in post.letters[0][1].text
    assert len(post.letters[0][1].title + post.letters[0][1].text) < 70


def test_another_time_or_another_person_begins_the_steps_anew(escalated: Made) -> None:
    site, post, _ = escalated
    go(site, 65, choice="30")
    pass_time(escalated, 65, 100)
    go(site, 101, choice="30")
    post.letters.clear()
    pass_time(escalated, 101, 125)
    assert post.letters == [], (
        "30 minutes more, and those who knew that tanaka goes hear nothing new"
    )
    pass_time(escalated, 131, 141)
    assert titles(post) == [("tanaka", "結果は？ わなが作動")]
    post.letters.clear()
    go(site, 142, by="sato")
    pass_time(escalated, 142, 150)
    assert titles(post) == [("tanaka", "対応中"), ("office", "対応中")]
    assert sprung(site).acknowledged_by == "sato"


def test_while_somebody_is_expected_nobody_else_takes_it_and_two_taps_are_one_answer(
    escalated: Made,
) -> None:
    site, _, _ = escalated
    assert not go(site, 65).repeated
    assert go(site, 65.1).repeated
    assert go(site, 66, choice=str(USUAL_MIN)).repeated
    with pytest.raises(UnknownSubjectError):
        go(site, 67, by="sato")
    assert (sprung(site).acknowledged_by, sprung(site).answers) == ("tanaka", 1)


def test_a_time_that_is_not_offered_is_refused(escalated: Made) -> None:
    site, _, _ = escalated
    with pytest.raises(ValueError, match="allowed"):
        go(site, 65, choice="7")
    assert sprung(site).status is AlertStatus.ESCALATED


def test_a_visit_without_an_outcome_is_asked_for_the_outcome_too(escalated: Made) -> None:
    site, post, _ = escalated
    site.act(ActionKind.VISITED, 65)
    pass_time(escalated, 65, 65 + USUAL_MIN)
    assert ("tanaka", "結果は？ わなが作動") in titles(post)


def test_notices_wait_for_the_morning_and_are_gathered(make: Any) -> None:
    """09:00 in Tokyo is minute 0; quiet hours begin at 10."""
    people = [PEOPLE[0], PEOPLE[1] | {"quiet": "10-17", "duty": "trapper"}]
    made: Made = make(people=people)
    site, post, deliver = made
    site.store.write_now(lambda tx: tx.put_device(replace(TRAP, id="trap-02", name="第二")))
    for trap in ("trap-01", "trap-02"):
        site.hear(trap, Kind.SPRUNG, 0)
    for minute in (1, 2):
        deliver(minute)
    assert [name for name, _ in post.letters].count("sato") == 2, "captures ring at any hour"
    post.letters.clear()
    for trap in ("trap-01", "trap-02"):
        site.act(ActionKind.FALSE_SPRING, 90, trap)
    for minute in range(91, 480, 10):
        deliver(minute)
    assert post.letters == []
    deliver(481)
    assert titles(post) == [("sato", "結果 2件")]
    assert [line.split()[0] for line in post.letters[0][1].text.split("\n")] == [
        "三井楽-01",
        "第二",
    ]


def test_machines_hear_of_the_end_only_as_before(make: Any) -> None:
    people = [PEOPLE[0], {"name": "siren", "channels": ["mqtt:"], "duty": "office"}]
    made: Made = make(people=people, alerts={"gather_s": 0})
    site, post, deliver = made
    site.hear("trap-01", Kind.SPRUNG, 0)
    pass_time(made, 0, 65)
    go(site, 66)
    deliver(67)
    site.act(ActionKind.CAPTURED, 70)
    deliver(71)
    received = [notification.title for name, notification in post.letters if name == "siren"]
    assert received == ["応答なし わなが作動", "終了 わなが作動"]


def test_the_answers_that_are_offered_are_those_of_the_settings() -> None:
    policy = Policy(
        check({"people": PEOPLE, "actions": {"underway_min": [10], "evening_hour": -1}})
    )
    assert policy.actions.underway_min == (10,)


def test_control_without_an_expected_time_nobody_is_ever_asked(
    escalated: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, post, _ = escalated
    monkeypatch.setattr(Policy, "expects_outcome", lambda *_: False)
    go(site, 65)
    post.letters.clear()
    pass_time(escalated, 70, 400)
    assert [pair for pair in titles(post) if "わな" in pair[1]] == []


def test_an_answer_without_an_outcome_stays_listed_as_unanswered(escalated: Made) -> None:
    site, _, _ = escalated
    go(site, 65)
    limit = site.policy.limits(None).unanswered_min
    pass_time(escalated, 65, 60 + USUAL_MIN + round(limit))
    assert ("unanswered", "trap-01") not in site.open()
    pass_time(escalated, 65 + USUAL_MIN + round(limit), 70 + USUAL_MIN + round(limit))
    assert ("unanswered", "trap-01") in site.open()
    go(site, 300)
    site.tick(301)
    assert ("unanswered", "trap-01") not in site.open()
