"""A real hub on a real database, in the test's own event loop; a client that speaks as a town.

Owns starting both. Must not know what a test promises.
"""

import asyncio
import contextlib
import io
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from gateway.region.hub.enrolment import enrol
from gateway.region.hub.migrations import migrate
from gateway.region.hub.service import Hub, create_app, opened, serve
from gateway.region.hub.settings import HubSettings
from gateway.region.protocol import (
    BLOCK_TYPE,
    SESSION,
    Answer,
    Block,
    Digest,
    decode_answer,
    digest_path,
    encode_block,
    uplink_path,
)
from tests.support.processes.child import Child
from tests.support.servers import free_port

SERIAL = "A1"
JOURNAL = "0" * 31 + "1"
FAR = datetime(2100, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 1, 3, tzinfo=UTC)  # 12:00 in Japan


class Reply(Struct, frozen=True):
    """An answer of the hub with its status."""

    status: int
    answer: Answer
    retry_after: str = ""


class Town:
    """A town that sends: its blocks get growing versions of one session."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, name: str, serial: str = SERIAL
    ) -> None:
        self.http, self.url, self.name = http, url, name
        self.headers = {"X-Shishigaki-Town": name, "X-Shishigaki-Serial": serial}
        self.journal, self.session, self.blocks = JOURNAL, 1, 0

    def block(self, **parts: Any) -> Block:
        """The next block of its session."""
        self.blocks += 1
        given = {"lane": "state", "sent_ms": 0, "journal": self.journal, **parts}
        return Block(version=self.session * SESSION + self.blocks, **given)

    async def send(self, block: Block) -> Reply:
        """POST a block."""
        return await self.post(encode_block(block))

    async def post(self, body: bytes) -> Reply:
        """POST any body."""
        headers = {**self.headers, "Content-Type": BLOCK_TYPE}
        url = self.url + uplink_path(self.name)
        async with self.http.post(url, data=io.BytesIO(body), headers=headers) as response:
            return await self._reply(response)

    async def ask(self) -> Reply:
        """What the hub knows of the journal."""
        url = f"{self.url}{uplink_path(self.name)}?journal={self.journal}"
        async with self.http.get(url, headers=self.headers) as response:
            return await self._reply(response)

    async def digest(self, first: int, last: int) -> Digest:
        """The hub's counts of the days [first, last)."""
        url = f"{self.url}{digest_path(self.name)}?journal={self.journal}&from={first}&to={last}"
        async with self.http.get(url, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            return decode_answer(await response.read(), Digest)

    async def _reply(self, response: aiohttp.ClientResponse) -> Reply:
        answer = decode_answer(await response.read(), Answer)
        return Reply(response.status, answer, response.headers.get("Retry-After", ""))


class RunningHub:
    """A hub that answers, its database as the superuser sees it, and its towns."""

    def __init__(
        self, hub: Hub, owner: "asyncpg.Connection[Any]", http: aiohttp.ClientSession, url: str
    ) -> None:
        self.hub, self.owner, self.http, self.url = hub, owner, http, url
        self.process = Child(Path("/dev/null"))  # where it runs `alone`

    def memory_mb(self) -> float:
        """The most that the process of its own has taken."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1_000

    async def enrol(self, name: str, serial: str = SERIAL, **more: Any) -> Town:
        """A new town that may send."""
        await enrol(self.owner, name, serial, FAR, **more)
        return self.town(name, serial)

    def town(self, name: str, serial: str = SERIAL) -> Town:
        """A town that was enrolled."""
        return Town(self.http, self.url, name, serial)


@contextlib.asynccontextmanager
async def running_hub(
    database: str, *, alone: bool = False, **settings: Any
) -> AsyncIterator[RunningHub]:
    """A hub with its tables on an empty database; ends with the block.

    `alone`: the receiver runs as the command does, in a process of its own; `hub` is another one's parts.
    """
    owner = await asyncpg.connect(database)
    await migrate(owner)
    port = free_port()
    told = HubSettings(database=database, listen=f"127.0.0.1:{port}")
    url = f"http://127.0.0.1:{port}"
    timeout = aiohttp.ClientTimeout(total=60)
    async with (
        opened(replace(told, **settings)) as hub,
        aiohttp.ClientSession(timeout=timeout) as http,
    ):
        running = RunningHub(hub, owner, http, url)
        work = _process(running) if alone else serve(hub, create_app(hub))
        serving = asyncio.create_task(work)
        try:
            await _answers(http, url, serving)
            yield running
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            await owner.close()


async def _process(running: RunningHub) -> None:
    """`shishigaki region hub` until cancelled."""
    settings = running.hub.settings
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hub.toml"
        file.write_text(f'database = "{settings.database}"\nlisten = "{settings.listen}"\n')
        running.process = child = Child(Path(folder) / "log")
        child.start([sys.executable, "-m", "gateway", "region", "hub", "-c", str(file)])
        try:
            while not child.has_ended():
                await asyncio.sleep(0.1)
            raise AssertionError(child.log)
        finally:
            child.end(signal.SIGTERM)


async def _answers(http: aiohttp.ClientSession, url: str, serving: "asyncio.Task[None]") -> None:
    for _ in range(1_000):
        if serving.done():
            await serving
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with http.get(f"{url}/healthz") as response:
                if response.status == 200:
                    return
        await asyncio.sleep(0.02)
    raise AssertionError("the hub does not answer")


def hours_ago(hours: float) -> datetime:
    """A moment before now."""
    return datetime.now(UTC) - timedelta(hours=hours)
