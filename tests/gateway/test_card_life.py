"""The forecast of a card's life: from what the kernel counts to a sentence on the page."""

import asyncio
import time
from pathlib import Path

import pytest

from dashboard.installer.card import read_card
from gateway.metrics.card_life import AMPLIFICATION, LONGEST_YEARS, Written, forecast
from gateway.metrics.written import GROUP, Sample, WrittenWatch, stored
from gateway.store import Store
from tests.support.samples import open_store

MB = 1_000_000


def test_ten_mb_an_hour_last_a_card_of_four_tb_about_eleven_years() -> None:
    life = forecast(Written(hours=24, gateway=24 * 8 * MB, broker=24 * 2 * MB), 4.0)
    assert (life.gateway_mb_h, life.broker_mb_h, life.disk_mb_h) == (8, 2, None)
    assert life.years == pytest.approx(4e12 / AMPLIFICATION / (10 * MB * 8_766))
    assert 11 < (life.years or 0) < 12


def test_what_other_programs_write_counts_where_the_disk_tells_it() -> None:
    ours = forecast(Written(hours=1, gateway=8 * MB, broker=2 * MB), 4.0)
    alone = forecast(Written(hours=1, gateway=8 * MB, broker=2 * MB, disk=20 * MB), 4.0)
    assert (ours.years or 0) == pytest.approx(2 * (alone.years or 0))


def test_nothing_told_is_no_forecast_and_nothing_written_is_not_for_ever() -> None:
    assert forecast(Written(hours=1), 4.0).years is None
    assert forecast(Written(hours=1, gateway=1.0), 4.0).years == LONGEST_YEARS


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_what_was_written_is_kept_for_the_page_and_begins_again_with_the_broker(
    store: Store, tmp_path: Path
) -> None:
    watch = WrittenWatch(store, tmp_path / "pid")

    def after(at_s: float, gateway: float, broker: float | None, disk: float | None) -> None:
        asyncio.run(watch.look(Sample(at_s, gateway, broker, disk)))

    after(0, 5 * MB, 1 * MB, None)
    assert store.read_now(stored) is None
    assert store.read_now(lambda r: read_card(r, 5.0)) is None
    after(7_200, 25 * MB, 3 * MB, None)
    assert store.read_now(stored) == Written(hours=2, gateway=20 * MB, broker=2 * MB)
    after(10_800, 35 * MB, 0.5 * MB, None)  # the broker was started again
    after(14_400, 45 * MB, 1.5 * MB, None)
    assert store.read_now(stored) == Written(hours=1, gateway=10 * MB, broker=1 * MB)
    card = store.read_now(lambda r: read_card(r, 5.0))
    assert card is not None
    assert card.life.gateway_mb_h == 10
    store.close()


def test_the_broker_is_read_from_its_group_or_its_process(store: Store, tmp_path: Path) -> None:
    system, pid_file = tmp_path / "root", tmp_path / "mosquitto.pid"
    watch = WrittenWatch(store, pid_file, system)
    assert watch.sample(0).broker is None
    pid_file.write_text("77\n")
    (system / "proc/77").mkdir(parents=True)
    (system / "proc/77/io").write_text("rchar: 1\nwrite_bytes: 4096\n")
    assert watch.sample(0).broker == 4_096
    group = system / GROUP
    group.parent.mkdir(parents=True)
    group.write_text("179:0 rbytes=1 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n")
    assert watch.sample(0).broker == 8_192
    store.close()


def test_our_own_bytes_are_those_of_this_process(store: Store, tmp_path: Path) -> None:
    watch = WrittenWatch(store, tmp_path / "pid")
    before = watch.sample(0).gateway
    with (tmp_path / "much").open("wb") as file:
        file.write(bytes(2 * MB))
        file.flush()
    after = watch.sample(time.monotonic()).gateway
    assert before is not None
    assert after is not None
    assert after - before >= 1.9 * MB
    store.close()
