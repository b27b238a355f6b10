"""Several followers each have what is due to them; nobody following costs nothing."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from gateway.domain.model import ActionKind, Alert, AlertLevel, Kind, TrapAction
from gateway.ingest.messages.batch import absorb
from gateway.store import Store, Transaction
from gateway.store.file import wal
from gateway.store.followers.follower import DueRecord, Follower, RecordKind
from gateway.store.followers.table import mark_events_after
from gateway.store.recovery import backup
from gateway.store.recovery.restore import put_back
from gateway.store.recovery.salvage import salvage
from gateway.store.rollups.walk import WalkCursor
from gateway.store.schema import MIGRATIONS
from gateway.store.setting_keys import SettingKey
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, open_store, reading

LAYOUT = 1
BEGIN = WalkCursor(0, 0)
TRIGGERS = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
ALERT = Alert(
    id="a1",
    rule="trap_sprung",
    subject=TRAP.id,
    level=AlertLevel.CAPTURE,
    observed_at=at(0),
    opened_at=at(0),
)
ACTION = TrapAction(
    id="act-1", device=TRAP.id, deed=ActionKind.VISITED, at=at(1), by="ana", recorded_at=at(1)
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with contextlib.closing(open_store(tmp_path, TRAP, CAMERA)) as opened:
        yield opened


def receive(store: Store, minutes: int) -> None:
    one = message(reading(CAMERA.id, Kind.DETECTION, minutes, species="boar"))
    store.write_now(lambda tx: absorb(tx, [one], decode, at(minutes)))


def follow(store: Store, *followers: Follower) -> None:
    def begin(tx: Transaction) -> None:
        if Follower.INFLUX in followers:
            tx.influx.follow(BEGIN, LAYOUT)
        if Follower.REGION in followers:
            tx.region.begin(BEGIN, LAYOUT)

    store.write_now(begin)


def records(store: Store, kind: RecordKind) -> list[DueRecord]:
    return store.read_now(lambda r: r.region.due_records(kind, 100))


def test_what_one_follower_has_stays_due_to_the_other(store: Store) -> None:
    follow(store, Follower.INFLUX, Follower.REGION)
    for minutes in (0, 60, 120):
        receive(store, minutes)
    due = store.read_now(lambda r: r.influx.due_hours(1 << 40, 100))
    assert due == store.read_now(lambda r: r.region.due_hours(1 << 40, 100)) != []
    store.write_now(lambda tx: tx.influx.settle_hours(due))
    assert store.read_now(lambda r: (r.influx.waiting(), r.region.waiting())) == (0, len(due))


def test_a_corrected_event_is_due_to_each_follower(store: Store) -> None:
    follow(store, Follower.INFLUX, Follower.REGION)
    receive(store, 0)
    [event] = store.read_now(lambda r: r.latest_events())
    store.write_now(lambda tx: tx.journal.revise(replace(event, species="deer"), "word"))
    due = store.read_now(lambda r: r.region.due_events(10))
    assert [one.row[10] for one in due] == ["deer"]
    store.write_now(lambda tx: tx.region.settle_events(due))
    assert store.read_now(lambda r: (len(r.influx.due_events(9)), r.region.due_events(9))) == (
        1,
        [],
    )


def test_what_changes_while_it_is_sent_stays_due(store: Store) -> None:
    follow(store, Follower.REGION)
    receive(store, 0)
    store.write_now(lambda tx: mark_events_after(tx.execute, 0))
    store.write_now(lambda tx: tx.put_device(replace(CAMERA, name="a")))
    events = store.read_now(lambda r: r.region.due_events(10))
    devices = records(store, RecordKind.DEVICE)
    store.write_now(lambda tx: mark_events_after(tx.execute, 0))
    store.write_now(lambda tx: tx.put_device(replace(CAMERA, name="b")))
    store.write_now(lambda tx: tx.region.settle_events(events))
    store.write_now(lambda tx: tx.region.settle_records(devices))
    again = store.read_now(lambda r: r.region.due_events(10))
    assert [one.row for one in again] == [one.row for one in events]
    assert [one.no for one in records(store, RecordKind.DEVICE)] == [one.no for one in devices]
    store.write_now(lambda tx: tx.region.settle_events(again))
    assert store.read_now(lambda r: r.region.waiting()) > 0  # the hours
    assert store.read_now(lambda r: r.region.due_events(10)) == []


def test_whole_records_are_due_to_the_region_only(store: Store) -> None:
    follow(store, Follower.INFLUX, Follower.REGION)
    store.write_now(lambda tx: tx.put_device(TRAP))  # nothing changed
    assert records(store, RecordKind.DEVICE) == []
    store.write_now(lambda tx: tx.put_device(replace(TRAP, name="new")))
    store.write_now(lambda tx: tx.acts.add(ACTION))
    store.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
    store.write_now(lambda tx: tx.alerts.put(replace(ALERT, causes=2)))
    assert [len(records(store, kind)) for kind in RecordKind] == [1, 1, 1]
    assert [one.change for one in records(store, RecordKind.ALERT)] == [2]
    [(others,)] = store.write_now(
        lambda tx: tx.execute("SELECT count(*) FROM record_due WHERE follower <> 2").fetchall()
    )
    assert others == 0


def test_records_from_before_are_marked_in_steps_and_once(store: Store) -> None:
    devices = [replace(TRAP, id=f"trap-{n:02}") for n in range(25)]
    store.write_now(lambda tx: tx.put_devices(devices))
    store.write_now(lambda tx: tx.acts.add(ACTION))
    store.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
    follow(store, Follower.REGION)
    steps = 0
    while store.write_now(lambda tx: tx.region.mark_records(10)):
        steps += 1
        follow(store, Follower.REGION)  # a restart begins nothing anew
    found = [records(store, kind) for kind in RecordKind]
    assert [len(rows) for rows in found] == [26, 1, 1]
    assert steps >= 3
    assert {one.change for rows in found for one in rows} == {1}


def change_everything(store: Store) -> None:
    """Every kind of row that a follower may get."""
    for minutes in range(0, 600, 30):
        receive(store, minutes)
    [event, *_] = store.read_now(lambda r: r.latest_events())
    store.write_now(lambda tx: tx.journal.revise(replace(event, species="deer"), "word"))
    store.write_now(lambda tx: tx.put_device(replace(TRAP, name="new")))
    store.write_now(lambda tx: tx.acts.add(ACTION))
    store.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))


def drop_triggers(store: Store) -> None:
    def drop(tx: Transaction) -> None:
        for (name,) in tx.execute(TRIGGERS).fetchall():
            tx.execute(f"DROP TRIGGER {name}")

    store.write_now(drop)


def change_nothing(_: Store) -> None:
    """The triggers are there, and nobody follows."""


def follow_as_region(store: Store) -> None:
    follow(store, Follower.REGION)


def bytes_of(store: Store) -> int:
    """What the same work writes to the -wal, which is empty before."""
    with contextlib.closing(apsw.Connection(str(store.path))) as other:
        other.execute("SELECT count(*) FROM setting").fetchall()  # else the -wal is not open
        other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert wal.size(store.path) == 0
    change_everything(store)
    return wal.size(store.path)


def test_without_a_follower_not_one_byte_more_is_written(tmp_path: Path) -> None:
    """Control: with one it is more."""
    sizes = []
    for number, prepare in enumerate((drop_triggers, change_nothing, follow_as_region)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with contextlib.closing(open_store(folder, TRAP, CAMERA)) as store:
            prepare(store)
            sizes.append(bytes_of(store))
    without, nobody, region = sizes
    assert nobody <= without < region


def test_who_stops_following_leaves_nothing_behind(store: Store) -> None:
    follow(store, Follower.INFLUX, Follower.REGION)
    change_everything(store)
    store.write_now(lambda tx: tx.region.unfollow())
    for table in ("hour_due", "event_due", "record_due"):
        sql = f"SELECT count(*) FROM {table} WHERE follower = 2"
        assert store.write_now(lambda tx, q=sql: tx.execute(q).fetchall()) == [(0,)]  # type: ignore[misc]
    assert store.read_now(lambda r: (r.influx.waiting() > 0, r.region.follows())) == (True, False)


def journal(path: Path) -> str | None:
    with contextlib.closing(Store(path, TOKYO)) as opened:
        return opened.read_now(lambda r: r.region.get(SettingKey.JOURNAL))


def test_the_journal_has_another_name_after_a_restore_and_after_a_salvage(
    store: Store, tmp_path: Path
) -> None:
    receive(store, 0)
    follow(store, Follower.REGION)
    store.write_now(lambda tx: tx.region.put_done([(0, 1)]))
    backup.save(store.path, tmp_path / "copy.db")
    store.close()
    names = [journal(store.path)]
    put_back(tmp_path / "copy.db", store.path, at(0), force=True)
    names.append(journal(store.path))
    salvage(store.path, "a test", at(0), lambda: None)
    names.append(journal(store.path))
    assert None not in names
    assert len(set(names)) == 3


def test_after_another_name_the_region_gets_everything_again(store: Store) -> None:
    follow(store, Follower.REGION)
    while store.write_now(lambda tx: tx.region.mark_records(10)):
        pass
    store.write_now(lambda tx: tx.region.put_done([(0, 1)]))
    store.write_now(lambda tx: tx.region.settle_records(records_of_all(store)))
    follow(store, Follower.REGION)  # a restart: nothing is sent again
    assert store.read_now(lambda r: r.region.upto()) == 1
    store.write_now(lambda tx: tx.region.renew_journal())
    follow(store, Follower.REGION)
    assert store.read_now(lambda r: r.region.upto()) == 0
    assert store.write_now(lambda tx: tx.region.mark_records(10))


def records_of_all(store: Store) -> list[DueRecord]:
    return [one for kind in RecordKind for one in records(store, kind)]


def test_a_database_that_nobody_follows_has_no_name_for_its_journal(store: Store) -> None:
    receive(store, 0)
    store.write_now(lambda tx: tx.region.renew_journal())
    assert store.read_now(lambda r: r.region.get(SettingKey.JOURNAL)) is None


def open_session(tx: Transaction, known: int) -> int:
    return tx.region.open_session(known, [])


def test_each_start_has_a_higher_session_than_any_that_the_region_knows(store: Store) -> None:
    opened = [store.write_now(partial(open_session, known=known)) for known in (0, 0, 9, 0)]
    assert opened == [1, 2, 10, 11]


def test_springs_are_found_the_newest_first(store: Store) -> None:
    for minutes in (0, 5, 10):
        one = message(reading(TRAP.id, Kind.SPRUNG if minutes else Kind.SET, minutes))
        store.write_now(lambda tx, m=one: absorb(tx, [m], decode, at(20)))  # type: ignore[misc]
    assert [row[0] for row in store.read_now(lambda r: r.region.springs(0, 10))] == [3, 2]
    assert store.read_now(lambda r: r.region.springs(3, 10)) == []


def test_what_was_due_to_influxdb_before_there_were_others_is_due_still(tmp_path: Path) -> None:
    before = next(no for no, script in enumerate(MIGRATIONS) if "CREATE TABLE follower" in script)
    path = tmp_path / "old.db"
    with contextlib.closing(apsw.Connection(str(path))) as old:
        for script in MIGRATIONS[:before]:
            old.execute(script)
        old.pragma("user_version", before)
        old.execute("INSERT INTO setting VALUES ('influx.follow', '1'), ('influx.done', '[[0,7]]')")
        old.execute("INSERT INTO hour_due VALUES (490000, 1, 3)")
        old.execute("INSERT INTO event_due VALUES (8, '-'), (9, '1000')")
    with contextlib.closing(Store(path, TOKYO)) as store:
        assert store.read_now(lambda r: (r.influx.waiting(), r.region.waiting())) == (3, 0)
        assert store.write_now(lambda tx: tx.influx.sent_up_to()) == 0  # the journal is empty
        store.write_now(lambda tx: tx.put_devices([TRAP, CAMERA]))
        receive(store, 0)
        assert store.read_now(lambda r: r.influx.waiting()) > 3
        assert store.read_now(lambda r: r.region.waiting()) == 0
