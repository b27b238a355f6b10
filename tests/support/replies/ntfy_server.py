"""A server that behaves as ntfy's topics do: POST publishes, GET /TOPIC/json streams, `since` goes back.

Owns the stream. Runs in a thread with a loop of its own.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tests.support.servers import wait_for


class NtfyServer:
    """Topics in memory."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.streams = 0  # opened so far
        self.open: set[web.StreamResponse] = set()
        self.raw: list[bytes] = []  # sent as they are to every new stream
        self.status = 200
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._news = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, topic: str, message: str) -> None:
        """Publish from another thread, as a phone does."""
        asyncio.run_coroutine_threadsafe(self._keep(topic, message), self._loop).result(20)

    def cut(self) -> None:
        """End all streams, as a restart of the server does."""

        async def end() -> None:
            for stream in list(self.open):
                if stream._req is not None and stream._req.transport is not None:
                    stream._req.transport.close()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(20)

    async def _keep(self, topic: str, message: str) -> None:
        async with self._news:
            number = len(self.kept) + 1
            self.kept.append(
                {"id": f"m{number}", "event": "message", "topic": topic, "message": message}
            )
            self._news.notify_all()

    async def _post(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        await self._keep(request.match_info["topic"], (await request.read()).decode())
        return web.json_response(self.kept[-1])

    async def _post_json(self, request: web.Request) -> web.Response:
        """As a program publishes: the topic stands in the body."""
        self.headers.append(dict(request.headers))
        body = await request.json()
        await self._keep(body["topic"], body["message"])
        return web.json_response(self.kept[-1])

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.status != 200:
            return web.Response(status=self.status)
        answer = web.StreamResponse()
        await answer.prepare(request)
        self.streams += 1
        self.open.add(answer)
        topic, since = request.match_info["topic"], request.query.get("since", "")
        ids = [one["id"] for one in self.kept]
        sent = ids.index(since) + 1 if since in ids else 0
        try:
            for line in [b'{"event":"open"}', *self.raw]:
                await answer.write(line + b"\n")
            while True:
                for one in self.kept[sent:]:
                    if one["topic"] == topic:
                        await answer.write(json.dumps(one).encode() + b"\n")
                sent = len(self.kept)
                async with self._news:
                    await self._news.wait_for(lambda n=sent: len(self.kept) > n)  # type: ignore[misc]
        finally:
            self.open.discard(answer)

    async def _serve(self, ready: threading.Event) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.post("/", self._post_json),
                web.post("/{topic}", self._post),
                web.get("/{topic}/json", self._stream),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        ready.set()
        try:
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()


@contextlib.contextmanager
def ntfy_server() -> Iterator[NtfyServer]:
    """A running server."""
    server, ready = NtfyServer(), threading.Event()
    loop = server._loop
    work = loop.create_task(server._serve(ready))

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(work)
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(ready.is_set, "the ntfy-like server")
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(work.cancel)
        thread.join(20)
