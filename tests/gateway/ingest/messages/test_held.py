"""What comes from devices that nobody approved: what was confirmed stays, what is urgent is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.alerts import texts
from gateway.alerts.evaluation import tick
from gateway.alerts.rules.unregistered import ALL_OTHERS, SINGLE_ALERTS
from gateway.domain.model import Device, Message, RefusalReason, Role, Standing
from gateway.domain.refused import held_limits
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from gateway.store.tables import quarantine
from tests.gateway.ingest.messages.held import (
    POLICY,
    READ,
    approve,
    confirmed,
    native,
    open_alerts,
    receive,
    zigbee,
)
from tests.support.samples import TOKYO, at, open_store

OTHER = held_limits.LIMITS[False]
URGENT = held_limits.LIMITS[True]


def retained(message: Message) -> Message:
    """The same, as a broker gives it to who subscribes later."""
    return msgspec.structs.replace(message, retain=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


def test_a_spring_of_an_unregistered_device_alerts_the_office_at_once_and_once(
    store: Store,
) -> None:
    first = receive(store, native("wana-99", "trap.sprung", 1))
    assert [(one.rule, one.subject) for one in first.opened] == [("unregistered_spring", "wana-99")]
    assert store.read_now(lambda r: r.outbox()) == {"waiting": 1}  # the office; no trapper knows it
    again = receive(store, native("wana-99", "trap.set", 2), native("wana-99", "trap.sprung", 3))
    assert again.opened == []


def test_the_capture_does_not_alert_again_after_the_office_has_ended_the_alert(
    store: Store,
) -> None:
    receive(store, native("wana-99", "trap.sprung", 1))
    store.write_now(lambda tx: tx.alerts.resolve("unregistered_spring", "wana-99", "hana", at(1)))
    assert receive(store, native("wana-99", "trap.sprung", 90)).opened == []


def test_a_spring_that_a_broker_replays_at_twenty_restarts_alerts_once_and_is_stored_once(
    tmp_path: Path,
) -> None:
    found = 0
    for _ in range(20):
        store = open_store(tmp_path)
        found += len(receive(store, retained(zigbee("door", 1, contact=False))).opened)
        kept = len(store.read_now(lambda r: r.quarantine()))
        store.close()
    assert (found, kept) == (1, 1)


def test_an_alert_about_a_retained_capture_says_that_its_time_is_unknown(store: Store) -> None:
    """The broker had kept it: when the gateway started is not when the trap sprang."""
    [alert] = receive(store, retained(zigbee("door", 1, contact=False))).opened
    shown = texts.text(alert, None, "ja", TOKYO, at(1))
    assert shown == "door（ブローカーの保持・時刻不明）"
    with_time = zigbee("gate", 2, contact=False, last_seen=at(-5).isoformat())
    [own_time] = receive(store, retained(with_time)).opened
    assert (own_time.observed_at, own_time.doubt) == (at(-5), None)


def test_a_retained_native_capture_is_kept_as_refused_and_alerts_nobody(store: Store) -> None:
    """A native device sends again until it is confirmed, never with the retain flag."""
    outcome = receive(store, native("wana-99", "trap.sprung", 1, retain=True))
    assert (outcome.opened, confirmed(outcome)) == ([], set())
    assert [one.reason for one in store.read_now(lambda r: r.quarantine())] == [
        RefusalReason.MEMORY
    ]


def test_a_capture_of_an_unregistered_zigbee_sensor_alerts_as_well(store: Store) -> None:
    receive(store, zigbee("door", 1, contact=True))
    assert [one.subject for one in receive(store, zigbee("door", 2, contact=False)).opened] == [
        "door"
    ]


def test_a_registered_device_that_waits_for_approval_counts_as_unregistered(store: Store) -> None:
    waiting = Device(id="wana-99", role=Role.TRAP, standing=Standing.PENDING)
    store.write_now(lambda tx: tx.put_device(waiting))
    assert len(receive(store, native("wana-99", "trap.sprung", 1)).opened) == 1


def test_what_cannot_be_read_and_what_was_revoked_alerts_nobody(store: Store) -> None:
    revoked = Device(id="wana-98", role=Role.TRAP, standing=Standing.REVOKED)
    store.write_now(lambda tx: tx.put_device(revoked))
    strange = Message("zigbee2mqtt/box", b"{", at(1))
    assert receive(store, strange, native("wana-98", "trap.sprung", 1)).opened == []


def test_approval_ends_that_alert_and_opens_the_traps_own(store: Store) -> None:
    receive(store, native("wana-99", "trap.sprung", 1))
    outcome = approve(store, "wana-99")
    assert [(one.rule, one.resolved_by) for one in outcome.ended] == [
        ("unregistered_spring", "approved")
    ]
    assert open_alerts(store) == {("trap_sprung", "wana-99")}


def test_a_device_that_a_list_registers_is_no_longer_called_unregistered(store: Store) -> None:
    receive(store, native("wana-99", "trap.sprung", 1))
    store.write_now(lambda tx: tx.put_devices([Device(id="wana-99", role=Role.TRAP)]))
    store.write_now(lambda tx: tick(tx, at(5), POLICY))
    assert open_alerts(store) == set()


def test_many_unregistered_springs_are_a_few_alerts_and_one_about_the_others(store: Store) -> None:
    springs = [native(f"wana-{n:02}", "trap.sprung", n) for n in range(40)]
    receive(store, *springs)
    alerts = store.read_now(lambda r: r.open_alerts())
    assert len(alerts) == SINGLE_ALERTS + 1
    [together] = [one for one in alerts if one.subject == ALL_OTHERS]
    assert together.causes == 40 - SINGLE_ALERTS


def test_every_message_that_was_confirmed_is_read_after_approval(store: Store) -> None:
    """Far more than has room, of one device: none of what it was told to forget is missing."""
    promised = confirmed(receive(store, native("wana-99", "trap.sprung", 0)))
    for start in range(1, 6_000, 1_500):
        more = [native("wana-99", "heartbeat", n) for n in range(start, start + 1_500)]
        promised |= confirmed(receive(store, *more))
    events = {event.id for event in approve(store, "wana-99").events}
    assert "wana-99-0" in promised
    assert OTHER.assured_kib <= len(promised) <= OTHER.most_kib + 1
    assert promised == events


def test_many_messages_of_other_devices_do_not_push_out_a_capture(store: Store) -> None:
    receive(store, native("wana-99", "trap.sprung", 0))
    for device in range(100):
        receive(store, *(native(f"cam-{device:02}", "detection", n) for n in range(300)))
        receive(store, *(native(f"cam-{device:02}", "trap.sprung", n) for n in range(300, 350)))
    assert [event.kind.value for event in approve(store, "wana-99").events] == ["trap.sprung"]


def test_every_device_has_some_room_however_full_the_rest_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = msgspec.structs.replace(OTHER, all_kib=10)
    monkeypatch.setitem(held_limits.LIMITS, False, small)
    receive(store, *(native("loud", "heartbeat", n) for n in range(200)))
    promised = confirmed(receive(store, *(native("late", "heartbeat", n) for n in range(30))))
    assert len(promised) == 30


def test_messages_that_are_not_stored_are_counted_and_not_confirmed(store: Store) -> None:
    many = OTHER.most_kib + 10
    outcome = receive(store, *(native("wana-99", "heartbeat", n) for n in range(many)))
    assert outcome.no_events["wana-99", "evicted"] == 10
    assert outcome.no_events["wana-99", "unknown_device"] == OTHER.most_kib
    assert len(confirmed(outcome)) == OTHER.most_kib


def test_of_a_sender_without_confirms_the_newest_are_kept_and_its_first_spring(
    store: Store,
) -> None:
    receive(store, zigbee("door", 0, contact=False))
    many = OTHER.most_kib + 50
    outcome = receive(
        store, *(zigbee("door", n, contact=True, battery=n % 100) for n in range(1, many))
    )
    assert outcome.no_events["door", "evicted"] == 49
    kept = store.read_now(lambda r: r.quarantine(5_000))
    assert b"false" in kept[-1].payload
    assert len(kept) == OTHER.most_kib + 1


def test_a_payload_that_is_kept_in_part_only_is_not_confirmed(store: Store) -> None:
    huge = native("wana-99", "trap.sprung", 1, note="x" * quarantine.PAYLOAD_KEPT_BYTES)
    assert confirmed(receive(store, huge, huge)) == set()
    assert confirmed(receive(store, native("wana-99", "trap.sprung", 2))) == {"wana-99-2"}


def test_a_message_sent_again_is_confirmed_again_and_stored_once(store: Store) -> None:
    one = native("wana-99", "heartbeat", 1)
    assert confirmed(receive(store, one)) == confirmed(receive(store, one)) == {"wana-99-1"}
    assert len(store.read_now(lambda r: r.quarantine())) == 1


def test_a_rolled_back_batch_leaves_no_trace_in_what_is_counted(store: Store) -> None:
    def fail(tx: Any) -> None:
        absorb(
            tx, [native("new-1", "heartbeat", n) for n in range(900)], READ.decode, at(1), POLICY
        )
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write_now(fail)
    outcome = receive(store, *(native("new-1", "heartbeat", n) for n in range(900)))
    assert len(confirmed(outcome)) == 900
    assert [device.id for device in outcome.pending] == ["new-1"]


def test_control_with_one_limit_for_all_a_confirmed_spring_is_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was: the oldest of all make room, whatever was confirmed."""

    def trimmed(table: quarantine.QuarantineTable, *_: object) -> bool:
        table._execute("DELETE FROM quarantine WHERE no <= (SELECT max(no) FROM quarantine) - 200")
        return True

    receive(store, native("wana-99", "trap.sprung", 0))
    monkeypatch.setattr(quarantine.QuarantineTable, "_has_room", trimmed)
    receive(store, *(native("cam-01", "detection", n) for n in range(300)))
    assert approve(store, "wana-99").events == []
