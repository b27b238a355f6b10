"""After `restore` the database is the copy, row for row, whatever lay beside it before."""

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from gateway.domain.model import Kind
from gateway.store import Store
from gateway.store.connection import StoreError
from gateway.store.recovery import backup
from gateway.store.recovery.restore import put_back
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.backlog import ReceiptClock
from gateway.store.trial import data as trial
from tests.gateway.store.recovery.test_backup import add, events
from tests.support.samples import CAMERA, TOKYO, TRAP, message, open_store, reading

NOW = datetime(2026, 11, 23, 3, 17, tzinfo=UTC)
Rows = dict[str, list[tuple[object, ...]]]


def rows(path: Path) -> Rows:
    """Everything in a database and whether it is sound, as another SQLite than ours reads it."""
    with closing(sqlite3.connect(path)) as connection:
        schema = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        found = {"": connection.execute("PRAGMA integrity_check").fetchall()}
        for (name,) in schema:
            found[name] = sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)
    return found


class Scene:
    """A copy of 30 events, and what a killed gateway with 90 left: a database with a full -wal."""

    def __init__(self, folder: Path) -> None:
        self.database, self.copy = folder / "test.db", folder / "copies" / "copy.db"
        self.copy.parent.mkdir()
        store = open_store(folder, TRAP, CAMERA)
        for minute in range(30):
            add(store, minute)
        backup.save(store.path, self.copy)
        for minute in range(30, 90):
            add(store, minute)
        self.left = {}
        for end in ("", "-wal", "-shm"):
            self.left[end] = Path(f"{store.path}{end}").read_bytes()
        store.close()
        for path in folder.glob("test.db*"):
            path.unlink()
        self.wanted = rows(self.copy)

    def leave(self, files: Mapping[str, "Made"]) -> None:
        """What lies under the database's name with these ends."""
        for end, made in files.items():
            Path(f"{self.database}{end}").write_bytes(made(self))


def hot_journal(scene: Scene) -> bytes:
    """The rollback journal that a killed program left beside the old database."""
    folder = scene.database.parent / "elsewhere"
    folder.mkdir()
    for end in ("", "-wal"):
        (folder / f"test.db{end}").write_bytes(scene.left[end])
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('PRAGMA journal_mode = DELETE'); c.execute('PRAGMA synchronous = OFF'); "
        "c.execute('BEGIN'); c.execute('UPDATE event SET received_ms = 0'); "
        "c.execute('CREATE TABLE t AS SELECT * FROM event'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(folder / "test.db")], check=False)
    return (folder / "test.db-journal").read_bytes()


def garbage(size: int = 40_000) -> bytes:
    return random.Random(3).randbytes(size)


Made = Callable[[Scene], bytes]


def old(end: str, share: float = 1.0) -> Made:
    """The first part of a file that the killed gateway left."""
    return lambda scene: scene.left[end][: int(share * len(scene.left[end]))]


def bytes_of(data: bytes) -> Made:
    return lambda _: data


LEFT: dict[str, dict[str, Made]] = {
    "nothing": {},
    "the old -wal": {"-wal": old("-wal")},
    "the old -wal and -shm": {"-wal": old("-wal"), "-shm": old("-shm")},
    "only the old -shm": {"-shm": old("-shm")},
    "an empty -wal": {"-wal": bytes_of(b"")},
    "half the old -wal": {"-wal": old("-wal", 0.5)},
    "a -wal of garbage": {"-wal": bytes_of(garbage())},
    "a -shm of garbage": {"-wal": old("-wal"), "-shm": bytes_of(garbage(32_768))},
    "a hot journal": {"-journal": hot_journal},
    "a journal of garbage": {"-journal": bytes_of(garbage())},
    "a journal and a -wal": {"-journal": hot_journal, "-wal": old("-wal")},
    "the old database": {"": old("")},
    "the old database and its -wal": {"": old(""), "-wal": old("-wal")},
    "the old database, -wal and -shm": {"": old(""), "-wal": old("-wal"), "-shm": old("-shm")},
    "an empty database and the -wal": {"": bytes_of(b""), "-wal": old("-wal")},
    "a broken database and the -wal": {"": bytes_of(garbage()), "-wal": old("-wal")},
    "the copy and the old -wal": {"": lambda s: s.copy.read_bytes(), "-wal": old("-wal")},
    "a salvage that was cut off": {".salvaged": old("")},
    "a rescue that was cut off": {".rescued": old(""), "-wal": old("-wal")},
    "a restore that was cut off": {
        ".part": bytes_of(garbage()),
        ".part-journal": bytes_of(garbage()),
    },
}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.parametrize("left", LEFT)
def test_a_restored_database_is_the_copy_row_for_row(scene: Scene, left: str) -> None:
    scene.leave(LEFT[left])
    put_back(scene.copy, scene.database, NOW, force=True)
    with closing(Store(scene.database, TOKYO)) as store:  # as the gateway starts
        assert store.salvaged is None
    assert rows(scene.database) == scene.wanted


@pytest.mark.parametrize("left", ["the old -wal", "a hot journal"])
def test_control_a_copy_put_beside_what_was_left_is_not_the_copy(scene: Scene, left: str) -> None:
    scene.leave(LEFT[left])
    shutil.copy(scene.copy, scene.database)
    try:
        assert rows(scene.database) != scene.wanted
    except sqlite3.DatabaseError:
        return  # not even a database


def test_files_left_of_a_database_are_moved_aside_and_not_deleted(scene: Scene) -> None:
    for end in ("", "-wal", "-journal"):
        scene.leave({end: bytes_of(garbage() + end.encode())})
    aside = put_back(scene.copy, scene.database, NOW, force=True)
    assert aside
    again = put_back(scene.copy, scene.database, NOW, force=True)  # in the same second
    assert again
    assert again != aside
    for end in ("", "-wal", "-journal"):
        assert Path(f"{aside}{end}").read_bytes() == garbage() + end.encode()
    assert rows(again) == scene.wanted


def test_a_database_behind_a_symbolic_link_is_restored_at_the_links_target(
    scene: Scene, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    scene.database.symlink_to(disk / "real.db")
    (disk / "real.db-wal").write_bytes(scene.left["-wal"])
    assert put_back(scene.copy, scene.database, NOW) == disk / "real.db.before-20261123T031700Z"
    assert scene.database.is_symlink()
    assert rows(disk / "real.db") == scene.wanted


def test_a_restore_that_fails_changes_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for end in ("", "-wal", "-shm"):
        scene.leave({end: old(end)})
    before = {path.name: path.read_bytes() for path in scene.database.parent.glob("test.db*")}

    def full(*_: object) -> None:
        raise apsw.FullError("no room")

    monkeypatch.setattr(backup, "sync", full)
    with pytest.raises(StoreError, match="the disk is full"):
        put_back(scene.copy, scene.database, NOW, force=True)
    assert events(scene.database) == 90
    after = {path.name for path in scene.database.parent.glob("test.db*")}
    assert {*before} - {"test.db-wal", "test.db-shm"} <= after  # SQLite may have moved its log in


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from gateway.store.recovery.restore import put_back
from gateway.store.setting_keys import SettingKey
from gateway.store.tables.backlog import ReceiptClock
from gateway.store.trial import data as trial
left = [int(sys.argv[3])]
def dying(move):
    def step(*arguments):
        left[0] -= 1
        return move(*arguments) if left[0] else os._exit(9)
    return step
Path.rename, Path.replace = dying(Path.rename), dying(Path.replace)
put_back(Path(sys.argv[1]), Path(sys.argv[2]), datetime.now(UTC), force=True)
"""


def test_a_restore_killed_at_any_step_leaves_the_copy_or_what_was_there(
    scene: Scene, tmp_path: Path
) -> None:
    found = []
    for step in range(1, 40):
        database = tmp_path / str(step) / "test.db"
        database.parent.mkdir()
        for end in ("", "-wal", "-shm"):
            Path(f"{database}{end}").write_bytes(scene.left[end])
        run = [sys.executable, "-c", KILLED, str(scene.copy), str(database), str(step)]
        ended = subprocess.run(run, check=False).returncode
        with closing(Store(database, TOKYO, alone=True)) as store:
            found.append(len(store.read_now(lambda r: r.latest_events(1_000))))
        if not ended:
            break
    assert len(found) > 5
    assert set(found) == {30, 90}
    assert found == sorted(found, reverse=True)


def test_a_running_gateway_whose_file_was_deleted_still_forbids_a_restore(scene: Scene) -> None:
    with closing(Store(scene.database, TOKYO, alone=True)):
        scene.database.rename(scene.database.with_name("gone"))
        with pytest.raises(StoreError, match="in use by another gateway"):
            put_back(scene.copy, scene.database, NOW)
        assert not scene.database.exists()


@pytest.mark.parametrize("name", ["test.db", "test.db.restoring"])
def test_a_copy_that_the_restore_would_overwrite_is_refused(scene: Scene, name: str) -> None:
    copy = scene.database.with_name(name)
    shutil.copy(scene.copy, copy)
    with pytest.raises(StoreError, match="give the copy another name"):
        put_back(copy, scene.database, NOW, force=True)
    assert rows(copy) == scene.wanted


def test_a_backup_never_replaces_the_database_nor_joins_a_log_that_is_not_its_own(
    scene: Scene, tmp_path: Path
) -> None:
    scene.leave({"": old("")})
    with pytest.raises(StoreError, match="give the copy another name"):
        backup.save(scene.database, tmp_path / "copies" / ".." / "test.db", force=True)
    (tmp_path / "copies" / "new.db-wal").write_bytes(scene.left["-wal"])
    with pytest.raises(StoreError, match="would play it into the copy"):
        backup.save(scene.database, tmp_path / "copies" / "new.db")


def test_a_log_without_its_database_is_kept_and_reported(scene: Scene) -> None:
    """Started instead of restored: SQLite would delete the log, or play it into a new database."""
    scene.leave({"-wal": old("-wal")})
    with closing(Store(scene.database, TOKYO)) as store:
        report = store.file_report
        assert store.read_now(lambda r: r.latest_events()) == []
    assert report
    assert (Path(report.folder) / "test.db-wal").read_bytes() == scene.left["-wal"]
    assert "there was no database" in report.fault


def test_a_copy_that_was_made_in_a_trial_is_restored_without_it(
    scene: Scene, tmp_path: Path
) -> None:
    """The mark would keep every message a second time, for ever."""
    trial.mark(scene.copy, "upgrade-1")
    with closing(Store(scene.copy, TOKYO)) as store:
        heard = [message(reading(CAMERA.id, Kind.DETECTION, 31))]
        store.write_now(lambda tx: tx.trial.keep(heard, ReceiptClock.TRUSTED))
    assert rows(scene.copy)["trial_message"], "control: in the copy it goes on"
    put_back(scene.copy, scene.database, NOW)
    found = rows(scene.database)
    assert found["trial_message"] == []
    assert SettingKey.TRIAL not in [key for key, *_ in found["setting"]]
    assert found["event"] == rows(scene.copy)["event"]
