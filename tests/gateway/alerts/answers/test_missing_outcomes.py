"""A trap that its sensor reports as set again is asked about until a person says what was in it."""

from typing import Any

import pytest
from msgspec.structs import replace

from gateway.config.thresholds import Limits
from gateway.domain import trap_lifecycle
from gateway.domain.model import ActionKind, Kind, TrapAction, TrapState
from gateway.ingest.people import actions
from tests.gateway.alerts.site import Site, at, deed_at

MISSING = ("outcome_missing", "trap-01")
DAY = 1440


@pytest.fixture
def site(make: Any) -> Site:
    """The trap sprang at minute 5 and was set again at minute 65; nobody said anything."""
    made: Site = make()[0]
    made.hear("trap-01", Kind.SET, 0)
    made.hear("trap-01", Kind.SPRUNG, 5)
    made.hear("trap-01", Kind.SET, 65)
    return made


def say(site: Site, minutes: float, **facts: Any) -> TrapAction:
    """An outcome without a time of its own."""
    act = replace(deed_at(ActionKind.CAPTURED, minutes), recorded_at=at(minutes), **facts)
    site.minutes = max(site.minutes, minutes)
    site.store.write_now(lambda tx: actions.record(tx, act, site.policy, site.now))
    found = site.store.read_now(lambda r: r.acts("trap-01"))
    return next(one for one in found if one.id == act.id)


def test_it_is_asked_for_until_a_person_says_it_and_the_time_is_before_the_trap_was_set(
    site: Site,
) -> None:
    site.tick(66)
    assert site.open()[MISSING].observed_at == at(5)
    site.act(ActionKind.VISITED, 100)
    site.tick(101)
    assert MISSING in site.open(), "a visit says nothing of what was in the trap"
    act = say(site, 600)
    assert at(64.9) < act.at < at(65)
    assert MISSING not in site.open(), "at once, not with the next tick"
    assert trap_lifecycle.last_known(site.state()).state is TrapState.ARMED
    site.tick(601)
    assert MISSING not in site.open()


def test_the_newest_of_two_springs_does_not_answer_for_the_older(site: Site) -> None:
    site.hear("trap-01", Kind.SPRUNG, DAY)
    site.hear("trap-01", Kind.SET, DAY + 60)
    site.tick(DAY + 61)
    assert site.open()[MISSING].note == "2"
    given = replace(deed_at(ActionKind.CAPTURED, DAY + 30), recorded_at=at(DAY + 100))
    site.minutes = DAY + 100
    site.store.write_now(lambda tx: actions.record(tx, given, site.policy, site.now))
    assert MISSING in site.open()
    say(site, DAY + 110, species="deer")
    assert MISSING not in site.open()


def test_an_outcome_taken_back_or_corrected_to_a_visit_is_missing_again(site: Site) -> None:
    site.tick(66)
    shown = say(site, 600)
    undo = replace(
        shown, id="undo", replaces=shown.id, is_undo=True, at=at(600), recorded_at=at(600)
    )
    site.store.write_now(lambda tx: actions.record(tx, undo, site.policy, site.now))
    site.tick(601)
    assert MISSING in site.open()


def test_a_corrected_outcome_stays_an_outcome(site: Site) -> None:
    site.tick(66)
    shown = say(site, 600, species="deer")
    boar = replace(
        shown, id="boar", species="boar", replaces=shown.id, recorded_at=at(610), at=at(610)
    )
    site.minutes = 610
    site.store.write_now(lambda tx: actions.record(tx, boar, site.policy, site.now))
    site.tick(611)
    assert MISSING not in site.open()


def test_its_trapper_is_reminded_each_day_then_deputy_and_office(make: Any) -> None:
    site, post, deliver = make()
    site.hear("trap-01", Kind.SPRUNG, 5)
    site.hear("trap-01", Kind.SET, 65)
    for minute in range(66, 5 * DAY, 120):
        site.hear("trap-01", Kind.HEARTBEAT, minute)
        site.act(ActionKind.VISITED, minute, by="mori")
        site.tick(minute)
        deliver(minute)
        deliver(minute + 1)
    found = [(name, one.title) for name, one in post.letters if "未記録" in one.title]
    assert [name for name, _ in found].count("tanaka") == 4, "at once, and on three days"
    assert [name for name, _ in found].count("sato") == 1
    assert [name for name, _ in found].count("office") == 1


def test_after_the_days_of_the_setting_nobody_is_asked_any_more(site: Site) -> None:
    site.tick(66)
    days = Limits().outcome_missing_days
    site.tick(days * DAY)
    assert MISSING in site.open()
    site.tick(days * DAY + 66)
    assert MISSING not in site.open()


def test_control_an_outcome_in_time_leaves_nothing_to_ask(make: Any) -> None:
    site = make()[0]
    site.hear("trap-01", Kind.SPRUNG, 5)
    site.act(ActionKind.CAPTURED, 30)
    site.hear("trap-01", Kind.SET, 65)
    site.tick(66)
    assert MISSING not in site.open()


def test_an_outcome_taken_back_after_the_trap_was_set_again_is_missing(make: Any) -> None:
    """The alert had ended with the outcome; the sensor's "set" came after it."""
    site = make(actions={"undo_s": 600})[0]
    site.hear("trap-01", Kind.SPRUNG, 5)
    site.act(ActionKind.FALSE_SPRING, 30)
    site.hear("trap-01", Kind.SET, 31)
    site.tick(32)
    assert MISSING not in site.open()
    [said] = site.store.read_now(lambda r: r.acts("trap-01"))
    undo = replace(said, id="undo", replaces=said.id, is_undo=True, at=at(33), recorded_at=at(33))
    site.minutes = 33
    site.store.write_now(lambda tx: actions.record(tx, undo, site.policy, site.now))
    site.tick(34)
    assert MISSING in site.open()


def test_the_alert_keeps_the_outcome_that_counts_through_a_chain_of_corrections(make: Any) -> None:
    site = make()[0]
    site.hear("trap-01", Kind.SPRUNG, 5)
    first = replace(deed_at(ActionKind.CAPTURED, 30), id="a", species="deer", count=1)
    chain = [
        first,
        replace(first, id="b", species="boar", replaces="a"),
        replace(first, id="c", deed=ActionKind.VISITED, species=None, count=None, replaces="b"),
    ]
    told = []
    for minute, act in enumerate(chain, start=31):
        site.minutes = minute
        site.store.write_now(lambda tx, act=act: actions.record(tx, act, site.policy, site.now))
        told.append(site.store.read_now(lambda r: r.latest_alerts())[0])
    assert [(one.how, one.outcome) for one in told] == [
        ("captured:deer:1", "a"),
        ("captured:boar:1", "b"),
        ("", ""),
    ]
    assert [one.status.value for one in told] == ["resolved", "resolved", "acknowledged"]
