"""Real calculating pages for tests: the process behind them, and requests without a network."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import Struct, field
from starlette.types import Message, Scope

from dashboard.web.process.child import Child
from dashboard.web.process.forwarding import CalculatingPages
from dashboard.web.process.messages import Settings
from dashboard.web.responses import Reply
from gateway.domain.people.person import UserRole
from tests.dashboard.place import Place
from tests.dashboard.web.process.misbehaving import MARK
from tests.support.people import login

COMMAND = (sys.executable, "-m", "tests.dashboard.web.process.misbehaving")
TARO = login("taro", UserRole.OFFICIAL, "secret-hash")
MAX_WAIT_S = 60.0


class PageResponse(Struct):
    """An answer as it came."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Site:
    """The pages of a database, and the process behind them."""

    def __init__(self, place: Place, limit_s: float = MAX_WAIT_S, idle_s: float = 600.0) -> None:
        self.repaired: list[str] = []
        self.database = place.store.path
        settings = Settings(str(self.database), place.config)
        self.child = Child(settings, COMMAND, idle_s)
        self.pages = CalculatingPages(
            self.child, Reply(place.config), place.clock, self._repair, limit_s
        )

    async def _repair(self, kind: str, fault: str) -> None:
        self.repaired.append(f"{kind}: {fault}")
        self.database.with_name(MARK).touch()

    async def get(
        self, name: str, query: bytes = b"", slow: asyncio.Event | None = None
    ) -> PageResponse:
        """Ask for a page; `slow`: a reader that takes nothing before this is set."""
        response = PageResponse()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                response.status = message["status"]
                response.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            if slow:
                await slow.wait()
            response.body += message.get("body", b"")

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
        return response

    async def pid(self) -> int:
        """Of the process that answers now."""
        return int((await self.get("who")).json["pid"])


async def receive() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def running_site(place: Place, **limits: float) -> AsyncIterator[Site]:
    one = Site(place, **limits)
    async with one.pages.running():
        yield one


def is_unavailable(response: PageResponse, reason: str) -> bool:
    return (response.status, response.headers["retry-after"], reason in response.body.decode()) == (
        503,
        "30",
        True,
    )


async def wait_until_ended(pid: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(MAX_WAIT_S):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC240, PTH110 - no file of a disk
            await asyncio.sleep(0.02)
