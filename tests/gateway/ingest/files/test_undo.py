"""An import can be taken back: the database then holds what it held before, and the record of it stays."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.clock import utc_now
from gateway.domain.damage.record import DamageRecord
from gateway.domain.model import ActionKind, TrapAction
from gateway.ingest.files import importing, undo
from gateway.ingest.files.importing import Request, Result, Site
from gateway.ingest.files.report_columns import read_map
from gateway.ingest.files.undo import UndoError
from gateway.store import Store
from gateway.store.file.witness import Witness
from gateway.store.imports.record import ImportKind
from gateway.store.imports.table import ImportTable
from tests.gateway.ingest.files.packages import DEPLOYMENTS, HEAD, NOW, OBSERVATIONS, files
from tests.support.samples import CAMERA, TOKYO, open_store

SITE = Site(TOKYO, NOW)
CUT_OFF = "UPDATE import SET body = CAST(json_remove(CAST(body AS TEXT), '$.ended_at') AS BLOB)"
KEPT = ("import", "import_device", "import_row", "sqlite_stat1", "sqlite_stat4")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database with a camera."""
    with contextlib.closing(open_store(tmp_path, CAMERA)) as store:
        yield store


def take(store: Store, folder: Path, content: Mapping[str, bytes], **options: Any) -> Result:
    folder.mkdir(exist_ok=True)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    request = Request(path=folder, name=folder.name, by="hana", **options)
    return importing.import_package(store, request, SITE)


PLACES = 'title = "町"\nspecies = "boar"\n[columns]\ndate = "日付"\nlat = "緯度"\nlon = "経度"\n'
TABLES = {
    ImportKind.SIGHTINGS: (
        importing.import_sightings,
        PLACES,
        "日付,緯度,経度\n2026-01-02,32.7,128.8\n",
    ),
    ImportKind.DAMAGE: (
        importing.import_damage,
        f'{PLACES}crop = "作物"\n',
        "日付,緯度,経度,作物\n2026-01-02,32.7,128.8,水稲\n",
    ),
}


def take_table(store: Store, file: Path, kind: ImportKind) -> Result:
    """Import a table with one row."""
    imported, map_, rows = TABLES[kind]
    file.write_text(rows, encoding="utf-8")
    request = Request(path=file, name=file.name, by="hana")
    return imported(store, request, SITE, read_map(map_.encode()))


def tables(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, except those of the record of imports."""
    with contextlib.closing(apsw.Connection(str(store.path))) as look:
        names = [
            name
            for (name,) in look.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"
            )
            if name not in KEPT
        ]
        return {name: sorted(look.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def test_an_undo_leaves_every_table_as_it_was(store: Store, tmp_path: Path) -> None:
    before = tables(store)
    found = take(store, tmp_path / "p", files())
    assert tables(store) != before
    done = undo.undo(store, found.id, "ken", NOW + timedelta(hours=1))
    assert tables(store) == before
    assert (done.by, done.undone_by, done.counts["events_new"]) == ("hana", "ken", 10)
    assert store.read_now(lambda reader: reader.imports.latest()) == [done]


def test_the_same_package_can_be_imported_again_after_an_undo(store: Store, tmp_path: Path) -> None:
    found = take(store, tmp_path / "p", files())
    whole = tables(store)
    undo.undo(store, found.id, "ken", NOW)
    assert take(store, tmp_path / "p", files()).figures["events_new"] == 10
    again = tables(store)
    for name in ("effort_hour", "effort_day", "sighting_hour", "sighting_day"):
        assert again[name] == whole[name]


def test_an_undo_of_added_rows_keeps_the_earlier_import(store: Store, tmp_path: Path) -> None:
    take(store, tmp_path / "p", files())
    before = tables(store)
    more = OBSERVATIONS + "x,ridge,,e9,2026-01-05T03:00:00+09:00,event,animal,Sus scrofa,7\n"
    found = take(store, tmp_path / "p", files(observations=more))
    assert found.figures["events_new"] == 1
    undo.undo(store, found.id, "ken", NOW)
    assert tables(store) == before


def test_months_that_were_added_up_are_undone_too(store: Store, tmp_path: Path) -> None:
    found = take(store, tmp_path / "p", files())
    while store.write_now(lambda tx: tx.months.fold(20_700)):
        pass
    assert tables(store)["effort_month"]
    undo.undo(store, found.id, "ken", NOW)
    assert tables(store)["effort_month"] == tables(store)["sighting_month"] == []


def test_imports_of_one_device_are_undone_the_last_first(store: Store, tmp_path: Path) -> None:
    first = take(store, tmp_path / "p", files())
    more = OBSERVATIONS + "x,ridge,,e9,2026-01-05T03:00:00+09:00,event,animal,Sus scrofa,7\n"
    second = take(store, tmp_path / "p", files(observations=more))
    with pytest.raises(UndoError, match=second.id):
        undo.undo(store, first.id, "ken", NOW)
    undo.undo(store, second.id, "ken", NOW)
    undo.undo(store, first.id, "ken", NOW)
    assert tables(store)["event"] == []


def test_an_import_that_added_nothing_stops_no_undo(store: Store, tmp_path: Path) -> None:
    first = take(store, tmp_path / "p", files())
    assert take(store, tmp_path / "p", files()).figures["events_new"] == 0
    undo.undo(store, first.id, "ken", NOW)


def test_what_people_recorded_at_an_imported_device_stops_the_undo(
    store: Store, tmp_path: Path
) -> None:
    found = take(store, tmp_path / "p", files())
    before = tables(store)
    act = TrapAction(
        id="a1", device="ridge", deed=ActionKind.VISITED, at=NOW, by="ken", recorded_at=NOW
    )
    store.write_now(lambda tx: tx.acts.add(act))
    with pytest.raises(UndoError, match="action a1"):
        undo.undo(store, found.id, "ken", NOW)
    assert tables(store)["event"] == before["event"]


def test_what_is_sent_elsewhere_is_not_undone(store: Store, tmp_path: Path) -> None:
    found = take(store, tmp_path / "p", files())
    with contextlib.closing(apsw.Connection(str(store.path))) as other:
        other.execute("INSERT INTO follower VALUES (1, 0)")
    with pytest.raises(UndoError, match="InfluxDB"):
        undo.undo(store, found.id, "ken", NOW)


def test_an_unknown_or_undone_import_is_refused(store: Store, tmp_path: Path) -> None:
    found = take(store, tmp_path / "p", files())
    with pytest.raises(UndoError, match=found.id):
        undo.undo(store, "nothing", "ken", NOW)
    undo.undo(store, found.id, "ken", NOW)
    with pytest.raises(UndoError, match="undone already"):
        undo.undo(store, found.id, "ken", NOW)


def test_an_undo_that_was_cut_off_is_finished_by_asking_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(store)
    found = take(store, tmp_path / "p", files())
    with monkeypatch.context() as cut:
        cut.setattr(undo, "_finish", lambda *_, **__: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            undo.undo(store, found.id, "ken", NOW)
    undo.undo(store, found.id, "ken", NOW)
    assert tables(store) == before


def test_an_import_that_was_cut_off_can_be_undone(store: Store, tmp_path: Path) -> None:
    before = tables(store)
    found = take(store, tmp_path / "p", files())
    with contextlib.closing(apsw.Connection(str(store.path))) as other:
        other.execute(CUT_OFF)
    [record] = store.read_now(lambda reader: reader.imports.latest())
    assert record.ended_at is None
    undo.undo(store, found.id, "ken", NOW)
    assert tables(store) == before


@pytest.mark.parametrize("kind", [ImportKind.SIGHTINGS, ImportKind.DAMAGE])
def test_a_table_whose_import_was_cut_off_leaves_no_row_and_is_taken_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: ImportKind
) -> None:
    before = tables(store)
    with monkeypatch.context() as cut:
        cut.setattr(ImportTable, "end", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            take_table(store, tmp_path / "t.csv", kind)
    assert tables(store) == before
    found = take_table(store, tmp_path / "t.csv", kind)
    assert (found.figures[f"{kind}_new"], found.figures[f"{kind}_known"]) == (1, 0)
    assert tables(store) != before


def test_a_look_writes_nothing(store: Store, tmp_path: Path) -> None:
    before = tables(store)
    found = take(store, tmp_path / "p", files(), preview=True)
    assert (found.id, found.figures["deployments"], tables(store)) == ("", 2, before)
    assert store.read_now(lambda reader: reader.imports.latest()) == []


def test_a_refused_package_leaves_no_record(store: Store, tmp_path: Path) -> None:
    before = tables(store)
    broken = files(
        observations=HEAD + "o1,moon,,e1,2026-01-02T03:00:00Z,event,animal,Sus scrofa,1\n"
    )
    found = take(store, tmp_path / "p", broken)
    assert "nothing was imported" in found.refusal
    assert (found.id, tables(store)) == ("", before)


def test_an_imported_record_of_damage_is_taken_back_and_stays_on_record(store: Store) -> None:
    record = DamageRecord(
        id="d1",
        day=NOW.date(),
        lat=32.7,
        lon=128.8,
        crop="水稲",
        by="hana",
        recorded_at=NOW,
    )
    batch = undo.begin(store, ImportKind.DAMAGE, "damage.csv", "hana", NOW)
    store.write_now(lambda tx: tx.damage.add(record))
    store.write_now(lambda tx: tx.imports.end(batch, ImportKind.DAMAGE, ["d1"]))
    undo.undo(store, batch.id, "ken", NOW)
    end = NOW.date() + timedelta(1)
    assert store.read_now(lambda reader: reader.damage.between(NOW.date(), end)) == []
    chain = store.read_now(lambda reader: reader.damage.chain("d1"))
    assert [(one.id, one.by) for one in chain] == [("d1", "hana"), ("d1-undo", "ken")]


def recent(store: Store, folder: Path) -> Result:
    """An import of events of the last hours."""
    now = utc_now()
    start, seen, end = ((now - timedelta(hours=hours)).isoformat() for hours in (3, 2, 1))
    deployments = DEPLOYMENTS.splitlines()[0] + f"\nridge,尾根,32.7,128.8,{start},{end},false\n"
    observations = HEAD + f"o1,ridge,,e1,{seen},event,animal,Sus scrofa,1\n"
    folder.mkdir()
    for name, data in files(deployments, observations).items():
        (folder / name).write_bytes(data)
    request = Request(path=folder, name=folder.name, by="hana")
    return importing.import_package(store, request, Site(TOKYO, now))


def test_events_that_an_undo_took_out_are_not_reported_as_lost(
    store: Store, tmp_path: Path
) -> None:
    found, witness = recent(store, tmp_path / "p"), Witness()
    with contextlib.closing(apsw.Connection(str(store.path))) as look:
        [(count,)] = look.execute("SELECT count(*) FROM event")
        assert count == 3
        assert witness.compare(look, store.path, utc_now()) == (0, 0)
        undo.undo(store, found.id, "ken", utc_now())
        assert witness.compare(look, store.path, utc_now()) == (0, 0)


def test_control_an_imported_event_that_vanishes_without_an_undo_is_reported(
    store: Store, tmp_path: Path
) -> None:
    recent(store, tmp_path / "p")
    witness = Witness()
    with contextlib.closing(apsw.Connection(str(store.path))) as look:
        assert witness.compare(look, store.path, utc_now()) == (0, 0)
        store.write_now(lambda tx: tx.execute("DELETE FROM event WHERE no > 1"))
        assert witness.compare(look, store.path, utc_now()) == (2, 2)
