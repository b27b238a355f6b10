"""A program that forgets a transaction that writes: captures are told, nothing is confirmed, it recovers."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from gateway.domain.model import Device, Role
from gateway.store import DiskError, Store, Transaction
from gateway.store.file.wal import WRITE_LOCK, holding
from gateway.store.recovery import rehearsal
from tests.faults.witness import TRAP, Confirms, health, ready, send
from tests.support.samples import TOKYO
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native

PEOPLE = """
[[people]]
name = "office"
language = "en"
duty = "office"
channels = ["console:"]
"""
ANOTHER = Device(id="another", role=Role.TRAP)


HOLD = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    "c.execute('BEGIN IMMEDIATE'); print('holds', flush=True); sys.stdin.read()"
)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[int]:
    """As by a shell, or by a database browser with changes that nobody has saved; its process."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"holds\n"
        yield process.pid
        process.stdin.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "test.db", TOKYO)
    store.write_now(lambda tx: tx.put_devices([TRAP]))
    yield store
    store.close()


def add(tx: Transaction) -> list[str]:
    tx.put_devices([ANOTHER])
    return sorted(tx.devices)


def test_what_would_be_written_is_known_beside_a_program_that_writes(store: Store) -> None:
    began = time.monotonic()
    with locked(store.path):
        beside = asyncio.run(store.rehearse(add))
    assert time.monotonic() - began < 5, "it does not wait for the other program"
    assert beside == asyncio.run(store.rehearse(add)) == ["another", TRAP.id]
    assert store.read_now(lambda reader: [one.id for one in reader.devices()]) == [TRAP.id]


def test_control_without_a_copy_nothing_can_be_judged_beside_a_program_that_writes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def the_file_itself(path: Path) -> Iterator[apsw.Connection]:
        with contextlib.closing(apsw.Connection(str(path))) as connection:
            yield connection

    monkeypatch.setattr(rehearsal, "temporary_copy", the_file_itself)
    with locked(store.path), pytest.raises(DiskError):
        asyncio.run(store.rehearse(add))


def test_only_who_writes_is_named() -> None:
    locks = (
        "1: POSIX  ADVISORY  WRITE 812 fe:01:77 120 120\n"
        "2: POSIX  ADVISORY  READ 813 fe:01:77 124 124\n"
        "3: POSIX  ADVISORY  WRITE 814 fe:01:78 120 120\n"
    )
    assert holding(locks, 77, WRITE_LOCK) == {812}


@pytest.mark.real
def test_a_capture_beside_a_program_that_writes_notifies_and_is_confirmed_when_that_has_ended(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    confirms = Confirms(mosquitto.port)
    with Service(tmp_path / "gw", mosquitto.port, TRAP, extra=PEOPLE) as service:
        ready(service, mosquitto.port)
        with locked(service.database) as holder:
            began = time.monotonic()
            send(mosquitto.port, [native(TRAP.id, "trap.sprung", 1)])
            wait_for(lambda: f"Trap sprung {TRAP.id}" in service.log, "the office to be told", 90)
            print(f"\ntold after {time.monotonic() - began:.0f} s")
            status, faults, _ = health(service)
            assert (status, f"({holder})" in faults["disk"]) == (503, True), faults
            assert confirms.ids == set()
        wait_for(lambda: confirms.ids == {f"{TRAP.id}-1"}, "the confirm", 60)
        wait_for(lambda: health(service)[:2] == (200, {}), "the end of the fault", 60)
        assert service.log.count(f"Trap sprung {TRAP.id}") == 1
    confirms.close()
