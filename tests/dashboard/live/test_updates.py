"""The stream of changes: pace, sharing, and its end."""

import asyncio
import contextlib

import pytest

from dashboard.app import Backend, create_app
from dashboard.live import updates as live_module
from dashboard.live.snapshot import Snapshot
from dashboard.live.updates import Live
from dashboard.serve import listen, serve
from gateway.domain.model import Kind
from tests.dashboard.place import Place, ago, reading


async def next_change(live: Live, since: str, within_s: float = 5.0) -> tuple[str, Snapshot]:
    async with asyncio.timeout(within_s):
        return await anext(live.changes(since))


def test_a_new_alert_wakes_a_waiting_page_at_once(place: Place) -> None:

    async def main() -> float:
        live = Live(place.store, place.feed, place.clock)
        async with live.running():
            version, before = await live.snapshot()
            waiting = asyncio.create_task(next_change(live, version))
            await asyncio.sleep(0)
            started = asyncio.get_running_loop().time()
            place.feed.tell(place.hear(reading("trap-05", Kind.SPRUNG, ago(seconds=1))))
            _, after = await waiting
            assert len(after.alerts) == len(before.alerts) + 1
            assert after.devices[-1].id != "trap-05"
            return asyncio.get_running_loop().time() - started

    assert asyncio.run(main()) < 0.5


def test_changes_without_an_alert_are_collected_into_one_update(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "COLLECT_S", 0.05)

    async def main() -> None:
        live = Live(place.store, place.feed, place.clock)
        async with live.running():
            version, _ = await live.snapshot()
            for minutes in range(20, 10, -1):
                place.feed.tell(place.hear(reading("cam-01", Kind.HEARTBEAT, ago(minutes=minutes))))
            second, present = await next_change(live, version)
            received = {one.id: one.last_seen for one in present.devices}
            assert received["cam-01"] == ago(minutes=11)
            assert live.version == second, "ten batches made one change"

    asyncio.run(main())


def test_pages_are_updated_when_only_time_has_passed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "COLLECT_S", 0.02)
    monkeypatch.setattr(live_module, "MAX_AGE_S", 0.06)

    async def main() -> Snapshot:
        live = Live(place.store, place.feed, place.clock)
        async with live.running():
            version, _ = await live.snapshot()
            return (await next_change(live, version))[1]

    assert asyncio.run(main()).devices


def test_many_open_pages_share_one_database_read(place: Place) -> None:

    async def main() -> None:
        live = Live(place.store, place.feed, place.clock)
        async with live.running():
            looks = await asyncio.gather(*(live.snapshot() for _ in range(20)))
            assert all(one[1] is looks[0][1] for one in looks)

    asyncio.run(main())


def test_a_version_of_an_earlier_run_gets_the_whole_content(place: Place) -> None:

    async def main() -> Snapshot:
        live = Live(place.store, place.feed, place.clock)
        async with live.running():
            return (await next_change(live, "0000-7", within_s=1))[1]

    assert asyncio.run(main()).devices


def test_an_app_run_without_its_lifespan_says_so(place: Place) -> None:
    live = Live(place.store, place.feed, place.clock)
    with pytest.raises(RuntimeError, match="lifespan"):
        asyncio.run(next_change(live, ""))


def test_cancelling_ends_the_server_soon_although_streams_are_open(place: Place) -> None:

    async def main() -> float:
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        app = create_app(Backend(place.store, place.feed, place.config, place.clock))
        server = asyncio.create_task(serve(app, listener))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /live?panel=alerts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"text/event-stream" in head
            assert b"event: look" in await reader.readuntil(b"data:")
        started = asyncio.get_running_loop().time()
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
        writer.close()
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(main()) < 3


def test_a_port_in_use_is_an_error_that_names_it() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])
