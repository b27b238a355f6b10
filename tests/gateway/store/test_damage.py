"""Records of damage: none is lost, the newest of a chain counts, a period and an area choose."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.domain.damage.record import DamageError, DamageRecord, DamageTotals, check, totals
from gateway.domain.geo.areas import Land, parse
from gateway.store import Store
from tests.support.samples import T0, TOKYO

RICE = DamageRecord(
    id="r1",
    day=date(2026, 10, 1),
    lat=32.7,
    lon=128.7,
    crop="水稲",
    species="boar",
    area_m2=300.0,
    amount_yen=42_000,
    by="hana",
    recorded_at=T0,
)
FAR = replace(RICE, id="r2", lat=33.2, crop="甘藷", area_m2=None, amount_kg=120.0, species="deer")
SQUARE = b'{"type":"Polygon","coordinates":[[[128.6,32.6],[128.8,32.6],[128.8,32.8],[128.6,32.6]]]}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database with two records."""
    store = Store(tmp_path / "test.db", TOKYO)
    store.write_now(lambda tx: [tx.damage.add(RICE), tx.damage.add(FAR)])
    yield store
    store.close()


def counted(store: Store, start: date = RICE.day, days: int = 1) -> list[str]:
    end = start + timedelta(days)
    return [one.id for one in store.read_now(lambda reader: reader.damage.between(start, end))]


def test_a_period_includes_its_first_day_and_not_its_end(store: Store) -> None:
    assert counted(store) == ["r1", "r2"]
    assert counted(store, RICE.day - timedelta(1)) == []
    assert counted(store, RICE.day + timedelta(1)) == []


def test_an_area_and_a_species_choose_records(store: Store) -> None:
    area = parse(Land(name="field", near_m=0.0), SQUARE)
    start, end = RICE.day, RICE.day + timedelta(1)
    inside = store.read_now(lambda reader: reader.damage.between(start, end, area))
    deer = store.read_now(lambda reader: reader.damage.between(start, end, species="deer"))
    assert (inside, deer) == ([RICE], [FAR])


def test_a_correction_counts_instead_and_taking_it_back_restores_the_first(store: Store) -> None:
    mended = replace(RICE, id="r3", amount_yen=24_000, replaces="r1")
    undo = replace(RICE, id="r4", replaces="r3", is_undo=True)
    store.write_now(lambda tx: tx.damage.add(mended))
    assert counted(store) == ["r2", "r3"]
    store.write_now(lambda tx: tx.damage.add(undo))
    assert counted(store) == ["r1", "r2"]
    chain = store.read_now(lambda reader: reader.damage.chain("r3"))
    assert [one.id for one in chain] == ["r1", "r3", "r4"], "every record stays"


def test_the_same_record_twice_is_one(store: Store) -> None:
    assert store.write_now(lambda tx: tx.damage.add(replace(RICE, crop="other"))) is False
    assert store.read_now(lambda reader: reader.damage.find("r1")) == RICE


def test_sums_say_how_many_records_state_an_amount() -> None:
    assert totals([RICE, FAR]) == DamageTotals(2, 300.0, 84_000, 120.0, 1, 2, 1)
    assert totals([]) == DamageTotals()


def test_a_photo_of_a_record_is_named(store: Store) -> None:
    store.write_now(lambda tx: tx.damage.add(replace(RICE, id="r5", photos=("ab" * 32,))))
    named = store.read_now(lambda reader: reader.damage.naming("ab" * 32))
    assert [one.id for one in named] == ["r5"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("crop", {"crop": " "}),
        ("day", {"day": date(2026, 11, 2)}),
        ("place", {"lat": 91.0}),
        ("area_m2", {"area_m2": -1.0}),
        ("area_m2", {"area_m2": float("nan")}),
        ("amount_yen", {"amount_yen": 10**11}),
        ("note", {"note": "x" * 501}),
        ("photos", {"photos": ("a",) * 9}),
    ],
)
def test_a_record_that_cannot_be_right_is_refused_by_name(
    field: str, wrong: dict[str, object]
) -> None:
    check(RICE, date(2026, 11, 1))
    with pytest.raises(DamageError) as refused:
        check(replace(RICE, **wrong), date(2026, 11, 1))
    assert refused.value.field == field
