"""A database of an earlier version becomes one of this version, whole or not at all."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import pytest

from gateway.domain.epoch import ms
from gateway.domain.model import Kind
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import absorb
from gateway.store import Store, connection
from gateway.store.rows import EVENT_COLUMNS, to_json
from gateway.store.schema import MIGRATIONS
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, reading

BEFORE = next(no for no, script in enumerate(MIGRATIONS) if "event_identity" in script)
"""The last version in which an event's id was unique among all devices."""
EVENTS = 3_000


def old_database(path: Path, version: int = BEFORE, events: int = EVENTS) -> Path:
    """A database as an earlier version left it: two devices, events, an alert and hours due."""
    with contextlib.closing(apsw.Connection(str(path))) as old:
        old.pragma("journal_mode", "WAL")
        for script in MIGRATIONS[:version]:
            old.execute(script)
        old.pragma("user_version", version)
        old.execute("BEGIN")
        old.execute("INSERT INTO setting VALUES ('influx.follow', '1')")
        old.executemany(
            "INSERT INTO device (id, role, standing, body) VALUES (?, ?, 'approved', ?)",
            [(device.id, device.role.value, to_json(device)) for device in (TRAP, CAMERA)],
        )
        marks = ", ".join("?" * len(EVENT_COLUMNS.split(",")))
        old.executemany(
            f"INSERT INTO event ({EVENT_COLUMNS}) VALUES ({marks})",
            (_row(no) for no in range(events)),
        )
        old.execute("COMMIT")
    return path


def _row(no: int) -> tuple[object, ...]:
    at_ms = ms(at(no))
    trap = no % 2 == 0
    return (
        f"id-{no}",
        f"key-{no}" if no % 3 == 0 else None,
        1 if trap else 2,
        "trap.sprung" if trap else "detection",
        at_ms,
        at_ms,
        "synced",
        at_ms,
        1,
        no,
        None if trap else "boar",
        None,
        0,
        b'{"battery_v":3.1}' if no % 5 == 0 else None,
    )


def rows(path: Path) -> Sequence[object]:
    """Every event as it lies there."""
    with contextlib.closing(apsw.Connection(str(path))) as look:
        return look.execute("SELECT * FROM event ORDER BY no").fetchall()


def made_of(path: Path) -> set[tuple[str, str]]:
    """Tables, indexes and triggers."""
    with contextlib.closing(apsw.Connection(str(path))) as look:
        assert look.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {(kind, name) for kind, name in look.execute("SELECT type, name FROM sqlite_schema")}


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Store]:
    store = Store(path, TOKYO)
    yield store
    store.close()


@pytest.mark.parametrize("version", [1, 4, BEFORE])
def test_a_database_of_an_earlier_version_keeps_every_row(tmp_path: Path, version: int) -> None:
    if version < BEFORE:  # as far as that version knew them
        old_database(tmp_path / "old.db", version, 0)
        before: Sequence[object] = []
    else:
        before = rows(old_database(tmp_path / "old.db"))
    with opened(tmp_path / "old.db"), opened(tmp_path / "new.db"):
        pass
    assert rows(tmp_path / "old.db") == before
    assert made_of(tmp_path / "old.db") == made_of(tmp_path / "new.db")


def test_a_new_file_is_the_same_as_one_that_went_through_every_migration(tmp_path: Path) -> None:
    contents = []
    with contextlib.closing(apsw.Connection(str(tmp_path / "old.db"))) as old:
        old.execute(MIGRATIONS[0])
        old.pragma("user_version", 1)
    for name in ("old.db", "new.db"):
        with contextlib.closing(connection.open_writer(tmp_path / name)) as made:
            schema = made.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
            tables = [str(one) for kind, one, _ in schema if kind == "table"]
            held = {one: made.execute(f"SELECT * FROM {one}").fetchall() for one in tables}
            contents.append((set(schema), held, made.pragma("user_version")))
    assert len(contents[0][0]) > 100
    assert contents[0] == contents[1]


def test_a_new_file_that_another_program_makes_at_the_same_moment_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = connection.transaction

    @contextlib.contextmanager
    def late(one: apsw.Connection) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(connection, "transaction", begin)
            connection.open_writer(tmp_path / "new.db").close()
        with begin(one):
            yield

    monkeypatch.setattr(connection, "transaction", late)
    with contextlib.closing(connection.open_writer(tmp_path / "new.db")) as second:
        assert second.pragma("user_version") == len(MIGRATIONS)


def test_after_it_another_device_may_use_an_id_and_copies_stay_copies(tmp_path: Path) -> None:
    def receive(store: Store, device: str, kind: Kind, minutes: int) -> Outcome:
        one = message(reading(device, kind, minutes, id_=f"id-{minutes}", species="boar"))
        return store.write_now(lambda tx: absorb(tx, [one], decode, at(EVENTS)))

    with opened(old_database(tmp_path / "old.db")) as store:
        copy = receive(store, "trap-01", Kind.SPRUNG, 10)
        other = receive(store, "cam-01", Kind.DETECTION, 10)
        noted = store.read_now(lambda r: r.influx.waiting())
        store.write_now(lambda tx: tx.journal.revise(other.events[0], "a word"))
        word = receive(store, "cam-01", Kind.DETECTION, 11)
    assert (copy.events, copy.duplicates) == ([], 1)
    assert [(e.device, e.id) for e in other.events] == [("cam-01", "id-10")]
    assert (word.events, noted) == ([], 1)
    assert len(rows(tmp_path / "old.db")) == EVENTS + 1


def test_a_migration_that_is_interrupted_leaves_the_old_database_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_database(tmp_path / "old.db")
    before, made = rows(path), made_of(path)
    parts = MIGRATIONS[BEFORE].split("DROP INDEX event_id;")
    stops = (
        *MIGRATIONS[:BEFORE],
        parts[0] + "SELECT * FROM no_such_table;",
        *MIGRATIONS[BEFORE + 1 :],
    )
    with monkeypatch.context() as broken:
        broken.setattr(connection, "MIGRATIONS", stops)
        with pytest.raises(connection.DamagedFileError):
            connection.open_writer(path)
    assert (rows(path), made_of(path)) == (before, made)
    with opened(path):
        pass
    assert rows(path) == before


def test_the_migration_writes_an_index_and_not_the_history_and_logs_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = old_database(tmp_path / "old.db", events=30_000)
    size = path.stat().st_size
    with contextlib.closing(connection.open_writer(path)):
        written = path.with_name(path.name + "-wal").stat().st_size
    assert written < size / 2
    assert f"schema {BEFORE} becomes {len(MIGRATIONS)}" in caplog.text
