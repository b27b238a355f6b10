"""What comes from devices that nobody approved: what was confirmed stays, what is urgent is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.alerts import texts
from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.alerts.rules.unregistered import ALL_OTHERS, SINGLE_ALERTS
from gateway.config import SourceSettings, check
from gateway.domain.model import Device, DeviceState, Message, RefusalReason, Role, Standing
from gateway.domain.outcome import Outcome
from gateway.domain.refused import held_limits, unknown_names
from gateway.ingest.devices.approval import ApprovalRequest, Approvals
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store
from gateway.store.tables import quarantine
from tests.support.samples import TOKYO, at, open_store

SOURCES = (SourceSettings(dialect="native"), SourceSettings(dialect="zigbee2mqtt"))
READ = Sources(SOURCES, "goto")
PEOPLE = [
    {"name": "tanaka", "channels": ["console:"]},
    {"name": "office", "channels": ["console:"], "duty": "office"},
]
POLICY = Policy(check({"people": PEOPLE}))
APPROVALS = Approvals(READ.decode, READ.models, POLICY)
OTHER = held_limits.LIMITS[False]
URGENT = held_limits.LIMITS[True]


def native(
    device: str, kind: str, number: int, *, site: str = "goto", retain: bool = False, **more: Any
) -> Message:
    leaf = "telemetry" if kind == "heartbeat" else "event"
    body = {"v": 1, "id": f"{device}-{number}", "boot": 1, "seq": number, "kind": kind} | more
    topic = f"wildlife/v1/{site}/{device}/{leaf}"
    return Message(topic, msgspec.json.encode(body), at(number / 60), retain=retain)


def zigbee(device: str, number: int, **body: Any) -> Message:
    return Message(f"zigbee2mqtt/{device}", msgspec.json.encode(body), at(number / 60))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


def hear(store: Store, *messages: Message) -> Outcome:
    now = messages[-1].received_at
    return store.write_now(lambda tx: absorb(tx, messages, READ.decode, now, POLICY))


def confirmed(outcome: Outcome) -> set[str]:
    return {id_ for ids in outcome.durable.values() for id_ in ids}


def approve(store: Store, device: str) -> Outcome:
    request = ApprovalRequest(device=device, role="trap")
    return store.write_now(lambda tx: APPROVALS.approve(tx, request, at(10_000)))[1]


def open_alerts(store: Store) -> set[tuple[str, str]]:
    return {(one.rule, one.subject) for one in store.read_now(lambda r: r.open_alerts())}


def test_a_spring_of_an_unregistered_device_alerts_the_office_at_once_and_once(
    store: Store,
) -> None:
    first = hear(store, native("wana-99", "trap.sprung", 1))
    assert [(one.rule, one.subject) for one in first.opened] == [("unregistered_spring", "wana-99")]
    assert store.read_now(lambda r: r.outbox()) == {"waiting": 1}  # the office; no trapper knows it
    again = hear(store, native("wana-99", "trap.set", 2), native("wana-99", "trap.sprung", 3))
    assert again.opened == []


def test_the_capture_does_not_alert_again_after_the_office_has_ended_the_alert(
    store: Store,
) -> None:
    hear(store, native("wana-99", "trap.sprung", 1))
    store.write_now(lambda tx: tx.alerts.resolve("unregistered_spring", "wana-99", "hana", at(1)))
    assert hear(store, native("wana-99", "trap.sprung", 90)).opened == []


def test_a_spring_that_a_broker_replays_at_twenty_restarts_is_told_and_kept_once(
    tmp_path: Path,
) -> None:
    told = 0
    for _ in range(20):
        store = open_store(tmp_path)
        told += len(hear(store, native("wana-99", "trap.sprung", 1, retain=True)).opened)
        kept = len(store.read_now(lambda r: r.quarantine()))
        store.close()
    assert (told, kept) == (1, 1)


def test_an_alert_about_a_retained_capture_says_that_its_time_is_unknown(store: Store) -> None:
    """The broker had kept it: when the gateway started is not when the trap sprang."""
    [alert] = hear(store, native("wana-99", "trap.sprung", 1, retain=True)).opened
    said = texts.text(alert, None, "ja", TOKYO, at(1))
    assert said == "wana-99（ブローカーの保持・時刻不明）"
    [own_time] = hear(
        store, native("wana-98", "trap.sprung", 2, retain=True, ts=at(-5).isoformat(), ts_src="ntp")
    ).opened
    assert (own_time.observed_at, own_time.doubt) == (at(-5), None)


def test_a_capture_of_an_unregistered_zigbee_sensor_alerts_as_well(store: Store) -> None:
    hear(store, zigbee("door", 1, contact=True))
    assert [one.subject for one in hear(store, zigbee("door", 2, contact=False)).opened] == ["door"]


def test_a_registered_device_that_waits_for_approval_counts_as_unregistered(store: Store) -> None:
    waiting = Device(id="wana-99", role=Role.TRAP, standing=Standing.PENDING)
    store.write_now(lambda tx: tx.put_device(waiting))
    assert len(hear(store, native("wana-99", "trap.sprung", 1)).opened) == 1


def test_what_cannot_be_read_and_what_was_revoked_alerts_nobody(store: Store) -> None:
    revoked = Device(id="wana-98", role=Role.TRAP, standing=Standing.REVOKED)
    store.write_now(lambda tx: tx.put_device(revoked))
    strange = Message("zigbee2mqtt/box", b"{", at(1))
    assert hear(store, strange, native("wana-98", "trap.sprung", 1)).opened == []


def test_approval_ends_that_alert_and_opens_the_traps_own(store: Store) -> None:
    hear(store, native("wana-99", "trap.sprung", 1))
    outcome = approve(store, "wana-99")
    assert [(one.rule, one.resolved_by) for one in outcome.ended] == [
        ("unregistered_spring", "approved")
    ]
    assert open_alerts(store) == {("trap_sprung", "wana-99")}


def test_a_device_that_a_list_registers_is_no_longer_called_unregistered(store: Store) -> None:
    hear(store, native("wana-99", "trap.sprung", 1))
    store.write_now(lambda tx: tx.put_devices([Device(id="wana-99", role=Role.TRAP)]))
    store.write_now(lambda tx: tick(tx, at(5), POLICY))
    assert open_alerts(store) == set()


def test_many_unregistered_springs_are_a_few_alerts_and_one_about_the_others(store: Store) -> None:
    springs = [native(f"wana-{n:02}", "trap.sprung", n) for n in range(40)]
    hear(store, *springs)
    alerts = store.read_now(lambda r: r.open_alerts())
    assert len(alerts) == SINGLE_ALERTS + 1
    [together] = [one for one in alerts if one.subject == ALL_OTHERS]
    assert together.causes == 40 - SINGLE_ALERTS


def test_every_message_that_was_confirmed_is_read_after_approval(store: Store) -> None:
    """Far more than has room, of one device: none of what it was told to forget is missing."""
    promised = confirmed(hear(store, native("wana-99", "trap.sprung", 0)))
    for start in range(1, 6_000, 1_500):
        more = [native("wana-99", "heartbeat", n) for n in range(start, start + 1_500)]
        promised |= confirmed(hear(store, *more))
    events = {event.id for event in approve(store, "wana-99").events}
    assert "wana-99-0" in promised
    assert OTHER.assured_kib <= len(promised) <= OTHER.most_kib + 1
    assert promised == events


def test_many_messages_of_other_devices_do_not_push_out_a_capture(store: Store) -> None:
    hear(store, native("wana-99", "trap.sprung", 0))
    for device in range(100):
        hear(store, *(native(f"cam-{device:02}", "detection", n) for n in range(300)))
        hear(store, *(native(f"cam-{device:02}", "trap.sprung", n) for n in range(300, 350)))
    assert [event.kind.value for event in approve(store, "wana-99").events] == ["trap.sprung"]


def test_every_device_has_some_room_however_full_the_rest_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = msgspec.structs.replace(OTHER, all_kib=10)
    monkeypatch.setitem(held_limits.LIMITS, False, small)
    hear(store, *(native("loud", "heartbeat", n) for n in range(200)))
    promised = confirmed(hear(store, *(native("late", "heartbeat", n) for n in range(30))))
    assert len(promised) == 30


def test_messages_that_are_not_stored_are_counted_and_not_confirmed(store: Store) -> None:
    many = OTHER.most_kib + 10
    outcome = hear(store, *(native("wana-99", "heartbeat", n) for n in range(many)))
    assert outcome.no_events["wana-99", "evicted"] == 10
    assert outcome.no_events["wana-99", "unknown_device"] == OTHER.most_kib
    assert len(confirmed(outcome)) == OTHER.most_kib


def test_of_a_sender_without_confirms_the_newest_are_kept_and_its_first_spring(
    store: Store,
) -> None:
    hear(store, zigbee("door", 0, contact=False))
    many = OTHER.most_kib + 50
    outcome = hear(
        store, *(zigbee("door", n, contact=True, battery=n % 100) for n in range(1, many))
    )
    assert outcome.no_events["door", "evicted"] == 49
    kept = store.read_now(lambda r: r.quarantine(5_000))
    assert b"false" in kept[-1].payload
    assert len(kept) == OTHER.most_kib + 1


def test_a_payload_that_is_kept_in_part_only_is_not_confirmed(store: Store) -> None:
    huge = native("wana-99", "trap.sprung", 1, note="x" * quarantine.PAYLOAD_KEPT_BYTES)
    assert confirmed(hear(store, huge, huge)) == set()
    assert confirmed(hear(store, native("wana-99", "trap.sprung", 2))) == {"wana-99-2"}


def test_a_message_sent_again_is_confirmed_again_and_kept_once(store: Store) -> None:
    one = native("wana-99", "heartbeat", 1)
    assert confirmed(hear(store, one)) == confirmed(hear(store, one)) == {"wana-99-1"}
    assert len(store.read_now(lambda r: r.quarantine())) == 1


def test_a_rolled_back_batch_leaves_no_trace_in_what_is_counted(store: Store) -> None:
    def fail(tx: Any) -> None:
        absorb(
            tx, [native("new-1", "heartbeat", n) for n in range(900)], READ.decode, at(1), POLICY
        )
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write_now(fail)
    outcome = hear(store, *(native("new-1", "heartbeat", n) for n in range(900)))
    assert len(confirmed(outcome)) == 900
    assert [device.id for device in outcome.pending] == ["new-1"]


def test_control_with_one_limit_for_all_a_confirmed_spring_is_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was: the oldest of all make room, whatever was confirmed."""

    def trimmed(table: quarantine.QuarantineTable, *_: object) -> bool:
        table._execute("DELETE FROM quarantine WHERE no <= (SELECT max(no) FROM quarantine) - 200")
        return True

    hear(store, native("wana-99", "trap.sprung", 0))
    monkeypatch.setattr(quarantine.QuarantineTable, "_has_room", trimmed)
    hear(store, *(native("cam-01", "detection", n) for n in range(300)))
    assert approve(store, "wana-99").events == []


def test_names_beyond_the_list_are_reported_once_with_their_common_filter(store: Store) -> None:
    hear(store, *(native("wana-07", "heartbeat", n, site=f"s{n}") for n in range(3_000)))
    assert len(store.read_now(lambda r: r.pending())) == unknown_names.MOST_SHARING_A_FILTER
    for minute in (51, 52, 53):
        store.write_now(lambda tx, m=minute: tick(tx, at(m), POLICY))  # type: ignore[misc]
    [alert] = store.read_now(lambda r: r.open_alerts())
    assert (alert.rule, alert.subject) == ("many_names", "wildlife/v1/+/wana-07/#")
    assert 2_700 < int(alert.note) < 3_300
    said = texts.text(alert, None, "ja", TOKYO, at(53))
    assert said.startswith("wana-07（約")
    assert "の名前" in said
    store.write_now(lambda tx: tick(tx, at(200), POLICY))
    assert open_alerts(store) == set()


def test_a_flood_of_names_keeps_no_other_new_device_out(store: Store) -> None:
    hear(store, *(native("wana-07", "heartbeat", n, site=f"s{n}") for n in range(2_000)))
    outcome = hear(store, native("wana-99", "trap.sprung", 1))
    assert [device.id for device in outcome.pending] == ["wana-99"]
    assert [one.subject for one in outcome.opened] == ["wana-99"]


def test_a_capture_under_a_name_without_room_is_kept_and_told_with_others(store: Store) -> None:
    hear(store, *(native("wana-07", "heartbeat", n, site=f"s{n}") for n in range(400)))
    outcome = hear(store, native("wana-07", "trap.sprung", 401, site="new"))
    assert [one.subject for one in outcome.opened] == [ALL_OTHERS]
    assert confirmed(outcome) == {"wana-07-401"}
    assert store.read_now(lambda r: r.quarantine(1))[0].reason is RefusalReason.NAMES
    events = approve(store, "new/wana-07").events
    assert [event.kind.value for event in events] == ["trap.sprung"]


def test_names_can_be_forgotten_but_not_those_that_report_a_capture(store: Store) -> None:
    hear(store, native("wana-07", "trap.sprung", 0, site="real"))
    hear(store, *(native("wana-07", "heartbeat", n, site=f"s{n}") for n in range(1, 400)))
    gone = store.write_now(lambda tx: APPROVALS.forget(tx, "wildlife/v1/+/wana-07/#"))
    assert gone == unknown_names.MOST_SHARING_A_FILTER - 1
    assert [one.id for one in store.read_now(lambda r: r.pending())] == ["real/wana-07"]
    assert len(approve(store, "real/wana-07").events) == 1
    later = native("wana-07", "heartbeat", 9_000, site="s1")
    assert len(hear(store, later).pending) == 1


def test_approving_a_listed_name_makes_room_in_the_list(store: Store) -> None:
    hear(store, *(native("wana-07", "heartbeat", n, site=f"s{n}") for n in range(400)))
    approve(store, "s1/wana-07")
    hear(store, native("wana-07", "heartbeat", 500, site="new"))
    assert (
        len(store.read_now(lambda r: r.pending())) == unknown_names.MOST_SHARING_A_FILTER - 1
    )  # this hour
    hear(store, native("wana-07", "heartbeat", 9_000, site="new"))
    assert len(store.read_now(lambda r: r.pending())) == unknown_names.MOST_SHARING_A_FILTER


def test_copies_retained_messages_and_irrelevant_messages_are_counted_by_device(
    store: Store,
) -> None:
    store.write_now(lambda tx: tx.put_device(Device(id="door", role=Role.TRAP)))
    store.write_now(lambda tx: tx.put_device(Device(id="wana-01", role=Role.TRAP)))
    one = native("wana-01", "trap.set", 1)
    outcome = hear(store, one, one)
    outcome.no_events.update(hear(store, one).no_events)
    memory = msgspec.structs.replace(zigbee("door", 2, battery=50), retain=True)
    outcome.no_events.update(
        hear(store, memory, Message("zigbee2mqtt/x/set", b"1", at(3))).no_events
    )
    assert outcome.no_events["wana-01", "copy"] == 2
    assert outcome.no_events["door", "memory"] == 1
    assert sum(outcome.no_events.values()) == 4


def test_a_trap_at_which_somebody_acted_is_not_forgotten(store: Store) -> None:
    hear(store, *(native("wana-07", "heartbeat", n, site=f"s{n}") for n in range(5)))
    state = DeviceState(device="s1/wana-07", last_seen=at(1))
    store.write_now(lambda tx: tx.put_states([state]))
    assert store.write_now(lambda tx: APPROVALS.forget(tx, "wildlife/v1/+/wana-07/#")) == 4
    assert [one.id for one in store.read_now(lambda r: r.pending())] == ["s1/wana-07"]
