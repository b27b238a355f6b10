"""Ticks in the running service: the outside heartbeat, the gateway's own faults, certificates."""

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.alerts.scheduler import AlertScheduler, request_url
from gateway.mqtt.certificate import not_after
from gateway.store import DiskError
from gateway.store.feed import Feed
from tests.gateway.alerts.channels.provider import BROKEN, OK, PORTAL, providing
from tests.gateway.alerts.site import Site
from tests.support.certificates import make_certificate


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()


def ticker(site: Site, feed: Feed) -> AlertScheduler:
    return AlertScheduler(
        site.store,
        feed,
        site.policy,
        lambda: {"disk": "full"},
        lambda: site.listening,
        lambda: site.now,
    )


def test_open_pages_get_what_a_tick_changed(site: Site) -> None:
    async def run() -> list[str]:
        feed = Feed()
        with feed.listen() as outcomes:
            await ticker(site, feed).once()
            async with asyncio.timeout(5):
                return [alert.subject for alert in (await anext(outcomes)).opened]

    assert asyncio.run(run()) == ["disk"]


def test_the_outside_is_called_only_while_ticks_go_well(tmp_path: Path) -> None:
    async def run(site: Site) -> tuple[int, int]:
        one = ticker(site, Feed())
        beating = asyncio.create_task(one.beat())
        await asyncio.sleep(0.3)
        silent = len(provider.calls)
        await one.once()
        async with asyncio.timeout(5):
            while not provider.calls:
                await asyncio.sleep(0.02)
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        return silent, len(provider.calls)

    with providing(lambda _: OK) as provider:
        alerts = {"heartbeat_url": f"{provider.url}/ping", "heartbeat_s": 0.05}
        site = Site(tmp_path, {"alerts": alerts})
        silent, received = asyncio.run(run(site))
        site.store.close()
    assert silent == 0
    assert received >= 1


def test_a_disk_that_refuses_stops_the_heartbeat_and_not_the_ticker(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ticker(site, Feed())
    asyncio.run(one.once())
    assert one.ticked

    async def refuse(_: object) -> None:
        raise DiskError("full")

    monkeypatch.setattr(site.store, "write", refuse)
    asyncio.run(one.once())
    assert not one.ticked


@pytest.mark.parametrize(("answer", "received"), [(OK, True), (PORTAL, False), (BROKEN, False)])
def test_a_portal_is_not_the_outside(
    answer: tuple[int, dict[str, str], bytes], received: bool
) -> None:
    with providing(lambda _: answer) as provider:
        assert asyncio.run(request_url(provider.url)) is received


def test_nobody_outside_is_no_error() -> None:
    assert asyncio.run(request_url("http://127.0.0.1:9/")) is False


@pytest.mark.parametrize("days", [1, 20_000])
def test_the_end_of_a_certificate_is_read(tmp_path: Path, days: int) -> None:
    make_certificate(tmp_path / "cert.pem", tmp_path / "key.pem", "broker", days)
    ends = not_after((tmp_path / "cert.pem").read_text())
    assert abs(ends - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="certificate"):
        not_after(text)
