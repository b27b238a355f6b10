"""A correction takes the place of what it corrects, everywhere; an undo takes one action back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.config.actions import Actions
from gateway.domain import trap_lifecycle
from gateway.domain.model import ActionKind, AlertStatus, Kind, TrapAction, TrapState
from gateway.domain.outcome import Outcome
from gateway.domain.trap_lifecycle import ActionConflictError, IllegalActionError
from gateway.ingest.people import actions
from tests.gateway.alerts.site import Site, at, deed_at
from tests.support.tables import stored_rows

UNDO_MIN = Actions().undo_s / 60
CAUGHT = replace(deed_at(ActionKind.CAPTURED, 30), id="deer", species="deer", count=1)
BOAR = replace(CAUGHT, id="boar", species="boar", replaces="deer", at=at(40), recorded_at=at(40))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.SPRUNG, 5)
    yield site
    site.store.close()


def record(site: Site, act: TrapAction, minutes: float) -> Outcome:
    site.minutes = max(site.minutes, minutes)
    return site.store.write_now(lambda tx: actions.record(tx, act, site.policy, site.now))


def take_back(act: TrapAction, minutes: float, by: str = "tanaka") -> TrapAction:
    return replace(
        act,
        id=f"undo-{act.id}",
        replaces=act.id,
        is_undo=True,
        by=by,
        at=at(minutes),
        recorded_at=at(minutes),
    )


def counted(site: Site) -> list[TrapAction]:
    return site.store.read_now(lambda r: r.period_reads.acts(at(-1), at(100_000)))


def trap(site: Site) -> TrapState | None:
    return trap_lifecycle.last_known(site.state()).state


def efforts(site: Site) -> Any:
    ask = (
        "SELECT hour, alive_ms, armed_ms FROM effort_hour WHERE alive_ms OR armed_ms ORDER BY hour"
    )
    return site.store.read_now(lambda r: stored_rows(r, ask))


def test_a_deer_corrected_to_a_boar_is_one_capture_and_both_stay_on_record(site: Site) -> None:
    record(site, CAUGHT, 30)
    record(site, BOAR, 40)
    [one] = counted(site)
    assert (one.id, one.species, one.at) == ("boar", "boar", at(30)), (
        "the time is not the evening's"
    )
    assert site.store.read_now(lambda r: r.captures(at(0), at(100)))["trap-01"] == 1
    assert site.store.read_now(lambda r: r.captures(at(0), at(100), "deer")) == {}
    chain = site.store.write_now(lambda tx: tx.acts.chain("deer"))
    assert [(act.id, act.species) for act in chain] == [("deer", "deer"), ("boar", "boar")]


def test_a_correction_may_come_after_the_dispatch_but_not_contradict_it(site: Site) -> None:
    record(site, CAUGHT, 30)
    site.act(ActionKind.DISPATCHED, 35)
    record(site, BOAR, 40)
    assert trap(site) is TrapState.DISPATCHED
    nothing = replace(BOAR, id="none", replaces="boar", deed=ActionKind.FALSE_SPRING, species=None)
    with pytest.raises(ActionConflictError, match="correct it first"):
        record(site, nothing, 50)
    assert [act.id for act in counted(site)] == ["boar", "trap-01-dispatched-35"]


def test_a_correction_of_what_was_corrected_meanwhile_is_refused_with_the_reason(
    site: Site,
) -> None:
    record(site, CAUGHT, 30)
    record(site, BOAR, 40)
    late = replace(BOAR, id="bear", species="bear", by="sato")
    with pytest.raises(ActionConflictError, match="already corrected"):
        record(site, late, 41)
    assert [act.species for act in counted(site)] == ["boar"]


def test_a_correction_of_another_traps_action_or_of_none_is_refused(site: Site) -> None:
    record(site, CAUGHT, 30)
    with pytest.raises(IllegalActionError, match="no such action"):
        record(site, replace(BOAR, replaces="nothing"), 40)
    other = site.store.write_now(lambda tx: tx.devices["trap-01"])
    site.store.write_now(lambda tx: tx.put_device(replace(other, id="trap-02")))
    with pytest.raises(IllegalActionError, match="no such action"):
        record(site, replace(BOAR, device="trap-02"), 40)
    assert [act.id for act in counted(site)] == ["deer"]


def test_a_repeated_action_is_recorded_once_and_says_so(site: Site) -> None:
    assert not record(site, CAUGHT, 30).repeated
    again = replace(CAUGHT, at=at(31), recorded_at=at(31), through="page")
    assert record(site, again, 31).repeated
    assert record(site, again, 31 + 7 * 1440).repeated
    assert len(counted(site)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"species": "bear"},
        {"count": 2},
        {"by": "sato"},
        {"deed": ActionKind.FALSE_SPRING},
        {"photos": ("0" * 64,)},
        {"fields": {"tag": "7"}},
        {"replaces": "x"},
    ],
)
def test_an_id_used_for_something_else_is_refused(site: Site, other: dict[str, Any]) -> None:
    record(site, CAUGHT, 30)
    with pytest.raises(ActionConflictError, match=next(iter(other))):
        record(site, replace(CAUGHT, **other), 31)
    assert counted(site)[0].species == "deer"


def test_an_outcome_taken_back_within_the_time_leaves_the_trap_sprung_and_its_alert_open(
    site: Site,
) -> None:
    before = efforts(site)
    [opened] = site.open().values()
    record(site, CAUGHT, 30)
    assert site.open() == {}
    record(site, take_back(CAUGHT, 30 + UNDO_MIN / 2), 30 + UNDO_MIN / 2)
    assert trap(site) is TrapState.SPRUNG
    assert counted(site) == []
    assert efforts(site) == before
    [again] = site.open().values()
    assert (again.id, again.status, again.acknowledged_by) == (
        opened.id,
        AlertStatus.ACKNOWLEDGED,
        "tanaka",
    )
    assert site.state().visited_ms == 0


def test_an_undo_sent_late_counts_by_the_moment_it_was_made(site: Site) -> None:
    """A phone without signal keeps both, and sends them when the signal returns."""
    record(site, CAUGHT, 300)
    record(site, take_back(CAUGHT, 30.5), 301)
    assert counted(site) == []


def test_control_after_the_time_or_by_somebody_else_nothing_is_taken_back(site: Site) -> None:
    record(site, CAUGHT, 30)
    with pytest.raises(IllegalActionError, match="only tanaka"):
        record(site, take_back(CAUGHT, 30.1, by="sato"), 30.1)
    late = 30 + UNDO_MIN + 0.1
    with pytest.raises(IllegalActionError, match="correct it"):
        record(site, take_back(CAUGHT, late), late)
    assert [act.id for act in counted(site)] == ["deer"]
    assert trap(site) is TrapState.CAPTURED


def test_a_correction_taken_back_leaves_what_it_corrected(site: Site) -> None:
    record(site, CAUGHT, 30)
    record(site, BOAR, 40)
    record(site, take_back(BOAR, 40.5), 40.5)
    assert [act.id for act in counted(site)] == ["deer"]


def test_a_time_that_is_given_is_kept_and_judged_by_the_trap_of_that_time(site: Site) -> None:
    site.hear("trap-01", Kind.SET, 60)  # the trapper set it again in the morning
    evening = replace(CAUGHT, at=at(20), recorded_at=at(600))
    record(site, evening, 600)
    dispatch = replace(deed_at(ActionKind.DISPATCHED, 25), recorded_at=at(601))
    record(site, dispatch, 601)
    assert [act.at for act in counted(site)] == [at(20), at(25)]
    assert trap(site) is TrapState.ARMED


def test_a_late_record_of_the_same_spring_does_not_overrule_a_newer_one(site: Site) -> None:
    site.act(ActionKind.FALSE_SPRING, 30, by="sato")
    with pytest.raises(ActionConflictError, match="sato"):
        record(site, replace(CAUGHT, at=at(20), recorded_at=at(100)), 100)
    site.hear("trap-01", Kind.SET, 110)
    site.hear("trap-01", Kind.SPRUNG, 120)
    site.hear("trap-01", Kind.SET, 130)
    site.act(ActionKind.VISITED, 140)
    site.hear("trap-01", Kind.SPRUNG, 150)
    site.act(ActionKind.FALSE_SPRING, 160, by="sato")
    record(site, replace(CAUGHT, at=at(125), recorded_at=at(200)), 200)
    assert [act.deed.value for act in counted(site)][1] == "captured", "of the spring between"


def test_a_late_record_does_not_answer_an_alert_of_a_later_spring(site: Site) -> None:
    site.act(ActionKind.FALSE_SPRING, 30)
    site.hear("trap-01", Kind.SET, 60)
    site.hear("trap-01", Kind.SPRUNG, 600)
    record(site, replace(deed_at(ActionKind.VISITED, 50), recorded_at=at(601)), 601)
    [alert] = site.open().values()
    assert alert.status is AlertStatus.OPEN


@pytest.mark.parametrize(
    ("minutes", "words"), [(5.1, "future"), (-Actions().oldest_days * 1440 - 1, "days ago")]
)
def test_a_time_to_come_or_older_than_the_limit_is_refused(
    site: Site, minutes: float, words: str
) -> None:
    act = replace(CAUGHT, at=at(100 + minutes), recorded_at=at(100))
    with pytest.raises(IllegalActionError, match=words):
        record(site, act, 100)
    assert counted(site) == []


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_effort_and_state_are_those_of_the_actions_that_count(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """As if the corrected ones had never been recorded."""
    sites = [Site(tmp_path_factory.mktemp(name)) for name in ("corrected", "plain")]
    for site in sites:
        for minute in range(0, 400, 20):
            site.hear("trap-01", Kind.SPRUNG if minute == 20 else Kind.HEARTBEAT, minute)
    first, second = (data.draw(st.integers(21, 390)) for _ in range(2))
    kinds = st.sampled_from([ActionKind.CAPTURED, ActionKind.FALSE_SPRING, ActionKind.NON_TARGET])
    old = replace(deed_at(data.draw(kinds), first), id="old")
    new = replace(deed_at(data.draw(kinds), second), id="new", replaces="old")
    record(sites[0], old, 400)
    record(sites[0], new, 401)
    record(sites[1], replace(new, replaces=None), 401)
    assert efforts(sites[0]) == efforts(sites[1])
    states = [replace(site.state(), act=None) for site in sites]
    assert states[0] == states[1]
    newest = [site.state().act for site in sites]
    assert newest[0] is not None
    assert newest[1] is not None
    assert (newest[0].at, newest[0].deed) == (newest[1].at, newest[1].deed)
    for site in sites:
        site.store.close()


def test_the_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    strict = Site(tmp_path, {"actions": {"undo_s": 0, "oldest_days": 1}})
    record(strict, replace(CAUGHT, at=at(2000), recorded_at=at(2000)), 2000)
    with pytest.raises(IllegalActionError, match="0 s"):
        record(strict, take_back(CAUGHT, 2000.1), 2000.1)
    old = replace(CAUGHT, id="old", at=strict.now - timedelta(days=1, minutes=1))
    with pytest.raises(IllegalActionError, match="1 days"):
        record(strict, old, 2001)
    strict.store.close()
