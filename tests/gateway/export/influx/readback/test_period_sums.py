"""With ``[dashboard] history = "influx"`` maps and figures are made of the server's sums: the same ones."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from gateway.app import build
from gateway.config import Config, ConfigError, Dashboard, Influx, Site
from gateway.config import StoreSettings as StoreSettings
from gateway.domain.model import Device, Kind, Role
from gateway.export.influx.readback.period_sums import PastPeriodReads, use_history
from gateway.store import Store
from gateway.store.rollups.periods import PeriodReads
from tests.gateway.export.influx.kit import (
    SITE,
    absorb_all,
    database,
    filled,
    forward_all,
    settings,
)
from tests.support.samples import message, reading
from tests.support.servers import Influxd

T = TypeVar("T")
BLIND = Device(id="eye", role=Role.DETECTOR)
ASK: dict[str, Callable[[PeriodReads], object]] = {
    "span": lambda ledger: ledger.span_days(),
    "sums": lambda ledger: ledger.sums(0, 30_000),
    "sums of a day": lambda ledger: ledger.sums(20_758, 20_759),
    "sums of a species": lambda ledger: ledger.sums(0, 30_000, "boar"),
    "effort": lambda ledger: ledger.effort(0, 30_000),
    "effort of a day": lambda ledger: ledger.effort(20_758, 20_759),
    "species": lambda ledger: ledger.species(0, 30_000),
    "blind": lambda ledger: ledger.blind(0, 30_000),
}


def config(influx: Influx) -> Config:
    return Config(site=Site(name=SITE), influx=influx, dashboard=Dashboard(history="influx"))


async def lending(store: Store, influx: Influx, question: Callable[[], Awaitable[T]]) -> T:
    async with use_history(config(influx), store):
        return await question()


@pytest.mark.parametrize("name", ASK)
def test_figures_from_the_server_are_those_of_the_store(
    name: str, tmp_path: Path, influxd: Influxd
) -> None:
    store = filled(tmp_path)
    store.write_now(lambda tx: tx.put_device(BLIND))
    absorb_all(store, [message(reading("eye", Kind.DETECTION, 90, species="unknown"))])
    own = store.read_now(lambda r: ASK[name](r.period_reads))

    async def forwarded() -> object:
        async with database(settings(influxd)):
            await forward_all(store, settings(influxd), SITE)
        return None

    asyncio.run(forwarded())
    empty = filled(tmp_path / "empty", count=6, hours=0)  # knows the devices, has seen nothing

    empty.write_now(lambda tx: tx.put_device(BLIND))

    async def asked() -> tuple[bool, object]:
        return await empty.read(
            lambda r: (isinstance(r.period_reads, PastPeriodReads), ASK[name](r.period_reads))
        )

    assert asyncio.run(lending(empty, settings(influxd), asked)) == (True, own)
    assert own


def test_without_the_server_the_page_is_shown_with_a_logged_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = filled(tmp_path)
    own = store.read_now(lambda r: r.period_reads.sums(0, 30_000))
    gone = Influx(url="http://127.0.0.1:9", timeout_s=2)
    with caplog.at_level(logging.WARNING):
        sums = asyncio.run(
            lending(store, gone, lambda: store.read(lambda r: r.period_reads.sums(0, 30_000)))
        )
    assert sums == own
    assert "own store: InfluxDB: ClientConnectorError" in caplog.text


def test_the_setting_without_a_server_is_refused(tmp_path: Path) -> None:
    wrong = Config(
        dashboard=Dashboard(history="influx"), store=StoreSettings(path=str(tmp_path / "x.db"))
    )
    with pytest.raises(ConfigError, match=r"needs influx\.url"):
        build(wrong)
