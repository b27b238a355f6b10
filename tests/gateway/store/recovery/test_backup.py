"""gateway.store.recovery.backup and its commands: a copy is whole and sound, or there is none."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli.service import backup as commands
from gateway.domain.model import Kind
from gateway.ingest.messages.batch import absorb
from gateway.store import Reader, Store
from gateway.store.connection import StoreError
from gateway.store.recovery import backup
from gateway.store.recovery.restore import put_back
from gateway.store.schema import MIGRATIONS
from tests.faults.disk.smalldisk import small_file_system
from tests.support.samples import CAMERA, TRAP, at, decode, message, open_store, reading

NOW = datetime(2026, 11, 23, 3, 17, tzinfo=UTC)
app = typer.Typer()
commands.register(app)


def add(store: Store, minutes: int) -> None:
    one = message(reading(CAMERA.id, Kind.DETECTION, minutes, species="boar"))
    store.write_now(lambda tx: absorb(tx, [one], decode, at(minutes)))


def events(path: Path) -> int:
    return len(Reader(path).latest_events(100_000))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three events, the last still in the write-ahead log."""
    with closing(open_store(tmp_path, TRAP, CAMERA)) as store:
        for minute in (0, 60, 120):
            add(store, minute)
        yield store


def test_a_copy_of_a_database_in_use_holds_every_commit_in_one_file(
    store: Store, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    backup.save(store.path, target)
    assert events(target) == 3
    assert {path.name for path in tmp_path.glob("copy*")} == {"copy.db"}
    add(store, 180)  # the gateway goes on
    assert (events(store.path), events(target)) == (4, 3)


def test_a_copy_made_under_load_is_one_consistent_moment(store: Store, tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        for minute in range(200, 700):
            add(store, minute * 60)
            if done.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            target = tmp_path / f"{number}.db"
            backup.save(store.path, target)
            connection = apsw.Connection(str(target))
            [(records,)] = connection.execute("SELECT sum(records) FROM sighting_day")
            assert records == events(target)  # journal and roll-ups of the same transaction
    finally:
        done.set()
        writer.join()


def test_an_existing_file_is_kept_unless_forced(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(StoreError, match="precious: exists; --force"):
        backup.save(store.path, target)
    assert target.read_text() == "mine"
    backup.save(store.path, target, force=True)
    assert events(target) == 3


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be made"):
        backup.save(store.path, tmp_path / "no-folder" / "copy.db")
    broken = tmp_path / "broken.db"
    backup.save(store.path, broken)
    sound = broken.read_bytes()
    broken.write_bytes(sound[:8192] + b"\xff" * 20_000 + sound[28_192:])
    with pytest.raises(StoreError, match=r"broken\.db: not a sound database"):
        backup.save(broken, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_only_the_oldest_copies_beyond_the_number_are_deleted(tmp_path: Path) -> None:
    names = [backup.file_name(NOW.replace(day=day)) for day in (1, 2, 3)]
    for name in [*names, "shishigaki.db", "notes.txt"]:
        (tmp_path / name).touch()
    assert [path.name for path in backup.trim(tmp_path, 2)] == names[:1]
    assert {path.name for path in tmp_path.iterdir()} == {*names[1:], "shishigaki.db", "notes.txt"}


def test_a_restore_puts_the_copy_in_place_and_keeps_the_former_files(
    store: Store, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    backup.save(store.path, copy)
    add(store, 180)
    store.close()
    with pytest.raises(StoreError, match="exists; --force"):
        put_back(copy, store.path, NOW)
    aside = put_back(copy, store.path, NOW, force=True)
    assert aside == tmp_path / "test.db.before-20261123T031700Z"
    assert (events(store.path), events(aside)) == (3, 4)


def test_a_database_in_use_is_not_replaced(store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup.save(store.path, copy)
    with pytest.raises(StoreError, match="in use; stop the gateway first"):
        put_back(copy, store.path, NOW, force=True)
    add(store, 180)
    assert events(store.path) == 4


def test_a_broken_database_can_be_restored_and_its_log_does_not_leak_in(
    store: Store, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    backup.save(store.path, copy)
    store.close()
    store.path.write_bytes(b"\xff" * 8192)
    Path(f"{store.path}-wal").write_bytes(b"\xff" * 4096)
    assert put_back(copy, store.path, NOW, force=True)
    assert events(store.path) == 3


@pytest.mark.parametrize("what", ["text", "foreign", "newer", "missing"])
def test_only_a_sound_copy_of_ours_is_put_back(what: str, store: Store, tmp_path: Path) -> None:
    copy, fresh = tmp_path / "copy.db", tmp_path / "fresh.db"
    if what == "text":
        copy.write_text("not a database, and long enough to look at" * 50)
    elif what == "foreign":
        apsw.Connection(str(copy)).execute("CREATE TABLE t (x)")
    elif what == "newer":
        backup.save(store.path, copy)
        apsw.Connection(str(copy)).pragma("user_version", len(MIGRATIONS) + 1)
    why = {
        "text": "not a sound database",
        "foreign": "not a database of Shishigaki",
        "newer": "newer Shishigaki",
        "missing": "cannot be opened",
    }
    with pytest.raises(StoreError, match=why[what]):
        put_back(copy, fresh, NOW)
    assert not fresh.exists()


def run(monkeypatch: pytest.MonkeyPatch, store: Store, *arguments: object) -> Result:
    monkeypatch.setenv("SHISHIGAKI_STORE__PATH", str(store.path))
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_commands_save_rotate_and_restore(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copies"
    result = run(monkeypatch, store, "backup", folder, "--keep", 3)
    assert (result.exit_code, "integrity ok" in result.stdout) == (0, True)
    [copy] = folder.iterdir()
    add(store, 240)
    store.close()
    assert run(monkeypatch, store, "restore", copy, "--force").exit_code == 0
    assert events(store.path) == 3
    assert run(monkeypatch, store, "backup", copy, "--keep", 3).exit_code == 2
    assert isinstance(run(monkeypatch, store, "backup", copy).exception, StoreError)


def test_a_copy_that_does_not_fit_says_what_it_needs_and_leaves_nothing(
    store: Store, tmp_path: Path
) -> None:
    """SQLite itself says "not an error" here."""
    with small_file_system(tmp_path / "small", size_mb=1) as folder:
        (folder / "filler").write_bytes(bytes(1_010_000))  # the database has some 70,000
        with pytest.raises(
            StoreError, match=r"the disk is full: the copy needs [\d,]+ bytes"
        ) as caught:
            backup.save(store.path, folder / "copy.db")
        assert "not an error" not in str(caught.value)
        assert [one.name for one in folder.iterdir()] == ["filler"]
