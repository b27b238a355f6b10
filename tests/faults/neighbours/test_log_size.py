"""A program that forgets an open transaction: the log is seen, and bounded again when it has gone."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from gateway.config import Config
from gateway.config import StoreSettings as StoreSettings
from gateway.doctor.case import Case
from gateway.doctor.checks.database import database
from gateway.doctor.finding import Outcome
from gateway.store import Store
from gateway.store.connection import WAL_LIMIT_BYTES
from gateway.store.file import wal
from gateway.store.file.file_watch import FileWatch
from tests.support.samples import T0, TOKYO, TRAP
from tests.support.tables import writing_connection

BLOCK = 1_000_000
HOLD = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN'); "
    "c.execute('SELECT count(*) FROM event').fetchone(); print('holds', flush=True); sys.stdin.read()"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "test.db", TOKYO, alone=True)
    store.write_now(lambda tx: tx.put_devices([TRAP]))
    yield store
    store.close()


def write(store: Store, blocks: int) -> None:
    for number in range(blocks):
        store.write_now(lambda tx, n=number: tx.put_setting("much", f"{n}" * BLOCK))  # type: ignore[misc]


@contextmanager
def long_reader(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another program that holds a snapshot until the end."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"holds\n"
        yield process
        process.stdin.close()


def test_a_log_beside_a_long_reader_is_seen_and_shrinks_when_it_has_gone(store: Store) -> None:
    now = {"at": T0}
    watch = FileWatch(store, lambda: now["at"])
    write(store, 60)
    usual = wal.size(store.path)
    assert usual <= WAL_LIMIT_BYTES
    with long_reader(store.path) as process:
        write(store, 60)
        asyncio.run(watch.read())
        grown = wal.size(store.path)
        assert grown > WAL_LIMIT_BYTES
        assert watch.faults() == {}  # a backup or a report may take its time
        now["at"] += timedelta(minutes=11)
        asyncio.run(watch.read())
        assert str(process.pid) in watch.faults()["wal"]
        assert f"{grown // 1_000_000} MB" in watch.faults()["wal"]
        found = database(Case(settings(store), now["at"]))
        assert found.outcome is Outcome.FAULT
        assert f"kill {process.pid}" in found.command
        assert str(process.pid) in found.told
    asyncio.run(watch.read())
    assert wal.size(store.path) <= WAL_LIMIT_BYTES
    asyncio.run(watch.read())
    assert watch.faults() == {}
    assert "-wal 0 bytes" in database(Case(settings(store), now["at"])).told


def settings(store: Store) -> Config:
    return Config(store=StoreSettings(path=str(store.path)))


def test_a_busy_log_is_cut_to_its_bound_by_the_next_commits(store: Store) -> None:
    with long_reader(store.path):
        write(store, 60)
        assert wal.size(store.path) > WAL_LIMIT_BYTES
    write(store, 3)  # a checkpoint, a new beginning, and the cut
    assert wal.size(store.path) <= WAL_LIMIT_BYTES


def test_control_without_the_bound_the_log_stays_as_long_as_it_was(store: Store) -> None:
    writing_connection(store).pragma("journal_size_limit", -1)
    with long_reader(store.path):
        write(store, 60)
        grown = wal.size(store.path)
    write(store, 3)
    assert wal.size(store.path) >= grown > WAL_LIMIT_BYTES


def test_the_logs_size_is_a_metric(store: Store) -> None:
    registry = CollectorRegistry()
    FileWatch(store, lambda: T0).measure(registry)
    assert registry.get_sample_value("shishigaki_wal_bytes") == wal.size(store.path) > 0


def test_only_those_who_read_in_the_log_are_named() -> None:
    locks = (
        "1: POSIX  ADVISORY  READ 812 fe:01:77 123 123\n"
        "2: POSIX  ADVISORY  READ 813 fe:01:77 128 128\n"  # has it open, and does not read
        "3: POSIX  ADVISORY  READ 814 fe:01:78 124 124\n"
        "3: -> POSIX  ADVISORY  READ 815 fe:01:77 127 127\n"
        "4: FLOCK  ADVISORY  WRITE 816 fe:01:77 0 EOF\n"
        "nonsense\n"
    )
    assert wal.holding(locks, 77) == {812, 815}
