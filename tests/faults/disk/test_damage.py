"""A damaged file: the gateway starts, keeps what is readable, sets the broken file aside, says so."""

import asyncio
import random
import shutil
from pathlib import Path

import apsw
import pytest

from gateway.store import Store
from gateway.store.recovery.database_file import DatabaseFile
from gateway.store.recovery.integrity import CheckResult, check
from gateway.store.recovery.table_walk import TableWalk
from gateway.store.schema import MIGRATIONS
from tests.faults.disk.damaged import EVENTS, PAGE, copy, leaf_pages, overwrite, works
from tests.faults.disk.story import DEVICES
from tests.support.samples import TOKYO
from tests.support.tables import writing_connection


def test_a_sound_file_is_left_alone(sound: Path, tmp_path: Path) -> None:
    path = copy(sound, tmp_path)
    store = Store(path, TOKYO)
    works(store)
    store.close()
    assert store.salvaged is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gateway.db", "gateway.db.schema"]


def test_a_flipped_name_inside_a_state_stops_no_message(sound: Path, tmp_path: Path) -> None:
    path = copy(sound, tmp_path)
    with apsw.Connection(str(path)) as connection:
        connection.execute(
            "UPDATE device SET state = CAST(replace(CAST(state AS TEXT), 'trap-01', 'trap)01') AS BLOB)"
        )
        assert connection.changes()
    store = Store(path, TOKYO)
    works(store)
    assert store.read_now(lambda r: r.states()["trap-01"].device) == "trap-01"
    store.close()


def test_a_broken_leaf_costs_its_rows_and_no_others(sound: Path, tmp_path: Path) -> None:
    path = copy(sound, tmp_path)
    pages = leaf_pages(path, "event")
    overwrite(path, (pages[len(pages) // 2] - 1) * PAGE, b"\xff" * PAGE)
    store = Store(path, TOKYO)
    report = store.salvaged
    works(store)
    store.close()
    assert report is not None
    assert EVENTS - 60 <= report.rows["event"] < EVENTS
    assert (report.rows["device"], report.rows["setting"]) == (len(DEVICES), 1)
    assert (Path(report.folder) / "gateway.db").stat().st_size == sound.stat().st_size


@pytest.mark.parametrize(
    ("what", "at", "data"),
    [
        ("the magic", 0, b"SQLite garbage!!"),
        ("the page size", 16, b"\xff\xff"),
        ("the version of the format", 18, b"\x09\x09"),
        ("the encoding", 56, b"\xff\xff\xff\xff"),
    ],
)
def test_a_broken_header_costs_no_row(
    sound: Path, tmp_path: Path, what: str, at: int, data: bytes
) -> None:
    path = copy(sound, tmp_path)
    overwrite(path, at, data)
    store = Store(path, TOKYO)
    works(store)
    store.close()
    assert store.salvaged, what
    assert store.salvaged.rows["event"] == EVENTS


def test_a_schema_version_nobody_wrote_is_damage(sound: Path, tmp_path: Path) -> None:
    path = copy(sound, tmp_path)
    overwrite(path, 60, b"\x7f\x00\x00\x00")
    store = Store(path, TOKYO)
    works(store)
    store.close()
    assert store.salvaged
    assert store.salvaged.rows["event"] == EVENTS


@pytest.mark.parametrize("size", [0, 100, 4_096, 50_000])
def test_a_cut_off_file_starts(sound: Path, tmp_path: Path, size: int) -> None:
    path = copy(sound, tmp_path)
    with path.open("r+b") as file:
        file.truncate(size)
    store = Store(path, TOKYO)
    store.write_now(lambda tx: tx.put_devices(DEVICES))
    works(store)
    store.close()


def test_damage_found_at_work_is_salvaged_and_the_work_done(sound: Path, tmp_path: Path) -> None:
    path = copy(sound, tmp_path)
    store = Store(path, TOKYO)
    writing_connection(store).pragma("shrink_memory")  # forget what the check has read
    for page in leaf_pages(path, "event_identity"):  # no quick check looks there
        overwrite(path, (page - 1) * PAGE, b"\xff" * PAGE)
    works(store)
    found = store.read_now(lambda r: len(r.latest_events(10 * EVENTS)))
    store.close()
    assert store.salvaged
    assert found == EVENTS + 1


def test_damage_found_by_a_reader_is_salvaged(sound: Path, tmp_path: Path) -> None:
    path = copy(sound, tmp_path)
    pages = leaf_pages(path, "event")

    async def run() -> int:
        store = Store(path, TOKYO)
        for page in pages[:3]:
            overwrite(path, (page - 1) * PAGE, b"\xff" * PAGE)
        events = await store.read(lambda r: r.latest_events(10 * EVENTS))
        store.close()
        assert store.salvaged
        return len(events)

    assert EVENTS - 200 <= asyncio.run(run()) < EVENTS


def test_a_crash_amid_a_salvage_costs_nothing(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy(sound, tmp_path)
    overwrite(path, 0, b"SQLite garbage!!")

    def die(_: DatabaseFile) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(DatabaseFile, "_step", die)
        with pytest.raises(KeyboardInterrupt):
            Store(path, TOKYO)
    store = Store(path, TOKYO)
    store.close()
    assert store.salvaged
    assert store.salvaged.rows["event"] == EVENTS


def test_a_long_check_is_cut_short_at_the_start_and_ended_beside_the_work(
    sound: Path, tmp_path: Path
) -> None:
    path = copy(sound, tmp_path)
    pages = leaf_pages(path, "event")
    with apsw.Connection(str(path)) as connection:
        assert check(connection, -1.0, lambda: True)[0] is CheckResult.UNFINISHED
        assert check(connection, None)[0] is CheckResult.SOUND
    overwrite(path, (pages[5] - 1) * PAGE, b"\xff" * PAGE)

    async def run() -> None:
        store = Store(path, TOKYO)
        store._file.examined = False  # private: as after a check that was too long for the start
        await store.examine()
        store.close()
        assert store.salvaged

    asyncio.run(run())


def test_a_walk_gives_every_row_of_a_sound_table_once(sound: Path) -> None:
    with apsw.Connection(str(sound), flags=apsw.SQLITE_OPEN_READONLY) as connection:
        for table, count in (("event", EVENTS), ("device", len(DEVICES))):
            assert sum(len(rows) for rows in TableWalk(connection, table).steps()) == count
        walked = [row for rows in TableWalk(connection, "effort_hour").steps() for row in rows]
        assert walked == list(connection.execute("SELECT * FROM effort_hour ORDER BY 1, 2"))


def flip(path: Path, rng: random.Random, flips: int) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(flips):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def run_flips(sound: Path, folder: Path, files: int, flips: int = 20) -> None:
    """Break `files` copies at random; each must start, work and start again without a salvage."""
    rng = random.Random(7)
    salvaged, kept, whole = 0, 0.0, 0
    for number in range(files):
        path = copy(sound, folder / str(number))
        flip(path, rng, flips)
        store = Store(path, TOKYO)
        store.write_now(lambda tx: tx.put_devices(DEVICES))
        works(store)
        store.close()
        again = Store(path, TOKYO)
        assert again.salvaged is None, "a salvaged file is broken: a crash loop"
        events = asyncio.run(again.read(lambda r: len(r.latest_events(10 * EVENTS))))
        again.close()
        salvaged += store.salvaged is not None
        kept += (events - 1) / EVENTS
        whole += events >= EVENTS
        shutil.rmtree(folder / str(number))
    print(
        f"\n{files} files with {flips} flipped bits: {files} started, {salvaged} salvaged, "
        f"{kept / files:.2%} of the events kept, {whole} lost none"
    )
    assert salvaged > files // 4, "the flips hit nothing: nothing was proven"
    assert kept / files > 0.9


def test_random_flips_never_keep_the_gateway_from_starting(sound: Path, tmp_path: Path) -> None:
    run_flips(sound, tmp_path, 15)


@pytest.mark.long
def test_a_thousand_broken_files_start(sound: Path, tmp_path: Path) -> None:
    run_flips(sound, tmp_path, 1_000)


def test_control_plain_sqlite_does_not_work_on_these_files(sound: Path, tmp_path: Path) -> None:
    """Without the salvage the same flips would have stopped something."""
    rng, broken = random.Random(7), 0
    for number in range(15):
        path = copy(sound, tmp_path / str(number))
        flip(path, rng, 20)
        try:
            with apsw.Connection(str(path)) as connection:
                broken += connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",)
                assert connection.pragma("user_version") <= len(MIGRATIONS)
        except (apsw.Error, UnicodeDecodeError, AssertionError):
            broken += 1
    assert broken > 4


def test_a_follower_does_not_skip_events_that_get_a_lost_number(
    sound: Path, tmp_path: Path
) -> None:
    path = copy(sound, tmp_path)
    store = Store(path, TOKYO)
    store.write_now(lambda tx: tx.influx.put_done([(0, EVENTS)]))
    store.close()
    overwrite(path, (leaf_pages(path, "event")[-1] - 1) * PAGE, b"\xff" * PAGE)
    again = Store(path, TOKYO)
    head = again.read_now(lambda r: r.influx.head())
    done = again.read_now(lambda r: r.influx.done())
    again.close()
    assert head < EVENTS
    assert done == [(0, head)]
