"""What leaves a town: as exact as agreed, without people, and always in a form that the region takes."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.model import ActionKind, Alert, AlertLevel, Device, Position, Role, TrapAction
from gateway.domain.people.agreement import Agreement, ShareLevel, revoked
from gateway.region.protocol import Block, Lane, decode_block, encode_block
from gateway.region.uplink import outgoing
from gateway.store import Store
from gateway.store.rollups.hours import Rollup
from tests.gateway.export.influx.kit import LATER, filled
from tests.gateway.region.uplink import kit
from tests.gateway.region.uplink.fake_region import FakeRegion, as_json, listening
from tests.gateway.region.uplink.kit import TOWN, drain, make_uplink
from tests.support.samples import TOKYO, at

PLACE = (32.697512, 128.843219)
TRAP = Device(
    id="dev-000", role=Role.TRAP, name="奥の谷の上", area="三井楽", lat=PLACE[0], lon=PLACE[1]
)
ACTION = TrapAction(
    id="act-1",
    device="dev-000",
    deed=ActionKind.CAPTURED,
    at=at(1),
    by="yamada-hanako",
    recorded_at=at(1),
    note="秘密の覚え書き",
    photo="写真の置き場",
    fields={"owner": "田中の畑"},
    photos=("ab" * 32,),
    position=Position(*PLACE, 5.0),
    species="boar",
    count=1,
)
ALERT = Alert(
    id="a1",
    rule="living_area",
    subject="三井楽の集落",
    level=AlertLevel.DANGER,
    observed_at=at(0),
    opened_at=at(0),
    device="dev-000",
    note="北へ200m",
    acknowledged_by="yamada-hanako",
    resolved_by="sato-jiro",
)
PEOPLE = ("yamada", "sato", "秘密", "写真", "田中", "北へ", "abab")
NAMES = ("奥の谷", "三井楽")


def agreement(level: ShareLevel, **more: Any) -> Agreement:
    usual = Agreement(
        id=f"g-{level}",
        giver=TOWN,
        taker="prefecture",
        level=level,
        from_day=at(0).date(),
        made_at=at(0),
        made_by="yamada-hanako",
        note="秘密",
    )
    return replace(usual, **more)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(filled(tmp_path, hours=5)) as opened:
        opened.write_now(lambda tx: tx.put_device(TRAP))
        opened.write_now(lambda tx: tx.acts.add(ACTION))
        opened.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
        yield opened


def sent(store: Store, *agreements: Agreement, batch: int = 500) -> tuple[FakeRegion, str]:
    """What the region gets, and all of it as one text."""
    region = FakeRegion()
    for one in agreements:
        store.write_now(lambda tx, each=one: tx.agreements.put(each))  # type: ignore[misc]
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, kit.settings(url, batch=batch)), store))
    return region, as_json([msgspec.to_builtins(block) for block in region.blocks])


def test_without_an_agreement_no_place_and_no_name_of_one_leaves(store: Store) -> None:
    region, text = sent(store)
    trap = region.rows("devices")["dev-000",]
    assert (trap.lat, trap.lon, trap.mesh1km, trap.mesh5km, trap.name) == (None, None, "", "", "")
    assert [word for word in (*PEOPLE, *NAMES, "32.6", "128.8", "4929") if word in text] == []
    assert region.rows("alerts")["a1",].subject == outgoing.AREA


@pytest.mark.parametrize(("level", "digits"), [(ShareLevel.KM5, 7), (ShareLevel.KM1, 8)])
def test_squares_leave_and_nothing_finer(store: Store, level: ShareLevel, digits: int) -> None:
    region, text = sent(store, agreement(level))
    trap = region.rows("devices")["dev-000",]
    finest = trap.mesh1km or trap.mesh5km
    assert len(finest) == digits
    assert (trap.lat, trap.lon) == (None, None)
    assert [word for word in (*PEOPLE, *NAMES, "32.6", "128.8") if word in text] == []
    assert region.town.level == level
    assert region.rows("agreements")[f"g-{level}",].taker == "prefecture"


def test_exact_places_leave_only_where_they_are_given(store: Store) -> None:
    region, text = sent(store, agreement(ShareLevel.KM5), agreement(ShareLevel.EXACT))
    trap = region.rows("devices")["dev-000",]
    assert (trap.lat, trap.lon, trap.name) == (*PLACE, TRAP.name)
    assert [word for word in PEOPLE if word in text] == []
    assert "accuracy" not in text


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_all_agreements_arrive_also_more_than_a_block_holds(store: Store, batch: int) -> None:
    made = [agreement(ShareLevel.KM5, id=f"g{n}", taker=f"office-{n}") for n in range(8)]
    region, _ = sent(store, *made, batch=batch)
    assert {key[0] for key in region.rows("agreements")} == {one.id for one in made}
    assert max(block.rows for block in region.blocks) <= batch or batch == 1
    assert region.town.level == ShareLevel.KM5


def test_when_an_agreement_ends_devices_are_sent_again_without_what_was_finer(
    store: Store,
) -> None:
    exact = agreement(ShareLevel.EXACT)
    region = FakeRegion()
    store.write_now(lambda tx: tx.agreements.put(exact))
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, kit.settings(url)), store))
        assert region.rows("devices")["dev-000",].lat == PLACE[0]
        store.write_now(lambda tx: tx.agreements.put(revoked(exact, "yamada", LATER)))
        asyncio.run(drain(make_uplink(store, kit.settings(url)), store))
    assert all(one.lat is None and not one.name for one in region.rows("devices").values())
    assert region.rows("alerts")["a1",].subject == outgoing.AREA
    assert region.town.level == ""


def test_an_agreement_that_ends_by_its_last_day_counts_without_a_restart(store: Store) -> None:
    last = agreement(ShareLevel.EXACT, until_day=LATER.astimezone(TOKYO).date())
    now = [LATER]
    region = FakeRegion()
    store.write_now(lambda tx: tx.agreements.put(last))
    with listening(region) as url:

        async def act() -> None:
            uplink = make_uplink(store, kit.settings(url), lambda: now[0])
            async with kit.sending(uplink):
                await kit.until(lambda: ("dev-000",) in region.rows("devices"), "the device")
                assert region.rows("devices")["dev-000",].lat == PLACE[0]
                now[0] += timedelta(days=1)
                await kit.until(
                    lambda: region.rows("devices")["dev-000",].lat is None, "a coarser place"
                )

        asyncio.run(act())


texts = st.text(max_size=700)
anything = st.integers() | st.none()


@settings(max_examples=60)
@given(
    st.tuples(texts, texts, texts),
    st.tuples(anything, anything, anything),
    st.none() | st.binary(max_size=60) | st.just(b'{"battery_v":1e300,"media":"x","rssi_dbm":-90}'),
    st.integers(0, 1 << 62),
)
def test_whatever_stands_in_a_row_the_region_takes_its_record(
    words: tuple[str, str, str],
    numbers: tuple[int | None, int | None, int | None],
    facts: bytes | None,
    moment: int,
) -> None:
    id_, device, species = words
    row = (7, id_, device, "detection", moment, moment, "device", *numbers, species, 1, 0, facts)
    seen = ((species, 1, 1, 1),)
    block = Block(
        journal="0" * 32,
        version=1,
        lane=Lane.STATE,
        sent_ms=0,
        events=(outgoing.event_record(row),),
        hours=(outgoing.period_record(Rollup(1, 1, device, None, None, seen)),),
        devices=(outgoing.device_record(Device(id=device, role=Role.TRAP, name=id_), None),),
        alerts=(outgoing.alert_record(replace(ALERT, subject=id_, how=species), {id_}, None),),
        actions=(outgoing.action_record(replace(ACTION, species=species, weight_kg=-1.0), True),),
    )
    decode_block(encode_block(block))
