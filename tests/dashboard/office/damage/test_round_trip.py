"""The file of damage is read back: in the same database it adds nothing, in an empty one the same records."""

import contextlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from dashboard.documents import spreadsheet
from dashboard.office.damage.files import table
from gateway.domain.damage.record import DamageRecord, DamageSource
from gateway.ingest.files import column_words, importing
from gateway.ingest.files.importing import Request, Result, Site
from gateway.ingest.tables import rows
from gateway.store import Store
from tests.gateway.ingest.files.packages import NOW
from tests.support.samples import TOKYO, open_store

DAY = NOW.date() - timedelta(9)
RICE = DamageRecord(
    id="0123456789abcdef0123456789abcdef",
    day=DAY,
    lat=32.6912345,
    lon=128.7654321,
    crop="水稲",
    species="boar",
    area_m2=1234.5,
    amount_yen=42_000,
    municipality="五島市",
    place="三井楽, 北",
    note="畦も\n崩れた",
    by="hana",
    recorded_at=NOW,
    source=DamageSource.SURVEY,
)
RECORDS = (
    RICE,
    replace(RICE, id="a-2", crop="=1+1", note="-5 ほど", place="+81", amount_yen=None),
    replace(RICE, id="a-3", species="unknown", area_m2=None, amount_yen=0, amount_kg=0.25),
    replace(RICE, id="a-4"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database with records, of which equal rows are two."""
    with contextlib.closing(open_store(tmp_path)) as store:
        store.write_now(lambda tx: [tx.damage.add(one) for one in RECORDS])
        yield store


def kept(store: Store) -> list[DamageRecord]:
    return store.read_now(lambda reader: reader.damage.between(date(2020, 1, 1), NOW.date()))


def saved(store: Store, folder: Path) -> Path:
    """The file that the page saves."""
    file = folder / "damage.csv"
    file.write_bytes(spreadsheet.csv_bytes(table(kept(store))))
    return file


def take(store: Store, file: Path) -> Result:
    header = rows.read(file.read_bytes(), column_words.is_header).header
    map_ = column_words.map_of(column_words.guess(header), "被害", "")
    request = Request(path=file, name=file.name, by="ken")
    return importing.import_damage(store, request, Site(TOKYO, NOW), map_)


def test_in_the_same_database_every_id_is_known_and_nothing_is_doubled(
    store: Store, tmp_path: Path
) -> None:
    found = take(store, saved(store, tmp_path))
    assert (found.refusal, found.findings.refused, found.findings.repaired) == ("", [], [])
    assert (found.figures["damage_new"], found.figures["damage_known"]) == (0, 4)
    assert kept(store) == list(RECORDS)


def test_an_older_file_brings_no_corrected_record_back(store: Store, tmp_path: Path) -> None:
    file = saved(store, tmp_path)
    corrected = replace(RICE, id="b", amount_yen=24_000, replaces=RICE.id)
    store.write_now(lambda tx: tx.damage.add(corrected))
    assert take(store, file).figures["damage_new"] == 0
    assert {one.id for one in kept(store)} == {"a-2", "a-3", "a-4", "b"}


def test_in_an_empty_database_the_records_are_the_same_by_whoever_imported_them(
    store: Store, tmp_path: Path
) -> None:
    file = saved(store, tmp_path)
    (tmp_path / "other").mkdir()
    with contextlib.closing(open_store(tmp_path / "other")) as other:
        assert take(other, file).figures["damage_new"] == 4
        expected = [replace(one, by="ken", source=DamageSource.FILE) for one in RECORDS]
        assert kept(other) == expected


def test_control_without_its_ids_the_file_adds_its_rows_again(store: Store, tmp_path: Path) -> None:
    file = saved(store, tmp_path)
    file.write_bytes(file.read_bytes().replace(b",id\r\n", b",x\r\n"))
    assert take(store, file).figures["damage_new"] == 4
    assert len(kept(store)) == 8
