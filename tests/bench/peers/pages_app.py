"""A page and a stream of events for the comparison of HTTP servers. Imports starlette only."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

PAGE = b"<p>" + b"x" * 9_990 + b"</p>"
EVERY_S = 0.5


async def page(_: Request) -> Response:
    """Ten kilobytes."""
    return Response(PAGE, media_type="text/html")


async def events(_: Request) -> Response:
    """An event each half second, with the time at which it was sent."""
    return StreamingResponse(_events(), media_type="text/event-stream")


async def _events() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(EVERY_S)
        yield b"data: %f\n\n" % time.monotonic()


app = Starlette(routes=[Route("/", page), Route("/events", events)])
app.state.live = SimpleNamespace(close=lambda: None)
