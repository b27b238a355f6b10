"""An event is its device and its id: copies are told from new events, and conflicts are seen."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.dialects import Context, meshtastic
from gateway.domain import identity
from gateway.domain.identity import Sameness
from gateway.domain.model import (
    Device,
    Kind,
    Message,
    RefusalReason,
    Role,
    Standing,
    TrapState,
)
from gateway.ingest.messages import batch, known_ids
from gateway.ingest.messages.batch import absorb, read_again, release
from gateway.store import Store
from tests.gateway.ingest.messages.ids.native_reports import (
    DAY,
    OTHER,
    confirmed,
    conflicts,
    events,
    read,
    receive,
    report,
)
from tests.support.samples import TRAP, at, decode, message, open_store, reading


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path, TRAP, OTHER)
    yield store
    store.close()


# Two devices


@pytest.mark.parametrize("together", [True, False])
def test_two_devices_that_use_the_same_id_both_count_alert_and_are_confirmed(
    store: Store, together: bool
) -> None:
    both = [report(device, Kind.SPRUNG, 5, id="1") for device in ("trap-01", "trap-02")]
    outcomes = [receive(store, *both)] if together else [receive(store, one) for one in both]
    assert events(store) == [("trap-01", "1", Kind.SPRUNG), ("trap-02", "1", Kind.SPRUNG)]
    assert [a.subject for o in outcomes for a in o.opened] == ["trap-01", "trap-02"]
    assert [confirmed(outcomes[0], "trap-01"), confirmed(outcomes[-1], "trap-02")] == [["1"], ["1"]]
    again = receive(store, *both)
    assert (again.events, again.duplicates, len(events(store))) == ([], 2, 2)
    assert conflicts(store) == []


def test_copies_by_key_are_copies_of_the_same_device_only(store: Store) -> None:
    def frame(device: str, id_: str) -> Message:
        return message(msgspec.structs.replace(reading(device, Kind.SPRUNG, 5, id_=id_), key="7:x"))

    frames = [frame("trap-01", "a"), frame("trap-02", "b"), frame("trap-02", "c")]
    outcome = store.write_now(lambda tx: absorb(tx, frames, decode, at(10)))
    assert [(event.device, event.id) for event in outcome.events] == [
        ("trap-01", "a"),
        ("trap-02", "b"),
    ]
    later = store.write_now(lambda tx: absorb(tx, [frame("trap-01", "d")], decode, at(10)))
    assert (later.events, later.duplicates) == ([], 1)


# Copies


def test_side_fields_make_no_conflict(store: Store) -> None:
    receive(store, report("trap-01", Kind.SPRUNG, 5, id="1", boot=1, seq=5, link={"rssi_dbm": -90}))
    other = report(
        "trap-01",
        Kind.SPRUNG,
        5,
        id="1",
        boot=1,
        seq=5,
        received=600,
        link={"rssi_dbm": -120},
        battery={"v": 3.1},
        uptime_ms=5,
    )
    outcome = receive(store, other)
    assert (outcome.events, outcome.duplicates, confirmed(outcome)) == ([], 1, ["1"])
    assert conflicts(store) == []


def test_a_time_that_the_device_corrects_after_it_got_the_time_is_no_new_event(
    store: Store,
) -> None:
    guessed = report("trap-01", Kind.SPRUNG, 2, id="1", boot=1, seq=5, ts_src="rtc", received=20)
    receive(store, guessed)
    outcome = receive(store, report("trap-01", Kind.SPRUNG, 9, id="1", boot=1, seq=5, received=30))
    assert (outcome.events, confirmed(outcome), conflicts(store)) == ([], ["1"], [])


def test_one_radio_packet_by_receivers_with_different_clocks_is_one_event(store: Store) -> None:
    def packet(gateway: str, timestamp: float) -> Message:
        body = {
            "from": 0x2A,
            "id": 77,
            "type": "detection",
            "payload": {"text": "Trap detected"},
            "timestamp": timestamp,
        }
        return Message(f"msh/JP/2/json/LongFast/!{gateway}", msgspec.json.encode(body), at(1))

    node = Device(id="!0000002a", role=Role.TRAP)
    store.write_now(lambda tx: tx.put_device(node))
    received = [packet("aa", at(0).timestamp()), packet("bb", at(-10).timestamp())]
    outcome = store.write_now(
        lambda tx: absorb(
            tx, received, lambda m, d: meshtastic.decode(m, Context(devices=d, site="goto")), at(2)
        )
    )
    assert ([e.kind for e in outcome.events], outcome.duplicates) == ([Kind.SPRUNG], 1)
    assert conflicts(store) == []


# Conflicts


@pytest.mark.parametrize("together", [True, False])
def test_an_id_used_for_something_else_alerts_is_shown_and_is_not_confirmed(
    store: Store, together: bool
) -> None:
    armed = report("trap-01", Kind.SET, 5, id="e1", boot=1, seq=5)
    sprung = report("trap-01", Kind.SPRUNG, 60, id="e1", boot=2, seq=1)
    outcomes = (
        [receive(store, armed, sprung)]
        if together
        else [receive(store, one) for one in (armed, sprung)]
    )
    assert [kind for _, _, kind in events(store)] == [Kind.SET, Kind.SPRUNG]
    assert [a.rule for a in outcomes[-1].opened] == ["trap_sprung"]
    assert outcomes[-1].refused == {RefusalReason.CONFLICT: 1}
    assert confirmed(outcomes[-1]) == []
    [detail] = conflicts(store)
    assert "trap.set 2026-11-01T00:05:00Z boot 1 seq 5" in detail
    assert "trap.sprung 2026-11-01T01:00:00Z boot 2 seq 1" in detail
    assert store.read_now(lambda r: r.states()["trap-01"].trap) is TrapState.SPRUNG

    repeated = receive(store, sprung, sprung)
    assert (repeated.events, confirmed(repeated), len(conflicts(store))) == ([], [], 1)
    assert confirmed(receive(store, armed)) == ["e1"]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"kind": Kind.TAMPER}, id="kind"),
        pytest.param({"minutes": 7}, id="time"),
        pytest.param({"boot": 2}, id="boot"),
        pytest.param({"minutes": None, "kind": Kind.SET}, id="kind, without a time"),
    ],
)
def test_another_kind_time_or_boot_is_a_conflict(store: Store, second: dict[str, object]) -> None:
    first: dict[str, object] = {"kind": Kind.SPRUNG, "minutes": 5, "id": "1", "boot": 1, "seq": 5}
    receive(store, report("trap-01", **first))  # type: ignore[arg-type]
    outcome = receive(store, report("trap-01", **(first | second | {"received": 8})))  # type: ignore[arg-type]
    assert (len(outcome.events), confirmed(outcome)) == (1, [])
    assert outcome.refused == {RefusalReason.CONFLICT: 1}
    assert len(conflicts(store)) == 1


def test_reading_a_conflict_again_marks_it_as_seen_and_adds_nothing(store: Store) -> None:
    receive(
        store, report("trap-01", Kind.SET, 5, id="1"), report("trap-01", Kind.SPRUNG, 6, id="1")
    )
    kept = store.write_now(lambda tx: tx.quarantine.waiting())
    outcome = store.write_now(lambda tx: read_again(tx, kept, read, at(9)))
    assert (outcome.events, outcome.opened, conflicts(store)) == ([], [], [])


def test_a_conflict_that_was_held_of_an_unknown_device_is_shown_after_approval(
    store: Store,
) -> None:
    receive(store, report("new", Kind.SET, 5, id="1"), report("new", Kind.SPRUNG, 6, id="1"))
    approved = Device(id="new", role=Role.TRAP, standing=Standing.APPROVED)
    store.write_now(lambda tx: tx.put_device(approved))
    outcome = store.write_now(lambda tx: release(tx, "new", read, at(9)))
    assert [e.kind for e in outcome.events] == [Kind.SET, Kind.SPRUNG]
    assert ([a.subject for a in outcome.opened], len(conflicts(store))) == (["new"], 1)


def test_a_device_that_always_uses_one_id_loses_nothing_and_fills_no_quarantine(
    store: Store,
) -> None:
    most = batch.CONFLICTS + 20
    receive(store, *(report("trap-01", Kind.HEARTBEAT, minute, id="0") for minute in range(most)))
    assert (len(events(store)), len(conflicts(store))) == (most, batch.CONFLICTS)


# Counters that begin again


@pytest.mark.parametrize("id_", [{"id": "0-{seq}"}, {}], ids=["with an id", "by boot and seq"])
def test_a_device_that_lost_its_boot_number_is_confirmed_and_alerts(
    store: Store, id_: dict[str, str]
) -> None:
    def one(kind: Kind, minutes: float, seq: int) -> Message:
        ids = {name: text.format(seq=seq) for name, text in id_.items()}
        return report("trap-01", kind, minutes, boot=0, seq=seq, **ids)

    first = [one(Kind.SET, 1, 1), one(Kind.SPRUNG, 2, 2), one(Kind.SET, 3, 3), one(Kind.SET, 4, 4)]
    receive(store, *first)
    again = [one(Kind.SET, 30 * DAY, 1), one(Kind.SPRUNG, 30 * DAY + 9, 2)]
    outcomes = [receive(store, message) for message in again]
    assert [e.kind for o in outcomes for e in o.events] == [Kind.SET, Kind.SPRUNG]
    assert [a.rule for a in outcomes[1].opened] == ["trap_sprung"]
    assert [confirmed(o) for o in outcomes] == ([["0-1"], ["0-2"]] if id_ else [[], []])
    assert conflicts(store) == []
    copies = receive(store, *again, *first)
    assert (copies.events, copies.duplicates, conflicts(store)) == ([], 6, [])


def test_a_sensor_without_clock_that_counts_from_one_again_next_month_alerts(store: Store) -> None:
    one = {"id": "1", "received": 5}
    receive(store, report("trap-01", Kind.SPRUNG, **one))  # type: ignore[arg-type]
    receive(store, report("trap-01", Kind.SET, 60, id="2"))
    again = receive(store, report("trap-01", Kind.SPRUNG, **(one | {"received": 30 * DAY})))  # type: ignore[arg-type]
    assert ([a.rule for a in again.opened], confirmed(again)) == (["trap_sprung"], ["1"])
    assert conflicts(store) == []


def test_a_reused_id_alerts_also_when_the_journal_has_forgotten_the_first(store: Store) -> None:
    receive(
        store, report("trap-01", Kind.SPRUNG, 5, id="1"), report("trap-01", Kind.SET, 60, id="2")
    )
    store.write_now(lambda tx: tx.purge(at(100), 10))
    assert [id_ for _, id_, _ in events(store)] == ["2"]
    outcome = receive(store, report("trap-01", Kind.SPRUNG, 30 * DAY, id="1"))
    assert [alert.observed_at for alert in outcome.opened] == [at(30 * DAY)]


def test_control_a_gateway_that_asks_only_for_the_id_loses_a_capture(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (identity, batch, known_ids):
        monkeypatch.setattr(place, "identity_of", lambda event: ("", event.id))
    receive(store, *(report(device, Kind.SPRUNG, 5, id="1") for device in ("trap-01", "trap-02")))
    assert [device for device, _, _ in events(store)] == ["trap-01"]


def test_control_a_gateway_that_takes_every_known_id_for_a_copy_loses_a_capture(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_ids, "compare", lambda *_: Sameness.COPY)
    receive(store, report("trap-01", Kind.SET, 5, id="e1", boot=1, seq=5))
    outcome = receive(store, report("trap-01", Kind.SPRUNG, 60, id="e1", boot=2, seq=1))
    assert (outcome.opened, confirmed(outcome)) == ([], ["e1"])
