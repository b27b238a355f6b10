"""What a trap needs next, and whose traps the list shows."""

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from dashboard.live.device_view import Condition, DeviceView, device_views, low_since, view_of
from dashboard.live.listing import list_traps
from dashboard.live.need import Need, action_of, need_of
from dashboard.live.restricted import snapshot_for
from dashboard.live.snapshot import Snapshot, read_snapshot, with_alerts
from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.epoch import DAY_MS, from_ms, ms
from gateway.domain.model import (
    Alert,
    AlertLevel,
    Device,
    DeviceState,
    Kind,
    Known,
    Role,
    TrapState,
)
from gateway.domain.people.permissions import Access, Visitor
from tests.dashboard.place import NOW, TRAPS, Place, ago, reading

ARMED = DeviceView(id="t", name="t", role=Role.TRAP, condition=Condition.ARMED)
OWN = Access(Visitor.TRAPPER, "x", ("trap-03", "trap-07"))


def test_the_neediest_stands_first() -> None:
    traps = [
        replace(ARMED, id="fine"),
        replace(ARMED, id="set", condition=Condition.DISPATCHED),
        replace(ARMED, id="low", condition=Condition.LOW, low=True),
        replace(ARMED, id="due", visit_due=True),
        replace(ARMED, id="due and low", condition=Condition.LOW, low=True, visit_due=True),
        replace(ARMED, id="unknown", condition=Condition.UNKNOWN, visit_due=True),
        replace(ARMED, id="outcome", outcome_missing=True, visit_due=True, low=True),
        replace(ARMED, id="captured", condition=Condition.CAPTURED, visit_due=True),
        replace(ARMED, id="sprung", condition=Condition.SPRUNG, outcome_missing=True),
    ]
    order = [one.id for one in list_traps(traps, "", 1).traps]
    assert order == [
        "sprung",
        "captured",
        "outcome",
        "unknown",
        "due",
        "due and low",
        "low",
        "set",
        "fine",
    ]
    assert [need_of(traps[n]) for n in (6, 0)] == [Need.OUTCOME, Need.NOTHING]
    assert [action_of(traps[n]) for n in (8, 6, 3, 7)] == ["answer", "outcome", "visit", "record"]


def test_own_traps_only_and_a_square_is_nobodys_own() -> None:
    everything = Snapshot(NOW, device_views(TRAPS, {}, NOW), [], [], {}, [])
    seen = snapshot_for(everything, OWN).devices
    mine = list_traps(seen, "", 1, OWN, only_own=True)
    assert [one.id for one in mine.traps] == ["trap-03", "trap-07"]
    assert (mine.only_own, mine.has_own) == (True, True)
    everyone = replace(OWN, places=("*",))
    listed = list_traps(snapshot_for(everything, everyone).devices, "", 1, everyone, only_own=True)
    assert len(listed.traps) == len(TRAPS)
    assert len(list_traps(seen, "", 1, OWN).traps) > 2


def test_who_has_no_places_is_shown_all_and_offered_no_choice() -> None:
    views = device_views(TRAPS, {}, NOW)
    for access in (Access(Visitor.OFFICIAL), Access(Visitor.VIEWER), Access(Visitor.LOCAL)):
        found = list_traps(views, "", 1, access, only_own=True)
        assert (len(found.traps), found.has_own) == (len(TRAPS), False)


def test_a_low_battery_is_low_since_it_fell_and_not_since_the_trap_was_armed() -> None:
    today = ms(NOW) // DAY_MS
    fell = NOW - timedelta(hours=1)
    state = DeviceState(
        device="t",
        last_seen=NOW,
        facts={"battery_pct": Known(ms(fell), 12.0)},
        low_battery={"battery_pct": {today: 12.0, today - 1: 80.0, today - 2: 15.0}},
    )
    assert low_since(state) == fell
    longer = replace(
        state, low_battery={"battery_pct": {today: 12.0, today - 1: 18.0, today - 2: 80.0}}
    )
    assert low_since(longer) == from_ms(today * DAY_MS)
    found = replace(state, facts={"battery_low": Known(ms(fell), value=True)}, low_battery={})
    assert low_since(found) == fell


def test_an_unread_trap_is_unknown_since_its_message_and_not_since_it_was_heard() -> None:
    since = NOW - timedelta(hours=2)
    state = DeviceState(
        device=TRAPS[0].id,
        last_seen=NOW,
        trap=TrapState.ARMED,
        facts={"unread": Known(ms(since), "no codec")},
    )
    seen = view_of(TRAPS[0], state, NOW)
    assert (seen.condition, seen.since) == (Condition.UNKNOWN, since)


def test_a_trap_whose_outcome_is_missing_says_so_while_its_alert_is_open() -> None:
    [view] = device_views([Device(id="t", role=Role.TRAP)], {}, NOW)
    alert = Alert(
        id="a",
        rule=RuleName.OUTCOME_MISSING,
        subject="t",
        level=AlertLevel.WARNING,
        observed_at=NOW,
        opened_at=NOW,
    )
    assert need_of(with_alerts([view], [alert])[0]) is Need.OUTCOME
    assert need_of(with_alerts([view], [])[0]) is not Need.OUTCOME


def test_a_spring_that_the_sensor_ended_waits_for_its_outcome_since_it_sprang(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path).settle()
    place.hear(reading("trap-06", Kind.SPRUNG, ago(hours=3)))
    place.hear(reading("trap-06", Kind.SET, ago(hours=1)))
    place.store.write_now(lambda tx: tick(tx, NOW, Policy(place.config, people={})))
    views = place.store.read_now(lambda reader: read_snapshot(reader, NOW)).devices
    [view] = [one for one in views if one.id == "trap-06"]
    assert (view.condition, need_of(view), view.since) == (
        Condition.ARMED,
        Need.OUTCOME,
        ago(hours=3),
    )
    first = [one.id for one in list_traps(views, "", 1).traps][:3]
    assert first == ["trap-03", "trap-04", "trap-06"]
    place.store.close()
