"""A surge: what comes faster than it can be judged is durable at once, and ends in the same story."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.clock import UntrustedPeriod
from gateway.config import Config
from gateway.domain.model import Event, Kind, Message, TimeQuality, TrapState
from gateway.faults import GatewayFaults
from gateway.ingest.messages import intake as intake_module
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.intake import Intake, IntakeLimits
from gateway.ingest.messages.judging import Judging, split_urgent
from gateway.metrics import Health
from gateway.store import Reader, Store
from gateway.store.clocks import redate
from gateway.store.feed import Feed
from gateway.store.tables.backlog import ReceiptClock, Size
from tests.faults.lacking import Hasty
from tests.support.samples import CAMERA, T0, TRAP, at, decode, message, open_store, reading
from tests.support.session import FakeSession

BATCH = 10
STORY = [
    *(message(reading("cam-01", Kind.DETECTION, n, species="boar")) for n in range(70)),
    message(reading("trap-01", Kind.SET, 70)),
    message(reading("trap-01", Kind.SPRUNG, 71)),
    *(message(reading("cam-01", Kind.DETECTION, n, species="deer")) for n in range(72, 90)),
]


def intake_of(store: Store, health: Health | None = None, reserve_mb: int = 0) -> Intake:
    judging = Judging(decode, clock=lambda: at(99))
    return Intake(store, judging, Feed(), health or Health(), IntakeLimits(BATCH, reserve_mb))


def run(intake: Intake, session: FakeSession, until: Callable[[], bool]) -> None:
    async def act() -> None:
        async with asyncio.timeout(20):
            task = asyncio.create_task(intake.run(session))
            while not until():
                await asyncio.sleep(0)
                assert not task.done(), task.exception()
            task.cancel()

    asyncio.run(act())


def waiting(store: Store) -> int:
    return store.read_now(lambda r: r.backlog().messages)


def record_of(store: Store) -> object:
    """The story: events in their order, states, alerts and sums."""

    def ask(r: Reader) -> object:
        events = [event for _, event in r.events_after(0, 1_000)]
        alerts = {(a.rule, a.subject, a.observed_at) for a in r.latest_alerts()}
        return events, r.states(), alerts, r.rates(0, 10**6)

    return store.read_now(ask)


@given(
    st.lists(
        st.builds(
            Message,
            topic=st.text(st.characters(exclude_categories=["Cs"])),
            payload=st.binary(),
            received_at=st.floats(-(10**5), 10**7).map(lambda s: T0 + timedelta(seconds=s)),
            qos=st.sampled_from([0, 1]),
            retain=st.booleans(),
        ),
        min_size=1,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_messages_of_the_backlog_are_read_back_unchanged(
    store: Store, messages: list[Message]
) -> None:
    store.write_now(lambda tx: tx.backlog.put(messages, ReceiptClock.UNTRUSTED))
    assert waiting(store) == len(messages)
    batch = store.write_now(lambda tx: tx.backlog.take(1_000))
    assert batch is not None
    assert (batch.messages, batch.clock) == (messages, ReceiptClock.UNTRUSTED)
    assert store.write_now(lambda tx: tx.backlog.take(1_000)) is None


def test_small_rows_are_judged_together_and_one_clock_holds_for_a_whole_batch(store: Store) -> None:
    stamps = [ReceiptClock.TRUSTED] * 25 + [ReceiptClock.UNTRUSTED] * 5
    for one, stamp in zip(STORY, stamps, strict=False):
        store.write_now(lambda tx, one=one, stamp=stamp: tx.backlog.put([one], stamp))  # type: ignore[misc]
    taken = []
    while batch := store.write_now(lambda tx: tx.backlog.take(20)):
        taken.append(batch)
    assert [(len(b.messages), b.clock) for b in taken] == [
        (20, ReceiptClock.TRUSTED),
        (5, ReceiptClock.TRUSTED),
        (5, ReceiptClock.UNTRUSTED),
    ]
    assert [message for b in taken for message in b.messages] == STORY[:30]


def test_large_payloads_are_not_all_taken_into_memory_at_once(store: Store) -> None:
    large = Message("test", bytes(1_000_000), T0)  # deflated it is small
    for _ in range(10):
        store.write_now(lambda tx: tx.backlog.put([large, large], ReceiptClock.TRUSTED))
    batch = store.write_now(lambda tx: tx.backlog.take(1_000))
    assert batch
    assert len(batch.messages) == 4
    huge = [large] * 10
    store.write_now(lambda tx: tx.execute("DELETE FROM backlog"))
    store.write_now(lambda tx: tx.backlog.put(huge, ReceiptClock.TRUSTED))
    batch = store.write_now(lambda tx: tx.backlog.take(1_000))
    assert batch
    assert batch.messages == huge


def test_a_surge_is_acknowledged_before_it_is_judged_and_ends_in_the_same_record(
    tmp_path: Path, store: Store
) -> None:
    session, health, most = FakeSession(), Health(), 0
    session.send(*STORY)

    def all_acknowledged() -> bool:
        nonlocal most
        most = max(most, health.backlog)
        return len(session.acked) == len(STORY)

    intake = intake_of(store, health)
    run(intake, session, all_acknowledged)
    assert session.acked == list(range(1, len(STORY) + 1))
    assert most > 2 * BATCH
    run(intake, session, lambda: health.backlog == 0)
    (tmp_path / "clean").mkdir()
    clean = open_store(tmp_path / "clean", TRAP, CAMERA)
    clean.write_now(lambda tx: absorb(tx, STORY, decode, at(99)))
    assert record_of(store) == record_of(clean)
    clean.close()


class _CrashError(Exception):
    """Ends the gateway at its first commit."""


@pytest.mark.parametrize(("kind", "lost"), [(Intake, 0), (Hasty, BATCH)])
def test_a_crash_in_a_surge_costs_only_an_intake_that_acknowledges_on_arrival(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: type[Intake], lost: int
) -> None:
    async def crash(_: object) -> None:
        raise _CrashError

    monkeypatch.setattr(store, "write", crash)
    session = FakeSession()
    session.send(*STORY)
    intake = kind(store, Judging(decode), Feed(), Health(), IntakeLimits(BATCH))
    intake._kept = Size(0, 0)  # private: as after a check of the store
    with pytest.raises(_CrashError):
        asyncio.run(intake.run(session))
    kept = store.read_now(lambda r: r.influx.head() + r.backlog().messages)
    assert len(session.acked) - kept == lost


def test_a_trap_that_springs_amid_a_surge_does_not_wait_behind_it(store: Store) -> None:
    spring = message(reading("trap-01", Kind.SPRUNG, 95))
    session, health = FakeSession(), Health()
    session.send(*STORY, replace(spring, topic="wildlife/v1/goto/trap-01/event"))
    behind: list[int] = []

    def is_reported() -> bool:
        alerts = store.read_now(lambda r: r.open_alerts())
        behind.append(health.backlog)
        record_of = any(alert.observed_at == at(95) for alert in alerts)
        return record_of and not session.counters.uncommitted

    intake = intake_of(store, health)
    run(intake, session, is_reported)
    assert behind[-1] > 2 * BATCH
    run(intake, session, lambda: waiting(store) == 0)
    assert len(store.read_now(lambda r: r.latest_events(1_000))) == len(STORY) + 1
    assert store.read_now(lambda r: r.states()["trap-01"].trap) is TrapState.SPRUNG


@pytest.mark.parametrize(
    ("topic", "is_urgent"),
    [
        ("wildlife/v1/goto/trap-01/event", True),
        ("zigbee2mqtt/trap-01", True),
        ("wildlife/v1/goto/trap-011/event", False),
        ("wildlife/v1/goto/cam-01/event", False),
    ],
)
def test_a_message_is_urgent_when_its_topic_names_a_trap(topic: str, is_urgent: bool) -> None:
    one = Message(topic, b"", T0)
    assert split_urgent([one], [TRAP, CAMERA]) == (([one], []) if is_urgent else ([], [one]))


def test_messages_stored_before_a_crash_are_judged_after_it(store: Store) -> None:
    for start in range(0, len(STORY), BATCH):
        part = STORY[start : start + BATCH]
        store.write_now(lambda tx, part=part: tx.backlog.put(part, ReceiptClock.TRUSTED))  # type: ignore[misc]
    session, health = FakeSession(), Health()
    run(intake_of(store, health), session, lambda: waiting(store) == 0)
    assert len(store.read_now(lambda r: r.latest_events(1_000))) == len(STORY)
    assert session.acked == []


def test_messages_that_arrive_while_others_wait_are_judged_after_them(store: Store) -> None:
    spring = message(reading("trap-01", Kind.SPRUNG, 5))
    store.write_now(lambda tx: tx.backlog.put(STORY[:BATCH], ReceiptClock.TRUSTED))
    session = FakeSession()
    session.send(spring)
    run(intake_of(store), session, lambda: waiting(store) == 0 and session.acked == [1])
    events = store.read_now(lambda r: [event for _, event in r.events_after(0, 100)])
    assert events[-1].kind is Kind.SPRUNG


def test_a_damaged_row_costs_its_own_messages_only(store: Store) -> None:
    for part in (STORY[:BATCH], STORY[BATCH : 2 * BATCH]):
        store.write_now(lambda tx, part=part: tx.backlog.put(part, ReceiptClock.TRUSTED))  # type: ignore[misc]
    store.write_now(lambda tx: tx.execute("UPDATE backlog SET body = x'00' WHERE no = 1"))
    run(intake_of(store), FakeSession(), lambda: waiting(store) == 0)
    assert len(store.read_now(lambda r: r.latest_events(100))) == BATCH


def test_at_the_reserve_what_was_acknowledged_is_judged_and_nothing_more_is_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "RETRY_S", 0.05)
    monkeypatch.setattr(intake_module, "PATIENCE_S", 60)
    store.write_now(lambda tx: tx.backlog.put(STORY[:BATCH], ReceiptClock.TRUSTED))
    session, health = FakeSession(), Health()
    session.send(STORY[-1])
    run(intake_of(store, health, reserve_mb=1 << 40), session, lambda: waiting(store) == 0)
    assert session.acked == []
    assert len(store.read_now(lambda r: r.latest_events(100))) == BATCH


def test_no_device_counts_as_silent_while_its_messages_wait_in_the_backlog() -> None:
    health, session = Health(), FakeSession()
    faults = GatewayFaults(Config(), health, session, lambda: T0)
    assert faults.listening() == T0
    health.behind(5)
    assert faults.listening() is None
    assert "shishigaki_backlog 5.0" in health.metrics(None, {}).decode()
    health.behind(0)
    assert faults.listening() == T0


def blind(n: int) -> Message:
    """Of a device that does not know the time either."""
    one = reading("cam-01", Kind.DETECTION, n)
    return message(type(one)(id=one.id, device=one.device, kind=one.kind), received=n)


def judged(store: Store) -> list[Event]:
    run(intake_of(store), FakeSession(), lambda: waiting(store) == 0)
    return store.read_now(lambda r: [event for _, event in r.events_after(0, 100)])


def test_what_was_kept_without_a_clock_is_dated_right_once_the_time_is_known(store: Store) -> None:
    era = store.write_now(lambda tx: redate.remember(tx, UntrustedPeriod(T0, 0.0)))
    store.write_now(lambda tx: tx.backlog.put([blind(3)], ReceiptClock.UNTRUSTED))
    store.write_now(lambda tx: redate.redate(tx, era, timedelta(hours=5)))
    [event] = judged(store)
    assert event.received_at == event.observed_at == at(3) + timedelta(hours=5)
    assert event.time_quality is TimeQuality.RECEIVED


def test_what_was_kept_without_a_clock_in_an_earlier_boot_stays_unknown(store: Store) -> None:
    store.write_now(lambda tx: tx.backlog.put([blind(3)], ReceiptClock.UNTRUSTED))
    era = store.write_now(lambda tx: redate.remember(tx, UntrustedPeriod(T0, 0.0)))
    store.write_now(lambda tx: redate.redate(tx, era, timedelta(hours=5)))
    [event] = judged(store)
    assert (event.observed_at, event.time_quality) == (at(3), TimeQuality.UNTRUSTED)


def test_the_time_given_never_goes_before_what_is_kept(store: Store) -> None:
    store.write_now(lambda tx: tx.backlog.put([blind(3)], ReceiptClock.TRUSTED))
    assert store.read_now(lambda r: r.newest_receipt()) == at(3)
