"""The change to small pages loses nothing: killed at any write, on a full disk, or after its time."""

import contextlib
import shutil
from pathlib import Path

import apsw
import pytest

from gateway.store import Store
from gateway.store import connection as opening
from gateway.store.connection import PAGE_BYTES
from gateway.store.file import page_size
from gateway.store.recovery import schema_copy
from gateway.store.setting_keys import SettingKey
from tests.faults.disk.pages.killing import renew_until
from tests.faults.disk.smalldisk import small_file_system
from tests.faults.disk.story import fill
from tests.support.samples import TOKYO

EVENTS, OLD_BYTES = 400, 4_096


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with pages of 4,096 bytes, and the copy of its schema's pages."""
    path = tmp_path_factory.mktemp("older") / "gateway.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "PAGE_BYTES", OLD_BYTES)
        fill(path, EVENTS)
    assert page_bytes(path) == OLD_BYTES
    return path


def put(older: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for end in ("", ".schema"):
        shutil.copy(older.with_name(older.name + end), folder)
    return folder / older.name


def ask(path: Path, sql: str) -> object:
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        return connection.execute(sql).get


def page_bytes(path: Path) -> object:
    return ask(path, "PRAGMA page_size")


def was_tried(path: Path) -> bool:
    key = SettingKey.PAGE_SIZE_TRIED
    return ask(path, f"SELECT value FROM setting WHERE key = '{key}'") == str(PAGE_BYTES)


def start(path: Path) -> None:
    """The gateway starts: sound, with every event, and with a copy of the schema that fits the file."""
    store = Store(path, TOKYO, alone=True)
    found = store.read_now(lambda reader: reader.influx.head())
    salvaged = store.salvaged
    store.close()
    assert (found, salvaged) == (EVENTS, None)
    assert ask(path, "PRAGMA integrity_check(1)") == "ok"
    assert {len(page) for page in schema_copy.load(path).values()} == {page_bytes(path)}


def run_kills(older: Path, folder: Path, kills: int) -> None:
    """Kill at `kills` steps, evenly from the first to the last; print the figure."""
    steps = renew_until(put(older, folder / "whole"), 0)
    assert steps > kills
    amid = 0
    for number in range(1, kills + 1):
        path = put(older, folder / str(number))
        assert not renew_until(path, 1 + (steps - 1) * number // kills), "it ended by itself"
        is_amid = was_tried(path) and page_bytes(path) == OLD_BYTES
        start(path)
        assert page_bytes(path) == (OLD_BYTES if is_amid else PAGE_BYTES)
        amid += is_amid
        shutil.rmtree(path.parent)
    print(f"\nkilled at {kills} of {steps} steps of the change ({amid} amid it): 0 events lost")
    assert amid > kills / 2


def test_killed_at_a_write_the_file_is_the_old_or_the_new_one_and_the_next_start_does_not_repeat_it(
    older: Path, tmp_path: Path
) -> None:
    run_kills(older, tmp_path, 12)


@pytest.mark.long
def test_killed_at_each_of_many_writes_nothing_is_lost(older: Path, tmp_path: Path) -> None:
    run_kills(older, tmp_path, 300)


def test_a_disk_that_is_full_amid_the_change_keeps_the_old_file(
    older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_size, "FREE_TIMES", 0)
    with small_file_system(tmp_path / "small", 1) as folder:
        path = put(older, folder)
        with (folder / "ballast").open("wb") as ballast:
            ballast.write(bytes(shutil.disk_usage(folder).free - path.stat().st_size // 2))
        assert not page_size.renew(path)
        assert was_tried(path)
        (folder / "ballast").unlink()
        start(path)
        assert page_bytes(path) == OLD_BYTES


def test_what_takes_too_long_is_given_up_and_not_tried_at_the_next_start(
    older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = put(older, tmp_path)
    with monkeypatch.context() as patch, caplog.at_level("INFO"):
        patch.setattr(page_size, "LONGEST_S", -1.0)
        patch.setattr(page_size, "PROGRESS_STEPS", 10)
        assert not page_size.renew(path)
    assert "keeps its page size" in caplog.text
    start(path)
    assert page_bytes(path) == OLD_BYTES


def test_control_without_the_note_it_is_tried_at_each_start(older: Path, tmp_path: Path) -> None:
    path = put(older, tmp_path)
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.execute(
            "INSERT INTO setting VALUES (?, ?)", (SettingKey.PAGE_SIZE_TRIED, str(PAGE_BYTES))
        )
    assert not page_size.renew(path)
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        connection.execute("DELETE FROM setting WHERE key = ?", (SettingKey.PAGE_SIZE_TRIED,))
    assert page_size.renew(path)


def test_a_copy_of_the_schema_with_pages_of_another_size_is_not_used(
    older: Path, tmp_path: Path
) -> None:
    """As a kill leaves them between the change and the new copy; then a name in the schema is damaged."""
    path = put(older, tmp_path)
    assert page_size.renew(path)
    assert not schema_copy.load(path)
    raw = path.read_bytes()
    at = raw.index(b"payload", raw.index(b"CREATE TABLE quarantine"))
    path.write_bytes(raw[:at] + b"q" + raw[at + 1 :])
    store = Store(path, TOKYO)
    found = store.read_now(lambda reader: reader.influx.head())
    store.close()
    assert store.salvaged is not None
    assert found == EVENTS
