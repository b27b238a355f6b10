"""An older database gets small pages at the gateway's start, or stays as it is; nothing in it changes."""

import contextlib
from pathlib import Path

import apsw
import pytest

from gateway.domain.model import Kind
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from gateway.store import connection as opening
from gateway.store.connection import PAGE_BYTES
from gateway.store.file import page_size
from gateway.store.setting_keys import SettingKey
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, open_store, reading


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with pages of 4,096 bytes and some events."""
    with monkeypatch.context() as patch:
        patch.setattr(opening, "PAGE_BYTES", 4_096)
        store = open_store(tmp_path, TRAP, CAMERA)
        beats = [message(reading("trap-01", Kind.HEARTBEAT, n, seq=n)) for n in range(500)]
        store.write_now(lambda tx: absorb(tx, beats, decode, at(600)))
        store.close()
    assert size_of(store.path) == 4_096
    return store.path


def size_of(path: Path) -> int:
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        return int(connection.pragma("page_size"))


def rows_of(path: Path) -> dict[str, list[object]]:
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        names = [
            n for (n,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: list(connection.execute(f'SELECT * FROM "{name}"')) for name in names}


def test_a_new_database_has_small_pages(tmp_path: Path) -> None:
    store = open_store(tmp_path, TRAP)
    store.close()
    assert size_of(store.path) == PAGE_BYTES == 512


def test_the_gateway_changes_an_older_one_at_its_start_and_keeps_every_row(old: Path) -> None:
    before = rows_of(old)
    before["setting"] = [(SettingKey.PAGE_SIZE_TRIED, str(PAGE_BYTES))]
    Store(old, TOKYO, alone=True).close()
    assert size_of(old) == PAGE_BYTES
    assert rows_of(old) == before
    assert len(before["event"]) == 500


def test_a_command_leaves_it_alone(old: Path) -> None:
    Store(old, TOKYO).close()
    assert size_of(old) == 4_096


def test_one_that_another_program_reads_stays_as_it_is_and_the_gateway_starts(old: Path) -> None:
    with contextlib.closing(apsw.Connection(str(old))) as other:
        rows = other.execute("SELECT no FROM event")
        next(rows)
        Store(old, TOKYO, alone=True).close()
        assert len(list(rows)) == 499
    assert size_of(old) == 4_096


def test_a_long_one_and_one_without_room_stay_as_they_are(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_size, "MAX_BYTES", 1_000)
    assert not page_size.renew(old)
    monkeypatch.undo()
    monkeypatch.setattr(page_size, "FREE_TIMES", 10**15)
    assert not page_size.renew(old)
    monkeypatch.undo()
    assert page_size.renew(old)


def test_what_is_no_database_is_left_to_those_who_repair(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 1_000)
    assert not page_size.renew(tmp_path / "x.db")


def test_of_a_database_that_is_not_there_yet_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        assert not page_size.renew(tmp_path / "missing.db")
    assert not caplog.text
