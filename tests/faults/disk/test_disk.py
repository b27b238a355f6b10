"""A disk that refuses: nothing is acknowledged, people are alerted all the same, it goes on by itself."""

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from gateway.alerts.channels import Notification
from gateway.alerts.channels.table import OpenChannel, open_channel
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.policy import Policy
from gateway.config import check
from gateway.domain.model import Kind
from gateway.export.influx.schema import LAYOUT
from gateway.ingest.messages import intake as intake_module
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.intake import Intake, IntakeLimits
from gateway.ingest.messages.judging import Judging
from gateway.metrics import Health
from gateway.store import DiskError, Store
from gateway.store.feed import Feed
from gateway.store.housekeeping import Housekeeping
from gateway.store.rollups.walk import WalkCursor
from tests.faults.lacking import Hasty
from tests.support.pace import slowness
from tests.support.samples import CAMERA, TRAP, at, decode, message, open_store, reading
from tests.support.session import FakeSession

MANY = 3_000  # more than the journal's file can take without growing
PEOPLE = {"people": [{"name": "tanaka", "channels": ["console:"]}]}


class Rig:
    """Intake and notifier on one store, with a channel that keeps its letters."""

    def __init__(self, store: Store, reserve_mb: int = 0, intake: type[Intake] = Intake) -> None:
        policy = Policy(check(PEOPLE))
        self.session, self.health, self.letters = FakeSession(), Health(), list[Notification]()
        way = OpenChannel("console", open_channel("console:").row, self._send)
        self.notifier = Notifier(
            store, Feed(), policy, {("tanaka", "0"): way}, Links("secret", ""), lambda: at(99)
        )
        self.intake = intake(
            store,
            Judging(decode, policy, lambda: at(99)),
            Feed(),
            self.health,
            IntakeLimits(500, reserve_mb),
            self.notifier.tell,
        )

    async def _send(self, letter: Notification) -> str:
        self.letters.append(letter)
        return "ok"

    def run(self, act: Callable[[], Awaitable[None]]) -> None:
        async def both() -> None:
            task = asyncio.create_task(self.intake.run(self.session))
            try:
                await act()
            finally:
                task.cancel()

        asyncio.run(both())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10 * slowness()):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "RETRY_S", 0.1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path, TRAP, CAMERA)
    yield store
    store.close()


SPRING = message(reading("trap-01", Kind.SPRUNG, 5))


def test_at_the_reserve_nothing_is_acknowledged_and_people_are_notified_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, free = Rig(store, reserve_mb=200), [100_000_000]
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free[0]))

    async def act() -> None:
        rig.session.send(message(reading("trap-01", Kind.SET, 1)), SPRING)
        await until(lambda: rig.letters)
        rig.session.send(SPRING, message(reading("cam-01", Kind.DETECTION, 6)))
        await until(lambda: rig.session.inbox.empty())
        assert rig.session.acked == []
        assert "reserve" in rig.health.disk_error
        assert store.read_now(lambda r: (r.latest_events(), r.open_alerts())) == ([], [])
        free[0] = 300_000_000
        await until(lambda: len(rig.session.acked) == 4)
        assert rig.health.disk_error == ""
        await rig.notifier.deliver_due()

    rig.run(act)
    assert len(store.read_now(lambda r: r.latest_events())) == 3
    assert [notification.title for notification in rig.letters] == ["わなが作動"]
    assert store.read_now(lambda r: r.outbox()) == {"sent": 1}


@pytest.mark.parametrize(("intake", "false"), [(Intake, 0), (Hasty, 3)])
def test_control_an_intake_that_does_not_wait_for_the_disk_acknowledges_falsely(
    store: Store, intake: type[Intake], false: int
) -> None:
    rig = Rig(store, 1 << 40, intake)

    async def act() -> None:
        rig.session.send(*(message(reading("cam-01", Kind.DETECTION, n)) for n in range(3)))
        await until(lambda: rig.health.disk_error)

    rig.run(act)
    assert store.read_now(lambda r: r.latest_events()) == []
    assert len(set(rig.session.acked)) == false


def test_messages_that_arrive_while_the_disk_is_full_are_judged_in_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_now(lambda tx: absorb(tx, [SPRING], decode, at(6)))
    rig = Rig(store, reserve_mb=1 << 40)

    async def act() -> None:
        rig.session.send(message(reading("trap-01", Kind.SET, 10)))
        await until(rig.session.inbox.empty)
        rig.session.send(message(reading("trap-01", Kind.SPRUNG, 20)))
        await until(lambda: rig.letters)

    rig.run(act)
    assert rig.session.acked == []


def test_a_provider_that_fails_meanwhile_is_tried_again(store: Store) -> None:
    rig, failures = Rig(store, reserve_mb=1 << 40), [OSError(), OSError()]
    send = rig._send  # the rig of this file

    async def failing(notification: Notification) -> str:
        if failures:
            raise failures.pop()
        return await send(notification)

    # Private: a running gateway never changes its channels.
    rig.notifier._channels = {
        ("tanaka", "0"): OpenChannel("console", open_channel("console:").row, failing)
    }

    async def act() -> None:
        rig.session.send(SPRING)
        await until(lambda: rig.letters)

    rig.run(act)
    assert failures == []


def test_a_full_disk_holds_alerts_and_recovers(small_disk: Path) -> None:
    store = open_store(small_disk, TRAP, CAMERA)
    filler = small_disk / "filler"
    rig = Rig(store)

    async def act() -> None:
        rig.session.send(message(reading("cam-01", Kind.DETECTION, 1)))
        await until(lambda: rig.session.acked == [1])
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4_096)):
                pass
        rig.session.send(*(message(reading("cam-01", Kind.DETECTION, n)) for n in range(2, MANY)))
        rig.session.send(SPRING)
        await until(lambda: rig.letters)
        committed = len(store.read_now(lambda r: r.latest_events(2 * MANY)))
        kept = store.read_now(lambda r: r.backlog().messages)
        assert len(rig.session.acked) == committed + kept
        assert committed < MANY - 1
        assert rig.health.disk_error
        filler.unlink()
        await until(lambda: len(store.read_now(lambda r: r.latest_events(2 * MANY))) == MANY)
        assert len(rig.session.acked) == MANY

    rig.run(act)
    assert len(store.read_now(lambda r: r.latest_events(2 * MANY))) == MANY
    assert len(rig.letters) == 1
    store.close()


def test_a_full_disk_raises_a_disk_error(small_disk: Path) -> None:
    store = open_store(small_disk, TRAP)
    with pytest.raises(DiskError, match="full"):
        store.write_now(lambda tx: tx.put_setting("much", "x" * 10_000_000))
    store.close()


def purge(store: Store, days: int, *, trusted: bool = True) -> int:
    keeping = Housekeeping(store, days, lambda: at(30 * 1440), lambda: trusted)
    return asyncio.run(keeping.purge())


def test_old_events_are_purged_but_their_sums_stay(store: Store) -> None:
    for day in range(20):
        one = message(reading("cam-01", Kind.DETECTION, day * 1440, species="boar"))
        store.write_now(lambda tx, m=one: absorb(tx, [m], decode, at(99)))  # type: ignore[misc]
    before = store.read_now(lambda r: r.rates(0, 10**6))
    assert purge(store, 0) == 0
    assert purge(store, 20, trusted=False) == 0
    assert purge(store, 20) == 10
    assert purge(store, 20) == 0
    assert len(store.read_now(lambda r: r.latest_events())) == 10
    assert store.read_now(lambda r: r.rates(0, 10**6)) == before


def test_events_that_influxdb_has_not_received_are_not_purged(store: Store) -> None:
    for day in range(4):
        one = message(reading("cam-01", Kind.DETECTION, day * 1440))
        store.write_now(lambda tx, m=one: absorb(tx, [m], decode, at(99)))  # type: ignore[misc]
    store.write_now(lambda tx: tx.influx.follow(WalkCursor(0, 0), LAYOUT))
    assert purge(store, 1) == 0
    store.write_now(lambda tx: tx.influx.put_done([(0, 3)]))
    assert purge(store, 1) == 3
