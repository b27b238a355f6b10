"""A municipality's table of damage: usual headers are understood, an unknown amount stays unknown."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.ingest.files import column_words, damage_table, importing, undo
from gateway.ingest.files.damage_table import DamageRows
from gateway.ingest.files.importing import Request, Site
from gateway.ingest.tables import rows
from gateway.ingest.tables.text_file import TableError
from gateway.store import Store
from tests.gateway.ingest.files.packages import NOW
from tests.support.samples import TOKYO, open_store

TABLE = """\
令和7年度 農作物被害調査票,,,,,,,
被害日,作物名,獣種,被害面積(m2),被害金額(円),被害量(kg),緯度,経度
R7.10.1,水稲,イノシシ,"1,200m2","42,000円",,32°41'24",128°50'24"
令和七年十月二日,甘藷,シカ,不明,,120kg,32.69,128.84
R7.10.2,甘藷,シカ,不明,,120kg,32.69,128.84
"""


def read(text: str, **changed: str) -> DamageRows:
    data = text.encode()
    header = rows.read(data, column_words.is_header).header
    map_ = column_words.map_of(column_words.guess(header) | changed, "被害", "")
    return damage_table.parse(data, map_, "damage.csv", TOKYO, NOW, "hana")


def test_title_rows_eras_units_and_unknown_amounts_are_read() -> None:
    found = read(TABLE)
    rice, potato, again = found.records
    assert (rice.crop, rice.species, f"{rice.day}") == ("水稲", "boar", "2025-10-01")
    assert (rice.area_m2, rice.amount_yen, rice.amount_kg) == (1_200.0, 42_000, None)
    assert rice.lat == pytest.approx(32.69)
    assert (potato.area_m2, potato.amount_kg) == (None, 120.0)
    assert again.id == f"{potato.id}-2", "equal rows are two records"
    assert found.findings.refused == []


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("42,000円", "多い", "must be a number"),
        ("水稲", "", "name the crop"),
        ("R7.10.1", "R9.10.1", "at most today"),
        ("32.69,128.84", "92.69,128.84", "is not in Japan"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_with_its_line(old: str, new: str, why: str) -> None:
    found = read(TABLE.replace(old, new, 1))
    [refused] = found.findings.refused
    assert why in refused.text
    assert refused.line in {3, 4}
    assert len(found.records) == 2


def test_a_table_without_a_crop_is_refused() -> None:
    with pytest.raises(TableError, match="crop"):
        read(TABLE.replace("作物名", "何か"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    with contextlib.closing(open_store(tmp_path)) as store:
        yield store


def test_an_import_adds_nothing_twice_and_is_undone(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "damage.csv"
    file.write_text(TABLE, encoding="utf-8")
    header = rows.read(file.read_bytes(), column_words.is_header).header
    map_ = column_words.map_of(column_words.guess(header), "被害", "")
    request, site = Request(path=file, name="damage.csv", by="hana"), Site(TOKYO, NOW)
    first = importing.import_damage(store, request, site, map_)
    again = importing.import_damage(store, request, site, map_)
    assert (first.figures["damage_new"], again.figures["damage_new"]) == (3, 0)
    days = (NOW.date().replace(year=2020), NOW.date())
    assert len(store.read_now(lambda reader: reader.damage.between(*days))) == 3
    undo.undo(store, first.id, "ken", NOW)
    assert store.read_now(lambda reader: reader.damage.between(*days)) == []


def test_a_table_that_was_undone_can_be_imported_and_undone_anew(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "damage.csv"
    file.write_text(TABLE, encoding="utf-8")
    header = rows.read(file.read_bytes(), column_words.is_header).header
    map_ = column_words.map_of(column_words.guess(header), "被害", "")
    request, site = Request(path=file, name="damage.csv", by="hana"), Site(TOKYO, NOW)
    days = (NOW.date().replace(year=2020), NOW.date())
    for _ in range(3):
        taken = [importing.import_damage(store, request, site, map_) for _ in range(2)]
        assert [one.figures["damage_new"] for one in taken] == [3, 0]
        assert len(store.read_now(lambda reader: reader.damage.between(*days))) == 3
        undo.undo(store, taken[0].id, "ken", NOW)
        assert store.read_now(lambda reader: reader.damage.between(*days)) == []


def test_more_than_one_percent_refused_imports_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "damage.csv"
    file.write_text(TABLE.replace("42,000円", "多い"), encoding="utf-8")
    header = rows.read(file.read_bytes(), column_words.is_header).header
    map_ = column_words.map_of(column_words.guess(header), "被害", "")
    request = Request(path=file, name="damage.csv", by="hana")
    found = importing.import_damage(store, request, Site(TOKYO, NOW), map_)
    assert "nothing was imported" in found.refusal
    assert store.read_now(lambda reader: reader.imports.latest()) == []
