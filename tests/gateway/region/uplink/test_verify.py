"""What the region has otherwise than the town is found, and sent again until both are equal."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from gateway.cli import app
from gateway.domain.model import Alert, AlertLevel, Kind
from gateway.region.uplink.asking import ask_digest
from gateway.region.uplink.connection import Connection
from gateway.region.verify import RegionReport, mend, verify
from gateway.store import Store
from gateway.store.recovery import backup
from gateway.store.recovery.restore import put_back
from gateway.store.setting_keys import SettingKey
from tests.gateway.export.influx.kit import LATER, absorb_all, filled
from tests.gateway.region.uplink.equal import check_equal
from tests.gateway.region.uplink.fake_region import FakeRegion, listening
from tests.gateway.region.uplink.kit import TOWN, drain, make_uplink, settings
from tests.gateway.region.uplink.test_uplink import ACTION
from tests.support.samples import TOKYO, at, message, reading

ALERT = Alert(
    id="a1",
    rule="tamper",
    subject="dev-000",
    level=AlertLevel.WARNING,
    observed_at=at(0),
    opened_at=at(0),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(filled(tmp_path)) as opened:
        opened.write_now(lambda tx: tx.acts.add(replace(ACTION, count=2)))
        opened.write_now(lambda tx: tx.alerts.open(ALERT, timedelta(0)))
        yield opened


@pytest.fixture
def region() -> FakeRegion:
    return FakeRegion()


async def compared(store: Store, url: str, *, mended: bool = False) -> RegionReport:
    journal = await store.read(lambda r: r.region.get(SettingKey.JOURNAL))
    with Connection(settings(url)) as connection:
        ask = partial(ask_digest, connection, TOWN, journal or "")
        report = await verify(store, ask, TOKYO, None, LATER)
    if mended:
        await mend(store, report, TOKYO)
    return report


def test_a_town_and_its_region_are_equal_after_all_is_sent(
    store: Store, region: FakeRegion
) -> None:
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        report = asyncio.run(compared(store, url))
    assert (report.differences, report.waiting) == ([], 0)
    assert report.days > 1


@pytest.mark.parametrize("name", ["events", "hours", "days", "actions", "alerts", "devices"])
def test_a_row_deleted_by_hand_is_found_and_mended(
    store: Store, region: FakeRegion, name: str
) -> None:
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        rows = region.kept[name]
        key = next(k for k, (_, r) in rows.items() if getattr(r, "alive_ms", 1))
        rows.pop(key)
        found = asyncio.run(compared(store, url, mended=True))
        assert {one.what.split(".")[0] for one in found.differences} == {name.removesuffix("s")}
        assert len({one.day for one in found.differences}) == 1
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        again = asyncio.run(compared(store, url))
    assert key in rows
    assert (again.differences, again.waiting) == ([], 0)
    check_equal(store, region)


def test_what_is_still_to_be_sent_is_no_difference(store: Store, region: FakeRegion) -> None:
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        absorb_all(
            store, [message(reading("dev-001", Kind.DETECTION, 65, species="boar", id_="x"))]
        )
        report = asyncio.run(compared(store, url))
    assert report.differences == []
    assert report.waiting > 0


def test_events_that_the_town_has_purged_are_no_difference(
    store: Store, region: FakeRegion
) -> None:
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        assert store.write_now(lambda tx: tx.purge(at(60 * 12), 500)) > 10
        report = asyncio.run(compared(store, url))
    assert report.differences == []


def test_a_restored_town_and_its_region_are_equal_again_by_themselves(
    store: Store, region: FakeRegion, tmp_path: Path
) -> None:
    """Control: hours that the town has lost stay in the region until it compares."""
    with listening(region) as url:
        backup.save(store.path, tmp_path / "copy.db")
        lost = [message(reading("dev-001", Kind.HEARTBEAT, 60 * 40 + n * 30)) for n in range(60)]
        absorb_all(store, lost)
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        before = dict(region.rows("hours"))
        store.close()
        put_back(tmp_path / "copy.db", store.path, LATER, force=True)
        with closing(Store(store.path, TOKYO)) as again:
            asyncio.run(drain(make_uplink(again, settings(url)), again))
            assert asyncio.run(compared(again, url)).differences == []
            alive = sum(one.alive_ms for one in region.rows("hours").values())
            sql = "SELECT sum(alive_ms) FROM effort_hour"
            assert again.write_now(lambda tx: tx.execute(sql).fetchall()) == [(alive,)]
    assert alive < sum(one.alive_ms for one in before.values())
    assert len(region.rows("events")) > again_events(tmp_path)


def again_events(folder: Path) -> int:
    with closing(Store(folder / "test.db", TOKYO)) as store:
        return store.read_now(lambda r: r.region.head())


def test_the_command_tells_differences_and_ends_with_1(
    store: Store, region: FakeRegion, tmp_path: Path
) -> None:
    with listening(region) as url:
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        file = tmp_path / "site.toml"
        file.write_text(
            f'[site]\nname = "goto"\n[store]\npath = "{store.path}"\n'
            f'[region]\nurl = "{url}"\ntown = "{TOWN}"\n'
        )
        run = CliRunner().invoke
        equal = run(app, ["region", "verify", "-c", str(file)])
        region.kept["days"].popitem()
        different = run(app, ["region", "verify", "-c", str(file), "--mend"])
        asyncio.run(drain(make_uplink(store, settings(url)), store))
        mended = run(app, ["region", "verify", "-c", str(file), "--json"])
    assert (equal.exit_code, different.exit_code, mended.exit_code) == (0, 1, 0), equal.output
    assert "day" in different.output
    assert '"differences":[]' in mended.output


def test_without_a_region_the_command_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[site]\nname = "goto"\n')
    found = CliRunner().invoke(app, ["region", "verify", "-c", str(file)])
    assert found.exit_code == 1
    assert "region.url is empty" in str(found.exception)
