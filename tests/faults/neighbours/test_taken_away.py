"""The database's files are taken away: what was committed is written again, or nothing is kept."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec
import pytest

from gateway.domain.model import Kind
from gateway.ingest.messages import intake
from gateway.ingest.messages.batch import absorb
from gateway.store import DiskError, Store
from gateway.store.file.file_watch import FileWatch
from gateway.store.file.live_file import LiveFile
from gateway.store.recovery import backup, database_file, rescue, schema_copy
from tests.faults.disk.test_disk import SPRING, Rig, until
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, reading
from tests.support.tables import writing_connection

MB = 1_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The gateway's store, with three events in its log."""
    folder = tmp_path / "state"
    folder.mkdir()
    store = Store(folder / "test.db", TOKYO, alone=True)
    store.write_now(lambda tx: tx.put_devices([TRAP, CAMERA]))
    for number in range(3):
        add(store, number)
    yield store
    store.close()


def add(store: Store, number: int, now: datetime | None = None) -> None:
    one = message(reading(CAMERA.id, Kind.DETECTION, number, species="boar"))
    if now:
        one = msgspec.structs.replace(one, received_at=now)
    store.write_now(lambda tx: absorb(tx, [one], decode, now or at(number)))


def kept(path: Path) -> int:
    """What another process finds under the database's name, as the next start would.

    Not this process: its second copy of SQLite would drop the locks of the first.
    """
    script = (
        "import sqlite3, sys; c = sqlite3.connect(f'file:{sys.argv[1]}?mode=rw', uri=True); "
        "assert c.execute('PRAGMA integrity_check').fetchone() == ('ok',); "
        "print(c.execute('SELECT count(*) FROM event').fetchone()[0]); c.close()"
    )
    return int(subprocess.check_output([sys.executable, "-c", script, path]))


def other_database(path: Path) -> Path:
    """Another database of ours, with a device and no events."""
    other = path.with_name("other.db")
    with closing(Store(other, TOKYO)) as store:
        store.write_now(lambda tx: tx.put_devices([TRAP]))
    return other


def delete(*ends: str) -> Callable[[Path], None]:
    def way(path: Path) -> None:
        for end in ends:
            Path(f"{path}{end}").unlink()

    return way


def replace_wal(path: Path) -> None:
    wal = Path(f"{path}-wal")
    wal.unlink()
    wal.write_bytes(b"\x37\x7f\x06\x82" + bytes(10_000))


def copy_another(path: Path) -> None:
    path.unlink()
    shutil.copy(other_database(path), path)


def put_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


WAYS: dict[str, Callable[[Path], object]] = {
    "rm database": delete(""),
    "rm -wal": delete("-wal"),
    "rm -shm": delete("-shm"),
    "rm all three": delete("", "-wal", "-shm"),
    "mv away": lambda path: path.rename(path.with_name("away.db")),
    "mv another over it": lambda path: other_database(path).rename(path),
    "rm, and cp of another": copy_another,
    "another -wal": replace_wal,
    "rm -r of the folder": lambda path: shutil.rmtree(path.parent),
    "a folder of its name": put_a_folder,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_reported_commit_is_in_the_file_under_the_databases_name(store: Store, way: str) -> None:
    WAYS[way](store.path)
    add(store, 3)
    assert kept(store.path) == 4
    assert store.read_now(lambda r: len(r.latest_events())) == 4
    add(store, 4)
    assert kept(store.path) == 5
    assert store.file_report
    assert store.file_fault == ""


@pytest.mark.parametrize("way", WAYS)
def test_without_any_message_the_watch_sees_it_and_people_are_notified(
    store: Store, way: str
) -> None:
    watch = FileWatch(store, lambda: datetime.now(UTC))
    assert watch.faults() == {}
    WAYS[way](store.path)
    asyncio.run(watch.check())
    assert kept(store.path) == 3
    assert list(watch.faults()) == ["file"]


@pytest.mark.parametrize("way", WAYS)
def test_an_orderly_end_writes_what_was_committed(store: Store, way: str) -> None:
    WAYS[way](store.path)
    store.close()
    assert kept(store.path) == 3


@pytest.mark.parametrize("first", ["read", "write"])
def test_a_log_that_is_deleted_while_the_gateway_starts_is_noticed(
    store: Store, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    store.close()
    monkeypatch.setattr(schema_copy, "keep", lambda _, path: delete("-wal")(path))
    with closing(Store(store.path, TOKYO, alone=True)) as again:
        if first == "read":
            assert len(again.read_now(lambda r: r.latest_events())) == 3
        add(again, 3)
        assert kept(store.path) == 4
        assert again.file_report


def test_control_without_checking_the_files_all_events_are_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveFile, "fault", lambda _: "")
    delete("", "-wal", "-shm")(store.path)
    add(store, 3)
    assert not store.path.exists()


def test_the_replaced_files_are_moved_aside_and_not_deleted(store: Store) -> None:
    WAYS["mv another over it"](store.path)
    add(store, 3)
    assert store.file_report
    assert kept(Path(store.file_report.folder) / "test.db") == 0


def test_a_log_taken_away_again_and_again_does_not_fill_the_disk(store: Store) -> None:
    for number in range(3, 9):
        delete("-wal")(store.path)
        add(store, number)
    assert kept(store.path) == 9
    size = sum(path.stat().st_size for path in store.path.parent.rglob("*") if path.is_file())
    assert size < 3 * store.path.stat().st_size + MB


def test_while_it_cannot_be_written_again_nothing_is_acknowledged_and_then_all_is_kept(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "RETRY_S", 0.1)
    monkeypatch.setattr(database_file, "RESCUE_INTERVAL_S", 0.1)
    store = Store(small_disk / "test.db", TOKYO, alone=True)
    store.write_now(lambda tx: tx.put_devices([TRAP, CAMERA]))
    rig, watch = Rig(store), FileWatch(store, lambda: datetime.now(UTC))
    filler = small_disk / "filler"

    async def act() -> None:
        rig.session.send(message(reading(CAMERA.id, Kind.DETECTION, 1)))
        await until(lambda: rig.session.acked == [1])
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4_096)):
                pass
        delete("", "-wal")(store.path)
        await watch.check()
        assert list(watch.faults()) == ["file"]
        rig.session.send(SPRING, message(reading(CAMERA.id, Kind.DETECTION, 2)))
        await until(lambda: rig.letters)
        await asyncio.sleep(0.3)  # some attempts
        assert rig.session.acked == [1]
        assert "test.db" in rig.health.disk_error
        filler.unlink()
        await until(lambda: len(rig.session.acked) == 3)

    rig.run(act)
    assert kept(store.path) == 3
    assert store.file_fault == ""
    store.close()


def test_a_read_only_file_is_made_writable_and_while_it_cannot_be_nothing_is_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = FileWatch(store, lambda: datetime.now(UTC))
    store.path.chmod(0o440)
    asyncio.run(watch.check())
    assert store.path.stat().st_mode & 0o777 == 0o640
    with monkeypatch.context() as patch:
        patch.setattr(LiveFile, "let_write", lambda _: None)  # it belongs to somebody else
        store.path.chmod(0o440)
        asyncio.run(watch.check())
        assert "is read-only" in watch.faults()["file"]
        with pytest.raises(DiskError, match="is read-only"):
            add(store, 3)
    store.path.chmod(0o640)
    add(store, 3)
    assert kept(store.path) == 4
    assert watch.faults() == {}


def test_a_second_name_of_the_file_is_a_fault(store: Store) -> None:
    watch = FileWatch(store, lambda: datetime.now(UTC))
    other = store.path.with_name("other.db")
    other.hardlink_to(store.path)
    assert "has 2 names" in watch.faults()["file"]
    other.unlink()
    assert watch.faults() == {}


def test_events_that_disappear_from_the_file_are_detected(store: Store, tmp_path: Path) -> None:
    """An older state is copied over the file in place: same inode, same name."""
    watch = FileWatch(store, lambda: datetime.now(UTC))
    for number in range(3, 60):
        add(store, number, datetime.now(UTC))
    asyncio.run(watch.read())
    assert watch.faults() == {}
    backup.save(store.path, tmp_path / "older.db")
    for number in range(60, 90):
        add(store, number, datetime.now(UTC))
    asyncio.run(watch.read())
    writer = writing_connection(store)
    writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    writer.pragma("shrink_memory")
    subprocess.run(["/bin/cp", tmp_path / "older.db", store.path], check=True)
    asyncio.run(watch.read())
    assert watch.faults()
    add(store, 1_000)
    assert kept(store.path) >= 61


def test_a_command_whose_file_was_replaced_says_so_and_does_not_put_its_own_back(
    store: Store,
) -> None:
    with closing(Store(store.path, TOKYO)) as command:
        delete("", "-wal")(store.path)
        add(store, 3)  # the gateway writes the file anew
        with pytest.raises(DiskError, match="run this command again"):
            add(command, 4)
    assert kept(store.path) == 4


def test_a_rescue_that_was_cut_off_is_finished_at_the_next_start(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    delete("-wal")(store.path)
    with monkeypatch.context() as patch:
        patch.setattr(rescue, "put_in_place", die)
        with pytest.raises(KeyboardInterrupt):
            add(store, 3)
    state = store.path.parent.with_name("after-the-crash")
    shutil.copytree(store.path.parent, state)
    with closing(Store(state / "test.db", TOKYO, alone=True)) as again:
        assert len(again.read_now(lambda r: r.latest_events())) == 4
    assert not (state / "test.db.rescued").exists()
