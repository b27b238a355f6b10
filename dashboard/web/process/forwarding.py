"""Forwards requests of calculating pages to their process: the gateway itself does not calculate.

Owns how many requests run at one time, the time limit, and the error page if there is no response.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from starlette.requests import Request as PageRequest
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from dashboard.web.process import messages
from dashboard.web.process.child import Child, Connection, StartError
from dashboard.web.process.messages import Answer, Request
from dashboard.web.process.pages import MAX_CALCULATIONS, MAX_REQUESTS, PAGES
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.errors import UnreachableError
from gateway.domain.people.permissions import Access

CALCULATE_S = 90.0  # a small board is 20 times slower than a large machine
BUSY = "error.office_busy"
SEND_S = 300.0  # time limit for a body over a slow line
log = logging.getLogger(__name__)

Repair = Callable[[str, str], Awaitable[None]]  # DAMAGED or DISK, what was found


class NoAnswerError(UnreachableError):
    """There is no response; `word` is the key of the text for the reader."""

    def __init__(self, word: str, detail: str = "", *, again: bool = False) -> None:
        super().__init__(f"{word}: {detail}")
        self.word, self.again = word, again  # again: not caused by this request, so try again


class NotAcceptedError(UnreachableError):
    """The process ended before it accepted the request."""


class CalculatingPages:
    """The pages of the table. `mend`: called when the process found a fault of the database."""

    def __init__(
        self, child: Child, reply: Reply, clock: Clock, mend: Repair, limit_s: float = CALCULATE_S
    ) -> None:
        self._child, self._reply, self._clock, self._mend = child, reply, clock, mend
        self._limit_s = limit_s
        self._slots = asyncio.Semaphore(MAX_CALCULATIONS)
        self._answering = 0
        self.calculating = 0

    def routes(self) -> list[BaseRoute]:
        """A route for each row of the table."""
        return [_PathRoute(path, self) for path in PAGES]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Context that ends an idle process; at its end any process is ended."""
        watching = asyncio.create_task(self._child.watch(), name="calculating pages")
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; with 503 and the reason if there is no response."""
        self._answering += 1
        try:
            await self._forward_again(scope, send)
        except NoAnswerError as error:
            if error.word != BUSY:  # many requests must not fill the log
                log.warning("%s: no answer: %s", scope["path"], error)
            page = self._reply.page(
                PageRequest(scope),
                "error.html",
                self._clock(),
                account=scope["state"].get("account"),
                status=503,
                word=error.word,
            )
            page.headers["Retry-After"] = "30"
            await page(scope, receive, send)
        finally:
            self._answering -= 1

    async def _forward_again(self, scope: Scope, send: Send) -> None:
        """Forward the request; once more if the first try failed for another reason."""
        if self._answering > MAX_REQUESTS:
            raise NoAnswerError(BUSY)
        try:
            await self._forward(scope, send)
        except NoAnswerError as error:
            if not error.again:
                raise
            await self._forward(scope, send)

    async def _forward(self, scope: Scope, send: Send) -> None:
        try:
            async with self._child.connection() as connection:
                head = await self._head(connection, self._request(scope))
                await _stream_body(connection.reader, head, send, str(scope["path"]))
        except StartError as error:
            raise NoAnswerError("error.office_start", str(error)) from None

    async def _head(self, connection: Connection, request: Request) -> Answer:
        """Status and headers of the response; after it the calculation is complete."""
        try:
            async with self._slot(), asyncio.timeout(self._limit_s):
                head = await _ask(connection, request)
        except TimeoutError:
            await self._child.end(connection.process)
            raise NoAnswerError("error.office_slow", f"over {self._limit_s:.0f} s") from None
        except (EOFError, ConnectionError):
            others_fault = self._child.ended == connection.process
            raise NoAnswerError("error.office_ended", again=others_fault) from None
        except NotAcceptedError:
            await self._child.end(connection.process)
            raise NoAnswerError("error.office_ended", "before it began", again=True) from None
        if head.failure == messages.MEMORY:
            await self._child.end(connection.process)  # its memory is fragmented
            raise NoAnswerError("error.office_memory", head.detail)
        if head.failure:
            await self._mend(head.failure, head.detail)
            raise NoAnswerError("error.office_damaged", head.detail, again=True)
        return head

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """Wait for one of the MAX_CALCULATIONS slots."""
        try:
            async with asyncio.timeout(self._limit_s):
                await self._slots.acquire()
        except TimeoutError:
            raise NoAnswerError(BUSY) from None
        self.calculating += 1
        try:
            yield
        finally:
            self.calculating -= 1
            self._slots.release()

    def _request(self, scope: Scope) -> Request:
        account = scope["state"].get("account")
        return Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=[(bytes(name), bytes(value)) for name, value in scope["headers"]],
            account=account
            and msgspec.structs.replace(account, password_hash="", channels=(), former=()),
            access=scope["state"].get("access", Access()),
            now=self._clock(),
        )


class _PathRoute(BaseRoute):
    """A route for a path and everything below it."""

    def __init__(self, path: str, pages: CalculatingPages) -> None:
        self._path, self._pages = path, pages

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path belongs to this route; the process knows the pages below it."""
        path = str(scope.get("path", ""))
        ours = path == self._path or path.startswith(f"{self._path}/")
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request."""
        await self._pages.answer(scope, receive, send)


async def _ask(connection: Connection, request: Request) -> Answer:
    try:
        await messages.send(connection.writer, messages.encode(request))
        await messages.receive(connection.reader)
    except (EOFError, ConnectionError):
        raise NotAcceptedError from None
    return messages.decode(await messages.receive(connection.reader), type=Answer)


async def _stream_body(reader: asyncio.StreamReader, head: Answer, send: Send, path: str) -> None:
    """Send the response in pieces, without keeping it in memory."""
    await send({"type": "http.response.start", "status": head.status, "headers": head.headers})
    try:
        async with asyncio.timeout(SEND_S):
            while piece := await messages.receive(reader):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    except (EOFError, ConnectionError, TimeoutError):
        log.warning("%s: the response was not complete", path)  # the server closes the connection
        return
    await send({"type": "http.response.body", "body": b""})
