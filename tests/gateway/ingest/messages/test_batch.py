"""What becomes of a message, and that order, copies and restarts change nothing."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.model import (
    Device,
    Kind,
    Message,
    Reading,
    RefusalReason,
    Role,
    Standing,
    TrapState,
)
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import absorb, release
from gateway.store import Reader, Store, Transaction
from tests.support.samples import T0, TRAP, at, decode, message, open_store, reading
from tests.support.tables import stored_rows

ALL = (0, 100_000)


def absorb_now(store: Store, *messages: Message, to: Policy | None = None) -> Outcome:
    return store.write_now(lambda tx: absorb(tx, messages, decode, at(10_000), to))


def trap_state(store: Store) -> TrapState | None:
    return store.read_now(lambda r: r.states()["trap-01"].trap)


def test_a_springing_trap_is_an_event_a_state_and_one_alert(store: Store) -> None:
    outcome = absorb_now(store, message(reading("trap-01", Kind.SPRUNG, 5)))
    assert [event.kind for event in outcome.events] == [Kind.SPRUNG]
    assert [(alert.rule, alert.subject) for alert in outcome.opened] == [("trap_sprung", "trap-01")]
    assert trap_state(store) is TrapState.SPRUNG
    assert len(store.read_now(lambda r: r.open_alerts())) == 1


def test_a_repeated_message_never_alerts_twice(store: Store) -> None:
    spring = message(reading("trap-01", Kind.SPRUNG, 5))
    first, second = absorb_now(store, spring, spring), absorb_now(store, spring)
    assert (len(first.opened), first.duplicates) == (1, 1)
    assert (second.opened, second.events, second.duplicates) == ([], [], 1)


def test_a_retained_message_of_an_unknown_past_never_alerts(store: Store) -> None:
    outcome = absorb_now(store, message(reading("trap-01", Kind.SPRUNG, 5), retain=True))
    assert outcome.opened == []
    assert trap_state(store) is TrapState.SPRUNG


def test_resetting_a_trap_ends_its_alert(store: Store) -> None:
    absorb_now(store, message(reading("trap-01", Kind.SPRUNG, 5)))
    outcome = absorb_now(store, message(reading("trap-01", Kind.SET, 65)))
    assert [alert.resolved_by for alert in outcome.ended] == ["trap.set"]
    assert store.read_now(lambda r: r.open_alerts()) == []


def test_a_trap_set_and_sprung_again_in_one_batch_alerts_again(store: Store) -> None:
    absorb_now(store, message(reading("trap-01", Kind.SPRUNG, 5)))
    again = [message(reading("trap-01", k, m)) for k, m in ((Kind.SET, 65), (Kind.SPRUNG, 600))]
    outcome = absorb_now(store, *again)
    assert [alert.observed_at for alert in outcome.opened] == [at(600)]
    assert len(outcome.ended) == 1


def test_a_late_spring_that_was_reset_since_does_not_alert(store: Store) -> None:
    absorb_now(store, message(reading("trap-01", Kind.SET, 65)))
    outcome = absorb_now(store, message(reading("trap-01", Kind.SPRUNG, 5), received=70))
    assert outcome.opened == []
    assert trap_state(store) is TrapState.ARMED


def test_each_recipient_and_channel_gets_one_outbox_row(store: Store) -> None:
    people = [
        {"name": "tanaka", "channels": ["console:", "mqtt:"]},
        {"name": "sato", "channels": ["console:"]},
    ]
    to = Policy(check({"people": people}))
    spring = message(reading("trap-01", Kind.SPRUNG, 5))
    absorb_now(store, spring, to=to)
    absorb_now(store, spring, to=to)
    assert store.read_now(lambda r: r.outbox()) == {"waiting": 3}


def test_an_unknown_device_is_held_and_counts_after_approval(store: Store) -> None:
    outcome = absorb_now(
        store,
        message(reading("new-7", Kind.SET, 1)),
        message(reading("new-7", Kind.SPRUNG, 2)),
    )
    assert [device.id for device in outcome.pending] == ["new-7"]
    assert outcome.refused == {RefusalReason.DEVICE: 2}
    assert outcome.events == []
    approved = Device(id="new-7", role=Role.TRAP, standing=Standing.APPROVED)
    store.write_now(lambda tx: tx.put_device(approved))
    released = store.write_now(lambda tx: release(tx, "new-7", decode, at(3)))
    assert [event.kind for event in released.events] == [Kind.SET, Kind.SPRUNG]
    assert len(released.opened) == 1
    assert store.write_now(lambda tx: release(tx, "new-7", decode, at(4))).events == []


def test_a_broken_message_is_kept_with_its_reason_and_harms_no_other(store: Store) -> None:
    broken = Message("wildlife/x", b"\xff{", T0)
    bug = Message("wildlife/x", b"bug", T0)
    outcome = absorb_now(store, broken, message(reading("cam-01", Kind.DETECTION, 1)), bug)
    assert outcome.refused == {RefusalReason.MALFORMED: 1, RefusalReason.BUG: 1}
    assert len(outcome.events) == 1
    kept = store.read_now(lambda r: r.quarantine())
    assert [(k.reason, k.payload) for k in kept] == [
        (RefusalReason.BUG, b"bug"),
        (RefusalReason.MALFORMED, b"\xff{"),
    ]


def test_a_revoked_device_is_refused_by_name(store: Store) -> None:
    store.write_now(
        lambda tx: tx.put_device(Device(id="cam-01", role=Role.DETECTOR, standing=Standing.REVOKED))
    )
    outcome = absorb_now(store, message(reading("cam-01", Kind.DETECTION, 1)))
    assert outcome.refused == {RefusalReason.REVOKED: 1}


def test_a_report_of_a_known_state_is_a_heartbeat(store: Store) -> None:
    absorb_now(store, message(reading("trap-01", Kind.SPRUNG, 5)))
    again = msgspec.structs.replace(reading("trap-01", Kind.SPRUNG, 9), is_state=True)
    outcome = absorb_now(store, message(again))
    assert [event.kind for event in outcome.events] == [Kind.HEARTBEAT]


def test_effort_counts_life_and_armed_time_and_no_silence(store: Store) -> None:
    beats = [reading("trap-01", Kind.HEARTBEAT, m) for m in (0, 60, 120, 1000, 1060)]
    armed = reading("trap-01", Kind.SET, 60, id_="set", seq=1)
    absorb_now(store, *(message(r) for r in [*beats, armed]))
    [rate] = store.read_now(lambda r: r.rates(*ALL))
    assert rate.alive_days == pytest.approx((60 + 60 + 60) / 1440)
    assert rate.armed_days == pytest.approx((60 + 60) / 1440)


def test_a_last_will_does_not_show_that_the_device_is_alive(store: Store) -> None:
    absorb_now(store, message(reading("cam-01", Kind.HEARTBEAT, 0)))
    absorb_now(store, message(reading("cam-01", Kind.OFFLINE, 60)))
    assert store.read_now(lambda r: r.rates(*ALL)) == []
    assert store.read_now(lambda r: r.states()["cam-01"].online) is False


def test_a_transaction_that_is_rolled_back_changes_nothing(store: Store) -> None:
    def fail(tx: Transaction) -> None:
        absorb(tx, [message(reading("trap-01", Kind.SPRUNG, 5))], decode, at(6))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write_now(fail)
    assert store.read_now(lambda r: (r.latest_events(), r.open_alerts())) == ([], [])
    assert len(absorb_now(store, message(reading("trap-01", Kind.SPRUNG, 5))).opened) == 1


def test_a_state_repeated_within_one_batch_is_one_event(store: Store) -> None:
    states = [
        msgspec.structs.replace(reading("trap-01", Kind.SPRUNG, m), is_state=True)
        for m in (5, 6, 7)
    ]
    outcome = absorb_now(store, *map(message, states))
    assert [event.kind for event in outcome.events] == [Kind.SPRUNG, *[Kind.HEARTBEAT] * 2]


def test_a_late_spring_in_the_batch_does_not_hide_the_present_one(store: Store) -> None:
    absorb_now(store, message(reading("trap-01", Kind.SET, 10)))
    late = reading("trap-01", Kind.SPRUNG, 5)
    present = msgspec.structs.replace(reading("trap-01", Kind.SPRUNG, 30), is_state=True)
    outcome = absorb_now(store, message(late, present))
    assert [event.kind for event in outcome.events] == [Kind.SPRUNG, Kind.SPRUNG]
    assert [alert.rule for alert in outcome.opened] == ["trap_sprung"]


def test_repeated_occupied_messages_are_one_presence_and_one_alert(store: Store) -> None:
    reports = [
        msgspec.structs.replace(reading("cam-01", Kind.DETECTION, m, species="boar"), is_state=True)
        for m in range(0, 120, 20)
    ]
    for report in reports:
        absorb_now(store, message(report))
    [rate] = store.read_now(lambda r: r.rates(*ALL, "boar"))
    assert (rate.records, rate.independent) == (6, 1)


def key(device: str, minutes: float, content: str, id_: str) -> Message:
    return message(
        msgspec.structs.replace(
            reading(device, Kind.SPRUNG, minutes, id_=id_), key=f"{device}:5:{content}"
        )
    )


def test_one_frame_under_two_ids_is_one_event(store: Store) -> None:
    outcome = absorb_now(store, key("trap-01", 5, "open", "a"), key("trap-01", 6, "open", "b"))
    assert (len(outcome.events), outcome.duplicates) == (1, 1)
    later = absorb_now(store, key("trap-01", 24 * 60, "open", "c"))
    assert (later.events, later.duplicates) == ([], 1)


def test_a_counter_that_begins_again_hides_no_spring(store: Store) -> None:
    absorb_now(store, key("trap-01", 5, "open", "a"))
    other = absorb_now(store, key("trap-01", 60, "shut", "b"))
    again = absorb_now(store, key("trap-01", 5 + 24 * 60 + 1, "open", "c"))
    assert [len(other.events), len(again.events)] == [1, 1]


READINGS = st.lists(
    st.builds(
        lambda kind, minute, species: msgspec.structs.replace(
            reading(
                "trap-01", kind, minute, id_=f"{kind.value}{minute}", species=species, seq=minute
            ),
            count=2 if kind is Kind.DETECTION else None,
        ),
        st.sampled_from([Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT, Kind.DETECTION, Kind.OFFLINE]),
        st.integers(0, 600),
        st.sampled_from(["boar", "deer"]),
    ),
    max_size=14,
    unique_by=lambda r: r.seq,
)


def story(store: Store) -> object:
    """Everything that must not depend on the order of arrival."""

    def ask(r: Reader) -> object:
        rows = sorted(
            (e.id, e.kind, e.observed_at, e.species, e.confidence, e.media, e.count)
            for e in r.latest_events(1000)
        )
        states = {
            k: (s.head, s.trap, s.trap_head, s.detected, s.facts, s.online)
            for k, s in r.states().items()
        }
        hours = stored_rows(r, "SELECT * FROM effort_hour WHERE alive_ms OR armed_ms ORDER BY 1, 2")
        seen = stored_rows(r, "SELECT * FROM sighting_hour WHERE records ORDER BY 1, 2, 3")
        return rows, states, hours, seen, r.rates(*ALL)

    return store.read_now(ask)


def word(first: Reading, species: str, confidence: float) -> Reading:
    """A later word about `first`, as Frigate sends it: with the time of the object."""
    return msgspec.structs.replace(
        first,
        id=f"{first.id}:{species}",
        species=species,
        confidence=confidence,
        refines=first.id,
        media="second.jpg",
        count=None,
    )


@settings(max_examples=70, deadline=None)
@given(readings=READINGS, data=st.data())
def test_copies_corrections_and_any_order_end_in_the_same_record(
    tmp_path_factory: pytest.TempPathFactory, readings: list[Reading], data: st.DataObject
) -> None:
    for first in [one for one in readings if one.kind is Kind.DETECTION]:
        for species in data.draw(st.lists(st.sampled_from(["bear", "boar", "deer"]), max_size=2)):
            sure = data.draw(st.sampled_from([0.5, 0.9]))
            later = word(first, species, sure)
            if later.id not in {one.id for one in readings}:
                readings = [*readings, later]
    clean, mixed = (open_store(tmp_path_factory.mktemp("s"), TRAP) for _ in range(2))
    for one in sorted(readings, key=lambda r: r.seq or 0):
        absorb_now(clean, message(one, received=700))
    shuffled = data.draw(st.permutations(readings + readings[:3]))
    size = data.draw(st.integers(1, 5))
    for start in range(0, len(shuffled), size):
        absorb_now(mixed, *(message(r, received=700) for r in shuffled[start : start + size]))
    try:
        assert story(mixed) == story(clean)
    finally:
        clean.close()
        mixed.close()


def test_the_days_of_rates_are_the_sites_days(store: Store) -> None:
    # 23:30 UTC on 31 October is 08:30 on 1 November in Tokyo
    absorb_now(store, message(reading("cam-01", Kind.DETECTION, -30, species="boar")))
    day = (T0 - timedelta(days=0)).date().toordinal() - 719_163
    [rate] = store.read_now(lambda r: r.rates(day, day + 1, "boar"))
    assert (rate.device, rate.records, rate.independent) == ("cam-01", 1, 1)
