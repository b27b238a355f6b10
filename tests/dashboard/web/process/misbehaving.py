"""The process of the calculating pages with pages that misbehave; run as a program by its tests."""

import asyncio
import os
import time
from pathlib import Path

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard.web.process import pages, worker
from gateway.store.connection import DamagedFileError
from gateway.store.reading import ReadingStore

MARK = "mended"  # a file beside the database: the damage was mended


class Misbehaving:
    """Handlers that take too much, too long, or end the process."""

    def __init__(self, store: ReadingStore, *_: object) -> None:
        self._store, self._clock = store, worker.NOW.get

    def routes(self) -> list[Route]:
        """One address a fault."""
        names = ("who", "eat", "sleep", "abort", "damaged", "large", "exit")
        return [Route(f"/officials/{name}", getattr(self, name)) for name in names]

    async def who(self, request: Request) -> Response:
        account = request.state.account
        answer = {
            "pid": os.getpid(),
            "now": self._clock().isoformat(),
            "name": account and account.name,
            "hash": account and account.password_hash,
            "in reader": await self._store.read(lambda _: self._clock().isoformat()),
        }
        return JSONResponse(answer)

    async def eat(self, request: Request) -> Response:
        def more() -> int:
            kept = []
            while True:
                kept.append(np.ones(1_000_000))

        return Response(str(await asyncio.to_thread(more)))

    async def sleep(self, request: Request) -> Response:
        seconds = float(request.query_params.get("s", "600"))
        await asyncio.to_thread(time.sleep, seconds)
        return Response(b"slept")

    async def abort(self, request: Request) -> Response:
        os.abort()

    async def exit(self, request: Request) -> Response:
        os._exit(3)

    async def damaged(self, request: Request) -> Response:
        if not Path(self._store.path).with_name(MARK).exists():
            raise DamagedFileError("a page is broken")
        return Response(b"whole")

    async def large(self, request: Request) -> Response:
        return Response(b"x" * 20_000_000)


if __name__ == "__main__":
    pages.PAGES.clear()
    pages.PAGES["/officials"] = "tests.dashboard.web.process.misbehaving:Misbehaving"
    worker.main()
