"""A board that does not know the time: nothing lost, nothing out of order, dated right afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.clock import Machine, Timekeeper, UntrustedPeriod, is_synchronised, keeps_time
from gateway.domain.model import Kind, Reading, TimeQuality, TrapState
from gateway.domain.timing import FIRST_RELEASE, Trust, trust
from gateway.ingest.messages.batch import absorb
from gateway.store import Reader, Store
from gateway.store.clocks.clock_correction import ClockCorrections
from tests.support.samples import CAMERA, T0, TRAP, decode, open_store, reading
from tests.support.samples import message as message_of
from tests.support.tables import stored_rows

HOUR = timedelta(hours=1)
LOST = datetime(1970, 1, 1, tzinfo=UTC)


class Board:
    """A machine whose clocks a test sets."""

    def __init__(self, *, keeps_time: bool = False, synchronised: bool = False) -> None:
        self.true = T0
        self.error = timedelta()
        self.synchronised = synchronised
        self.machine = Machine(
            wall=lambda: self.true + self.error,
            boot_s=lambda: (self.true - T0).total_seconds(),
            synchronised=lambda: self.synchronised,
            keeps_time=keeps_time,
            boot_id="boot",
        )

    def show(self, wall: datetime) -> None:
        self.error = wall - self.true

    def pass_by(self, time: timedelta) -> None:
        self.true += time


@pytest.mark.parametrize(
    ("wall", "floor", "synchronised", "keeps", "verdict"),
    [
        (T0, T0 - HOUR, True, False, Trust.FULL),
        (T0, T0 - HOUR, False, True, Trust.FULL),
        (T0, T0 - HOUR, False, False, Trust.NONE),
        (LOST, FIRST_RELEASE, False, True, Trust.NONE),
        (LOST, FIRST_RELEASE, True, True, Trust.NONE),
        (T0 - HOUR, T0, True, False, Trust.SLOW),
        (T0 - HOUR, T0, False, True, Trust.SLOW),
        (T0 - 50 * HOUR, T0, True, True, Trust.NONE),
        (T0.replace(year=2036), T0, False, True, Trust.NONE),
        (T0.replace(year=2036), T0, True, True, Trust.FULL),
        (T0.replace(year=2036), FIRST_RELEASE, False, True, Trust.FULL),
    ],
)
def test_a_clock_is_trusted_exactly_where_the_table_says(
    wall: datetime, floor: datetime, synchronised: bool, keeps: bool, verdict: Trust
) -> None:
    assert trust(wall, floor, synchronised=synchronised, keeps_time=keeps) is verdict


def test_a_clock_set_back_is_slowed_down_until_the_time_has_caught_up() -> None:
    board = Board(synchronised=True)
    keeper = Timekeeper(board.machine, T0 - HOUR)
    assert keeper() == T0
    board.show(T0 - HOUR)
    given = []
    for _ in range(40):
        board.pass_by(timedelta(minutes=5))
        given.append(keeper())
    assert given == sorted(set(given))
    assert given[1] - given[0] == timedelta(minutes=2.5)
    assert keeper() == board.true - HOUR
    assert keeper.trusted


def test_a_clock_that_jumps_ten_years_is_not_believed() -> None:
    board = Board(keeps_time=True)
    keeper = Timekeeper(board.machine, T0 - HOUR)
    keeper()
    board.error = timedelta(days=3650)
    board.pass_by(HOUR)
    assert keeper() - T0 == HOUR
    assert not keeper.trusted


def test_an_era_goes_on_after_a_restart_in_the_same_boot() -> None:
    board = Board()
    board.show(LOST)
    first = Timekeeper(board.machine, T0 - 2 * HOUR)
    board.pass_by(HOUR)
    second = Timekeeper(board.machine, T0 - 2 * HOUR, first.untrusted)
    assert second() - first() < timedelta(seconds=1)
    other = msgspec.structs.replace(board.machine, boot_id="another boot")
    assert Timekeeper(other, T0 + HOUR, first.untrusted)() >= T0 + HOUR


def test_the_clocks_of_this_machine_can_be_read() -> None:
    assert is_synchronised() in {True, False}


def test_a_board_without_a_clock_is_known_by_its_device_tree(tmp_path: Path) -> None:
    assert keeps_time(tmp_path)
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_text("Raspberry Pi 4")
    assert not keeps_time(tmp_path)
    (tmp_path / "sys/class/rtc/rtc0").mkdir(parents=True)
    assert keeps_time(tmp_path)


def blind(kind: Kind, seq: int, device: str = "trap-01") -> Reading:
    """A reading of a device that does not know the time either."""
    return Reading(
        id=f"{device}-{seq}",
        device=device,
        kind=kind,
        boot=1,
        seq=seq,
        species="boar" if kind is Kind.DETECTION else None,
    )


def live(store: Store, board: Board, keeper: Timekeeper, *readings: Reading) -> None:
    """The readings arrive 40 minutes apart."""
    for one in readings:
        board.pass_by(timedelta(minutes=40))
        at = keeper()
        take(store, one, at, keeper)


def take(store: Store, one: Reading, at: datetime, keeper: Timekeeper | None = None) -> None:
    """One reading received `at`."""
    message = msgspec.structs.replace(message_of(one), received_at=at)
    trusted = keeper is None or keeper.trusted
    store.write_now(lambda tx: absorb(tx, [message], decode, at, clock_trusted=trusted))


STORY = (
    blind(Kind.SET, 1),
    blind(Kind.HEARTBEAT, 2),
    blind(Kind.SPRUNG, 3),
    blind(Kind.SET, 4),
    blind(Kind.DETECTION, 5, "cam-01"),
    blind(Kind.HEARTBEAT, 6),
    blind(Kind.SPRUNG, 7),
    blind(Kind.DETECTION, 8, "cam-01"),
)


def facts(store: Store) -> object:
    """All that must not depend on what the clock showed."""

    def ask(r: Reader) -> object:
        events = [(e.id, e.kind, e.observed_at, e.received_at) for e in r.latest_events(100)]
        states = {
            d: (s.last_seen, s.head, s.trap, s.trap_head, s.detected) for d, s in r.states().items()
        }
        alerts = [(a.subject, a.observed_at, a.status) for a in r.latest_alerts()]
        hours = stored_rows(r, "SELECT * FROM effort_hour WHERE alive_ms ORDER BY 1, 2")
        seen = stored_rows(r, "SELECT * FROM sighting_hour WHERE records ORDER BY 1, 2, 3")
        return events, states, alerts, hours, seen

    return store.read_now(ask)


@pytest.mark.parametrize("known", [None, T0 - 30 * HOUR])
def test_messages_before_the_time_was_known_end_as_if_the_clock_had_been_right(
    tmp_path: Path, known: datetime | None
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    clean, lost = open_store(tmp_path / "a", TRAP, CAMERA), open_store(tmp_path / "b", TRAP, CAMERA)
    right, wrong = Board(synchronised=True), Board()
    wrong.show(LOST)
    good = Timekeeper(right.machine)
    keeper = Timekeeper(wrong.machine, known or FIRST_RELEASE)
    clock_corrections = ClockCorrections(keeper, lost)
    asyncio.run(clock_corrections.check())
    live(clean, right, good, *STORY[:6])
    live(lost, wrong, keeper, *STORY[:6])
    dim = lost.read_now(lambda r: r.latest_events())
    assert {e.time_quality for e in dim} == {TimeQuality.UNTRUSTED}
    assert clock_corrections.faults()
    wrong.error, wrong.synchronised = timedelta(), True
    asyncio.run(clock_corrections.check())
    assert keeper.trusted
    assert clock_corrections.faults() == {}
    live(clean, right, good, *STORY[6:])
    live(lost, wrong, keeper, *STORY[6:])
    assert facts(lost) == facts(clean)
    assert [e.time_quality for e in reversed(lost.read_now(lambda r: r.latest_events()))] == [
        *[TimeQuality.DERIVED] * 6,
        *[TimeQuality.RECEIVED] * 2,
    ]
    clean.close()
    lost.close()


def test_a_spring_after_a_clock_went_back_still_counts(tmp_path: Path) -> None:
    store = open_store(tmp_path, TRAP)
    board = Board(synchronised=True)
    keeper = Timekeeper(board.machine)
    live(store, board, keeper, blind(Kind.SET, 1))
    board.error = -HOUR
    live(store, board, keeper, blind(Kind.SPRUNG, 2))
    state = store.read_now(lambda r: r.states()["trap-01"])
    assert state.trap is TrapState.SPRUNG
    assert len(store.read_now(lambda r: r.open_alerts())) == 1
    store.close()


def test_control_without_the_timekeeper_that_spring_is_lost(tmp_path: Path) -> None:
    store = open_store(tmp_path, TRAP)
    for seq, kind, at in ((1, Kind.SET, T0), (2, Kind.SPRUNG, T0 - HOUR)):
        unsure = msgspec.structs.replace(blind(kind, seq), boot=None)  # else its numbers would help
        take(store, unsure, at)
    assert store.read_now(lambda r: r.open_alerts()) == []
    store.close()


def test_times_that_devices_vouch_for_stay(tmp_path: Path) -> None:
    store = open_store(tmp_path, TRAP, CAMERA)
    board = Board()
    board.show(LOST)
    keeper = Timekeeper(board.machine)
    clock_corrections = ClockCorrections(keeper, store)
    asyncio.run(clock_corrections.check())
    live(store, board, keeper, reading("cam-01", Kind.DETECTION, 7, species="deer"))
    board.error, board.synchronised = timedelta(), True
    asyncio.run(clock_corrections.check())
    [event] = store.read_now(lambda r: r.latest_events())
    assert (event.observed_at, event.time_quality) == (
        T0 + timedelta(minutes=7),
        TimeQuality.SYNCED,
    )
    assert event.received_at == T0 + timedelta(minutes=40)
    store.close()


def test_a_message_received_before_and_read_after_the_correction_is_dated_right() -> None:
    board = Board()
    board.show(LOST)
    keeper = Timekeeper(board.machine)
    received = keeper()
    board.pass_by(timedelta(seconds=1))
    keeper()
    board.error, board.synchronised = timedelta(), True
    keeper.end_untrusted(keeper.error())
    assert abs(keeper.true_time(received) - T0) < timedelta(seconds=1)
    assert keeper.true_time(T0 + HOUR) == T0 + HOUR


def test_an_era_survives_as_json() -> None:
    period = UntrustedPeriod(T0, 12.5, "boot", 1, 2, 3)
    assert msgspec.json.decode(msgspec.json.encode(period), type=UntrustedPeriod) == period
