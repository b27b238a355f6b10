"""The officials' pages look the same, whichever history they are made of."""

import asyncio
import logging
import re
import urllib.request
from pathlib import Path

import msgspec
import pytest

from gateway.config import Config, Dashboard, Influx, Site
from gateway.export.influx.readback.influx import InfluxHistory
from gateway.export.influx.readback.period_sums import use_history
from tests.dashboard.office.county import County
from tests.gateway.export.influx.kit import SITE, database, forward_all, settings
from tests.support.servers import Influxd

PAGES = (
    "/officials?month=2026-10&species=boar",
    "/officials?month=2026-10&against=year",
    "/officials/figures?month=2026-10",
)


def settled(folder: Path) -> County:
    """A municipality in a folder of its own."""
    folder.mkdir()
    return County(folder).settle()


def fetched(county: County) -> list[bytes]:
    """The bodies of all PAGES, without what is drawn by lot."""
    with county.served() as url:
        bodies = [urllib.request.urlopen(url + page, timeout=30).read() for page in PAGES]
    return [re.sub(rb' nonce="[^"]+"|[0-9a-f]{32}', b"", body) for body in bodies]


async def forward(county: County, influx: Influx) -> None:
    """Bring everything to the server."""
    async with database(influx):
        await forward_all(county.store, influx, SITE)


async def fetched_from_the_server(county: County, influx: Influx) -> list[bytes]:
    """The same while the sums are lent by the server."""
    config = Config(site=Site(name=SITE), influx=influx, dashboard=Dashboard(history="influx"))
    async with use_history(config, county.store):
        return await asyncio.to_thread(fetched, county)


@pytest.mark.long
def test_a_page_of_the_process_that_calculates_is_the_same_from_either_history(
    tmp_path: Path, influxd: Influxd, capfd: pytest.CaptureFixture[str]
) -> None:
    own, lender = settled(tmp_path / "own"), settled(tmp_path / "lender")
    expected = fetched(own)
    influx = settings(influxd)
    asyncio.run(forward(lender, influx))
    past = msgspec.structs.replace(lender.config.dashboard, history="influx")
    site = msgspec.structs.replace(lender.config.site, name=SITE)
    lender.config = msgspec.structs.replace(lender.config, dashboard=past, influx=influx, site=site)
    lender.apart = True
    assert fetched(lender) == expected
    assert "own store" not in capfd.readouterr().err
    influxd.stop()
    assert fetched(lender) == expected, "without the server from the gateway's own sums"
    assert "own store" in capfd.readouterr().err
    own.store.close()
    lender.store.close()


def test_a_page_is_the_same_from_either_history(
    tmp_path: Path,
    influxd: Influxd,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, lender = settled(tmp_path / "own"), settled(tmp_path / "lender")
    asyncio.run(forward(lender, settings(influxd)))
    lender.store.close()
    again = County(tmp_path / "lender")  # its readers are new
    asked: list[str] = []
    for name in ("totals", "effort", "species", "blind", "span"):
        original = getattr(InfluxHistory, name)

        def noting(
            self: object, *span: object, name: str = name, original: object = original
        ) -> object:
            asked.append(name)
            return original(self, *span)  # type: ignore[operator]

        monkeypatch.setattr(InfluxHistory, name, noting)
    with caplog.at_level(logging.WARNING):
        pages = asyncio.run(fetched_from_the_server(again, settings(influxd)))
    assert pages == fetched(own)
    assert all(b"<h1" in page for page in pages)
    assert set(asked) == {"totals", "effort", "species", "blind", "span"}
    assert "own store" not in caplog.text
    own.store.close()
    again.store.close()
