"""A return to the copy loses nothing that came during the trial, wherever the program is cut off."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from gateway.domain.model import Kind, Message
from gateway.ingest.messages.batch import absorb
from gateway.store import Store, Transaction
from gateway.store.connection import StoreError
from gateway.store.recovery import exchange
from gateway.store.tables.backlog import ReceiptClock
from gateway.store.trial import data
from tests.support.samples import CAMERA, T0, TOKYO, TRAP, at, decode, message, open_store, reading

BEFORE = [message(reading("trap-01", Kind.SET, 1))]
MEANWHILE = [
    message(reading("trap-01", Kind.SPRUNG, 5)),
    message(reading("cam-01", Kind.DETECTION, 6, species="boar")),
]
LATER = message(reading("trap-01", Kind.TAMPER, 9))
MOST_CUTS = 60
CALLS = ("replace", "rename", "unlink", "fsync", "mkdir")


class Cut(BaseException):
    """The power fails."""


def take(database: Path, *messages: Message) -> None:
    """What any version does with messages: kept as they came while one is tried, then judged."""

    def write(tx: Transaction) -> None:
        tx.trial.keep(messages, ReceiptClock.TRUSTED)
        absorb(tx, messages, decode, at(10))

    with closing(Store(database, TOKYO, alone=True)) as store:
        store.write_now(write)


def prepared(folder: Path) -> Path:
    """A database in a trial: one event from before, the others since."""
    store = open_store(folder, TRAP, CAMERA)
    store.close()
    database = folder / "test.db"
    take(database, *BEFORE)
    data.save(database)
    data.mark(database, "u1")
    with closing(Store(database, TOKYO)) as store:
        store.write_now(lambda tx: tx.execute("CREATE TABLE of_the_new_version (a)"))
    take(database, *MEANWHILE)
    return database


def judged(database: Path) -> list[str]:
    """The kinds of all events after the old version has judged what waits."""

    def work_off(tx: Transaction) -> None:
        while batch := tx.backlog.take(100):
            absorb(tx, batch.messages, decode, at(20))

    with closing(Store(database, TOKYO, alone=True)) as store:
        store.write_now(work_off)
        return sorted(e.kind.value for e in store.read_now(lambda r: r.latest_events()))


def has_new_table(database: Path) -> bool:
    with closing(apsw.Connection(str(database))) as connection:
        return bool(list(connection.execute("PRAGMA table_info(of_the_new_version)")))


def put_back(database: Path, *, is_marked: bool = True) -> data.ReturnReport:
    return data.put_back(database, "u1", T0 + timedelta(days=1), is_marked=is_marked)


ALL = sorted(["trap.set", "trap.sprung", "detection"])


def test_the_copy_returns_with_what_came_since(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    report = put_back(database)
    assert (report.messages, report.fault) == (2, "")
    assert Path(report.aside, database.name).exists()
    assert not has_new_table(database)
    assert judged(database) == ALL


def test_control_the_copy_alone_has_lost_what_was_confirmed(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    copy = data.copy_path(database)
    assert judged(copy) == ["trap.set"]


@contextmanager
def cut_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The power fails before the call of this number that changes names or syncs."""
    calls = [0]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **options: object) -> object:
            calls[0] += 1
            if calls[0] == number:
                raise Cut
            return real(*args, **options)

        return call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counted(getattr(os, name)))
        yield calls


@pytest.mark.parametrize("starts", ["nobody", "a version"])
def test_a_cut_at_any_step_of_the_return_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starts: str
) -> None:
    cuts = 0
    for number in range(1, MOST_CUTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        database = prepared(folder)
        with cut_at(number, monkeypatch) as calls, suppress(Cut):
            put_back(database)
        if starts == "a version":  # at the boot, before the upgrade goes on
            take(database, LATER)
        put_back(database)
        expected = sorted([*ALL, "tamper"]) if starts == "a version" else ALL
        assert judged(database) == expected, f"cut before call {number}"
        assert not has_new_table(database)
        if calls[0] < number:
            break
        cuts = number
    assert 5 <= cuts < MOST_CUTS - 1


def test_a_return_that_was_done_is_not_done_again(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    put_back(database)
    take(database, LATER)
    assert put_back(database) == data.ReturnReport()
    assert judged(database) == sorted([*ALL, "tamper"])


def test_data_that_no_trial_has_changed_stay(tmp_path: Path) -> None:
    open_store(tmp_path, TRAP).close()
    database = tmp_path / "test.db"
    data.save(database)
    take(database, *BEFORE)
    assert put_back(database, is_marked=False) == data.ReturnReport()
    assert judged(database) == ["trap.set"]


def test_an_accepted_version_keeps_nothing_twice(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    data.accept(database)
    take(database, LATER)
    with closing(apsw.Connection(str(database))) as connection:
        [(kept,)] = connection.execute("SELECT count(*) FROM trial_message")
    assert kept == 0
    assert judged(database) == sorted([*ALL, "tamper"])


def test_a_trial_that_destroyed_its_database_gives_the_copy_and_the_reason(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    for side in exchange.SIDES:
        exchange.beside(database, side).unlink(missing_ok=True)
    database.write_bytes(b"\0" * 40_960)
    report = put_back(database)
    assert report.fault
    assert judged(database) == ["trap.set"]


def test_a_database_in_use_is_not_replaced(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    with closing(Store(database, TOKYO, alone=True)), pytest.raises(StoreError, match="in use"):
        put_back(database)
