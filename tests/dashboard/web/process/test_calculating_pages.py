"""dashboard.web.process: whatever a calculation does, the gateway answers, in words, and pays nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct, field
from starlette.types import Message, Scope

from dashboard.web.process import forwarding, messages
from dashboard.web.process.child import Child
from dashboard.web.process.forwarding import CalculatingPages
from dashboard.web.process.messages import Settings
from dashboard.web.process.pages import MAX_CALCULATIONS, MAX_REQUESTS
from dashboard.web.responses import Reply
from gateway.config import Config
from gateway.domain.people.person import UserRole
from tests.dashboard.client import Client
from tests.dashboard.place import CAMERAS, NOW, Place
from tests.dashboard.web.process.misbehaving import MARK
from tests.support.people import login

COMMAND = (sys.executable, "-m", "tests.dashboard.web.process.misbehaving")
TARO = login("taro", UserRole.OFFICIAL, "secret-hash")
PATIENCE_S = 60.0


class Told(Struct):
    """An answer as it came."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Site:
    """The pages of a database, and the process behind them."""

    def __init__(self, place: Place, limit_s: float = PATIENCE_S, idle_s: float = 600.0) -> None:
        self.mended: list[str] = []
        self.database = place.store.path
        settings = Settings(str(self.database), place.config)
        self.child = Child(settings, COMMAND, idle_s)
        self.pages = CalculatingPages(
            self.child, Reply(place.config), place.clock, self._mend, limit_s
        )

    async def _mend(self, kind: str, fault: str) -> None:
        self.mended.append(f"{kind}: {fault}")
        self.database.with_name(MARK).touch()

    async def get(self, name: str, query: bytes = b"", slow: asyncio.Event | None = None) -> Told:
        """Ask for a page; `slow`: a reader that takes nothing before this is set."""
        told = Told()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.status = message["status"]
                told.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            if slow:
                await slow.wait()
            told.body += message.get("body", b"")

        scope: Scope = {
            "type": "http",
            "method": "GET",
            "path": f"/officials/{name}",
            "query_string": query,
            "headers": [(b"accept-language", b"ja")],
            "state": {"account": TARO},
            "server": None,
        }
        await self.pages.answer(scope, receive, send)
        return told

    async def pid(self) -> int:
        """Of the process that answers now."""
        return int((await self.get("who")).json["pid"])


async def receive() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def site(place: Place, **limits: float) -> AsyncIterator[Site]:
    one = Site(place, **limits)
    async with one.pages.running():
        yield one


def said(told: Told, word: str) -> bool:
    return (told.status, told.headers["retry-after"], word in told.body.decode()) == (
        503,
        "30",
        True,
    )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.store.close()


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(PATIENCE_S):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC240, PTH110 - no file of a disk
            await asyncio.sleep(0.02)


def test_a_request_is_answered_elsewhere_at_the_gateways_time_and_for_its_account(
    place: Place,
) -> None:
    async def run() -> Told:
        async with site(place) as one:
            return await one.get("who")

    told = asyncio.run(run())
    assert told.json["pid"] != os.getpid()
    assert told.json["now"] == told.json["in reader"] == NOW.isoformat()
    assert (told.json["name"], told.json["hash"]) == ("taro", "")


@pytest.mark.parametrize("name", ["abort", "exit"])
def test_a_calculation_that_ends_its_process_is_told_and_the_next_has_a_new_one(
    place: Place, name: str
) -> None:
    async def run() -> None:
        async with site(place) as one:
            first = await one.pid()
            assert said(await one.get(name), "計算が途中で止まりました")
            assert await one.pid() != first

    asyncio.run(run())


def test_a_calculation_that_is_killed_is_told_and_the_next_has_a_new_process(place: Place) -> None:
    async def run() -> None:
        async with site(place) as one:
            first = await one.pid()
            asking = asyncio.create_task(one.get("sleep"))
            await asyncio.sleep(0)
            while one.pages.calculating == 0:
                await asyncio.sleep(0.02)
            os.kill(first, signal.SIGKILL)
            assert said(await asking, "計算が途中で止まりました")
            assert await one.pid() != first

    asyncio.run(run())


def test_a_process_killed_while_idle_costs_nobody_an_answer(place: Place) -> None:
    async def run() -> None:
        async with site(place) as one:
            for _ in range(5):
                first = await one.pid()
                os.kill(first, signal.SIGKILL)
                assert await one.pid() != first

    asyncio.run(run())


def test_a_calculation_that_needs_too_much_memory_is_told_so(place: Place) -> None:
    async def run() -> None:
        async with site(place) as one:
            first = await one.pid()
            assert said(await one.get("eat"), "計算にメモリが足りません")
            assert await one.pid() != first

    asyncio.run(run())


def test_a_calculation_that_takes_too_long_is_ended_and_told_so(place: Place) -> None:
    async def run() -> None:
        async with site(place, limit_s=3.0) as one:
            first = await one.pid()
            assert said(await one.get("sleep"), "計算に時間がかかりすぎる")
            await gone(first)
            assert await one.pid() != first

    asyncio.run(run())


def test_a_neighbour_of_a_calculation_that_is_ended_is_answered_all_the_same(place: Place) -> None:
    async def run() -> None:
        async with site(place) as one:
            await one.pid()
            slow = asyncio.create_task(one.get("sleep", b"s=2"))
            while one.pages.calculating == 0:
                await asyncio.sleep(0.02)
            assert said(await one.get("eat"), "計算にメモリが足りません")
            assert (await slow).body == b"slept"

    asyncio.run(run())


def test_calculations_are_bounded_and_whoever_comes_beyond_is_told_to_come_again(
    place: Place,
) -> None:
    async def run() -> None:
        async with site(place) as one:
            await one.pid()
            asking = [asyncio.create_task(one.get("sleep", b"s=0.5")) for _ in range(MAX_REQUESTS)]
            while one.pages.calculating < MAX_CALCULATIONS:
                await asyncio.sleep(0.02)
            assert said(await one.get("who"), "混み合っています")
            most = 0
            while not all(task.done() for task in asking):
                most = max(most, one.pages.calculating)
                await asyncio.sleep(0.02)
            assert {task.result().body for task in asking} == {b"slept"}
            assert most == MAX_CALCULATIONS

    asyncio.run(run())


def test_readers_on_slow_lines_keep_nobody_from_calculating(place: Place) -> None:
    async def run() -> None:
        async with site(place) as one:
            taken = asyncio.Event()
            slow = [
                asyncio.create_task(one.get("large", slow=taken))
                for _ in range(MAX_CALCULATIONS + 1)
            ]
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(5):
                    await one.pid()
            taken.set()
            assert {len(told.body) for told in await asyncio.gather(*slow)} == {20_000_000}

    asyncio.run(run())


def test_an_idle_process_is_ended_and_the_next_request_starts_one(place: Place) -> None:
    async def run() -> None:
        async with site(place, idle_s=0.5) as one:
            first = await one.pid()
            await gone(first)
            assert one.child.pid is None
            assert await one.pid() != first

    asyncio.run(run())


def test_at_the_gateways_end_no_process_is_left(place: Place) -> None:
    async def run() -> int:
        async with site(place) as one:
            return await one.pid()

    pid = asyncio.run(run())
    assert not Path(f"/proc/{pid}").exists()


def test_damage_that_a_page_finds_is_mended_by_the_gateway_and_the_page_is_answered(
    place: Place,
) -> None:
    async def run() -> None:
        async with site(place) as one:
            assert (await one.get("damaged")).body == b"whole"
            assert one.mended == ["damaged: a page is broken"]

    asyncio.run(run())


def test_a_database_that_was_put_aside_and_written_anew_is_read_anew(place: Place) -> None:
    place.apart = True
    with place.served() as url:
        assert Client(url).get("/officials").status_code == 200
        place.store.write_now(lambda tx: tx.put_device(CAMERAS[0]))
        asyncio.run(place.store.mend("a test says so"))
        place.store.write_now(lambda tx: tx.put_device(CAMERAS[1]))
        shown = [Client(url).get("/officials/map.html").text for _ in range(4)]
    for page in shown:  # whichever reader's thread answers
        assert CAMERAS[0].name in page
        assert CAMERAS[1].name in page


def test_an_office_file_that_cannot_be_used_is_told_and_not_a_bug(place: Place) -> None:
    place.config = msgspec.convert({"office": {"boundary": ["nowhere.geojson"]}}, Config)
    place.apart = True
    with place.served() as url:
        answer = Client(url).get("/officials")
    assert (answer.status_code, "[office] のファイルを確かめて" in answer.text) == (503, True)


def test_the_settings_come_over_whole() -> None:
    config = msgspec.convert(
        {
            "site": {"name": "goto"},
            "areas": [{"name": "港", "file": "a.geojson"}],
            "models": {"acme": {"title": "Acme", "fields": {"gate": {"up": "contact"}}}},
            "dashboard": {"centre": [32.7, 128.8]},
            "rota": [{"people": ["taro"], "since": "2026-11-15"}],
        },
        Config,
    )
    sent = messages.encode(Settings("s.db", config))
    assert messages.decode(sent, type=Settings) == Settings("s.db", config)
    assert len(sent) < messages.LARGEST_CONTROL
    assert forwarding.CALCULATE_S > 0
