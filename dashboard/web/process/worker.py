"""The process of the calculating pages: takes requests over its standard input and answers them.

Owns the main function of that process. Must not write to the store. It ends with the gateway, because
the control socket is closed then.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from datetime import datetime
from importlib import import_module
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request as PageRequest
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Message, Scope

from dashboard.web.error_page import error_handlers
from dashboard.web.process import messages
from dashboard.web.process.limits import limit
from dashboard.web.process.messages import Answer, Request, Settings
from dashboard.web.process.pages import MAX_CALCULATIONS, PAGES
from dashboard.web.responses import Reply
from gateway.config import Config
from gateway.domain.errors import ShishigakiError
from gateway.store.connection import DamagedFileError, DiskError
from gateway.store.reading import ReadingStore

NOW: ContextVar[datetime] = ContextVar("now")  # of the request that is answered
FAILURES: dict[type[Exception], str] = {
    MemoryError: messages.MEMORY,
    DamagedFileError: messages.DAMAGED,
    DiskError: messages.DISK,
}


def main() -> None:
    """Serve until the gateway ends."""
    control = socket.socket(fileno=os.dup(0))
    settings = messages.decode(control.recv(messages.LARGEST_CONTROL), type=Settings)
    limit(settings.config.office.memory_mb)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(control, settings))
    os._exit(0)  # do not wait for running calculations


async def _serve(control: socket.socket, settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(MAX_CALCULATIONS, "calculation"))
    listening = ThreadPoolExecutor(1, "control")
    store = ReadingStore(Path(settings.database))
    async with _history(settings.config, store):
        try:
            app = build(settings.config, store)
        except ShishigakiError as error:
            control.send(str(error).encode()[: messages.PIECE])
            return
        control.send(messages.READY)
        answering = set[asyncio.Task[None]]()
        while connection := await loop.run_in_executor(listening, _next, control):
            task = asyncio.create_task(answer(app, connection))
            answering.add(task)
            task.add_done_callback(answering.discard)


def _next(control: socket.socket) -> socket.socket | None:
    """The socket of the next request; None at the gateway's end."""
    _, handed, *_ = socket.recv_fds(control, len(messages.CONNECTION), 1)
    return socket.socket(fileno=handed[0]) if handed else None


@contextlib.asynccontextmanager
async def _history(config: Config, store: ReadingStore) -> AsyncIterator[None]:
    """Context in which past sums come from the configured source."""
    if config.dashboard.history == "embedded":
        yield
        return
    from gateway.export.influx.readback.period_sums import use_history  # loads a client of InfluxDB

    async with use_history(config, store):
        yield


def build(config: Config, store: ReadingStore) -> Starlette:
    """The pages of the table as an application. Raises ConfigError for an unusable office file."""
    reply = Reply(config)
    routes: list[BaseRoute] = []
    for name in PAGES.values():
        module, _, page = name.partition(":")
        routes += getattr(import_module(module), page)(store, reply, config, NOW.get).routes()
    handlers = error_handlers(reply, NOW.get) | dict.fromkeys(FAILURES, _failed)
    return Starlette(routes=routes, exception_handlers=handlers)


async def _failed(request: PageRequest, error: Exception) -> Response:
    """Pass the failure to the gateway, which responds."""
    word = next(word for kind, word in FAILURES.items() if isinstance(error, kind))
    request.state.failure = word, str(error)
    return Response(status_code=503)


async def answer(app: Starlette, connection: socket.socket) -> None:
    """Answer the request of one connection and close it."""
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    with contextlib.closing(writer), contextlib.suppress(EOFError, ConnectionError):
        request = messages.decode(await messages.receive(reader), type=Request)
        await messages.send(writer, messages.ACCEPTED)
        NOW.set(request.now)
        scope = _scope(request)

        async def receive() -> Message:
            await reader.read()  # the gateway sends nothing more; this returns when it disconnects
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                await messages.send(writer, messages.encode(_head(message, scope)))
            else:
                await _send_body(writer, message)

        await app(scope, receive, send)


async def _send_body(writer: asyncio.StreamWriter, message: Message) -> None:
    body = memoryview(message.get("body", b""))
    for start in range(0, len(body), messages.PIECE):
        await messages.send(writer, bytes(body[start : start + messages.PIECE]))
    if not message.get("more_body", False):
        await messages.send(writer, b"")


def _head(message: Message, scope: Scope) -> Answer:
    failure, detail = scope["state"].get("failure", ("", ""))
    headers = [(bytes(name), bytes(value)) for name, value in message["headers"]]
    return Answer(message["status"], headers, failure, detail)


def _scope(request: Request) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": request.query,
        "headers": request.headers,
        "client": None,
        "server": None,
        "state": {"account": request.account, "access": request.access},
    }


if __name__ == "__main__":
    main()
