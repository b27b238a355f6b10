"""Floods of invented device names: the list has an end, and no capture is lost."""

import msgspec

from gateway.alerts import texts
from gateway.alerts.evaluation import tick
from gateway.alerts.rules.unregistered import ALL_OTHERS
from gateway.domain.model import Device, DeviceState, Message, RefusalReason, Role
from gateway.domain.refused import unknown_names
from gateway.store import Store
from tests.gateway.ingest.messages.held import (
    APPROVALS,
    POLICY,
    approve,
    confirmed,
    native,
    open_alerts,
    receive,
    zigbee,
)
from tests.support.samples import TOKYO, at

SHARED = "wildlife/v1/goto/+/#"  # names of native devices in the gateway's own site


def invented(*numbers: int) -> list[Message]:
    """Heartbeats, each under a name of its own."""
    return [native(f"w{n}", "heartbeat", n) for n in numbers]


def test_names_beyond_the_list_are_reported_once_with_their_common_filter(store: Store) -> None:
    receive(store, *invented(*range(3_000)))
    assert len(store.read_now(lambda r: r.pending())) == unknown_names.MOST_SHARING_A_FILTER
    for minute in (51, 52, 53):
        store.write_now(lambda tx, m=minute: tick(tx, at(m), POLICY))  # type: ignore[misc]
    [alert] = store.read_now(lambda r: r.open_alerts())
    assert (alert.rule, alert.subject) == ("many_names", SHARED)
    assert 2_700 < int(alert.note) < 3_300
    shown = texts.text(alert, None, "ja", TOKYO, at(53))
    assert shown.startswith(f"{SHARED}（約")
    assert "の名前" in shown
    store.write_now(lambda tx: tick(tx, at(200), POLICY))
    assert open_alerts(store) == set()


def test_names_under_other_sites_are_refused_and_never_listed(store: Store) -> None:
    outcome = receive(store, *(native("w", "heartbeat", n, site=f"s{n}") for n in range(400)))
    assert outcome.refused == {RefusalReason.SITE: 400}
    assert store.read_now(lambda r: r.pending()) == []
    store.write_now(lambda tx: tick(tx, at(51), POLICY))
    assert not any(rule == "many_names" for rule, _ in open_alerts(store))


def test_a_flood_of_names_keeps_no_other_new_device_out(store: Store) -> None:
    receive(store, *(zigbee(f"wana-07/w{n}", n, battery=50) for n in range(2_000)))
    assert len(store.read_now(lambda r: r.pending())) == unknown_names.MOST_SHARING_A_FILTER
    outcome = receive(store, native("wana-99", "trap.sprung", 1))
    assert [device.id for device in outcome.pending] == ["wana-99"]
    assert [one.subject for one in outcome.opened] == ["wana-99"]


def test_a_capture_under_a_name_without_room_is_stored_and_alerts_with_others(store: Store) -> None:
    receive(store, *invented(*range(400)))
    outcome = receive(store, native("new", "trap.sprung", 401))
    assert [one.subject for one in outcome.opened] == [ALL_OTHERS]
    assert confirmed(outcome) == {"new-401"}
    assert store.read_now(lambda r: r.quarantine(1))[0].reason is RefusalReason.NAMES
    events = approve(store, "new").events
    assert [event.kind.value for event in events] == ["trap.sprung"]


def test_names_can_be_forgotten_but_not_those_that_report_a_capture(store: Store) -> None:
    receive(store, native("real", "trap.sprung", 0))
    receive(store, *invented(*range(1, 400)))
    gone = store.write_now(lambda tx: APPROVALS.forget(tx, SHARED))
    assert gone == unknown_names.MOST_SHARING_A_FILTER - 1
    assert [one.id for one in store.read_now(lambda r: r.pending())] == ["real"]
    assert len(approve(store, "real").events) == 1
    later = native("w1", "heartbeat", 9_000)
    assert len(receive(store, later).pending) == 1


def test_approving_a_listed_name_makes_room_in_the_list(store: Store) -> None:
    receive(store, *invented(*range(400)))
    approve(store, "w1")
    receive(store, native("new", "heartbeat", 500))
    assert (
        len(store.read_now(lambda r: r.pending())) == unknown_names.MOST_SHARING_A_FILTER - 1
    )  # this hour
    receive(store, native("new", "heartbeat", 9_000))
    assert len(store.read_now(lambda r: r.pending())) == unknown_names.MOST_SHARING_A_FILTER


def test_copies_retained_messages_and_irrelevant_messages_are_counted_by_device(
    store: Store,
) -> None:
    store.write_now(lambda tx: tx.put_device(Device(id="door", role=Role.TRAP)))
    store.write_now(lambda tx: tx.put_device(Device(id="wana-01", role=Role.TRAP)))
    one = native("wana-01", "trap.set", 1)
    outcome = receive(store, one, one)
    outcome.no_events.update(receive(store, one).no_events)
    memory = msgspec.structs.replace(zigbee("door", 2, battery=50), retain=True)
    outcome.no_events.update(
        receive(store, memory, Message("zigbee2mqtt/x/set", b"1", at(3))).no_events
    )
    assert outcome.no_events["wana-01", "copy"] == 2
    assert outcome.no_events["door", "memory"] == 1
    assert sum(outcome.no_events.values()) == 4


def test_a_trap_at_which_somebody_acted_is_not_forgotten(store: Store) -> None:
    receive(store, *invented(*range(5)))
    state = DeviceState(device="w1", last_seen=at(1))
    store.write_now(lambda tx: tx.put_states([state]))
    assert store.write_now(lambda tx: APPROVALS.forget(tx, SHARED)) == 4
    assert [one.id for one in store.read_now(lambda r: r.pending())] == ["w1"]
