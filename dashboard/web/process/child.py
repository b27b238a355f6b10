"""The process of the calculating pages, on the gateway's side: started when needed, ended when idle.

Owns its start and end, and passing connections to it. Must not know the requests.
"""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from dashboard.web.process import messages
from dashboard.web.process.limits import THREADS
from dashboard.web.process.messages import Settings
from gateway.domain.errors import UnreachableError

COMMAND = (sys.executable, "-P", "-m", "dashboard.web.process.worker")
START_S = 120.0  # a small board is slow
IDLE_S = 600.0  # then the process ends, which frees its memory
log = logging.getLogger(__name__)


class Connection(NamedTuple):
    """The connection of one request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    process: int  # number of the process since the gateway's start


class StartError(UnreachableError):
    """The process does not start; the text says why."""


class Child:
    """At most one process at a time. Belongs to one event loop."""

    def __init__(
        self, settings: Settings, command: Sequence[str] = COMMAND, idle_s: float = IDLE_S
    ) -> None:
        self._settings, self._command, self._idle_s = settings, command, idle_s
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._changing = asyncio.Lock()
        self._open = 0  # connections
        self._last_used = 0.0
        self._started = 0
        self.ended = 0  # the last process that was ended by `end`, not by itself

    @property
    def pid(self) -> int | None:
        """The id of the running process; None: none is running."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for one request; starts the process if there is none. Raises StartError."""
        self._open += 1
        try:
            connection = await self._connect()
            with contextlib.closing(connection.writer):
                yield connection
        finally:
            self._open -= 1
            self._last_used = time.monotonic()

    async def end(self, number: int) -> None:
        """Kill process `number` (it only reads data). No effect if a newer one is running."""
        async with self._changing:
            if number == self._started:
                self.ended = number
                await self._end()

    async def watch(self) -> None:
        """End the process when it has been idle for a while; runs until cancelled, then ends it too."""
        try:
            while True:
                await asyncio.sleep(self._idle_s / 10)
                if not self._open and time.monotonic() - self._last_used > self._idle_s:
                    await self.end(self._started)
        finally:
            await self._end()

    async def _connect(self) -> Connection:
        async with self._changing:
            if self._control is None or self.pid is None:
                control = await self._start()
            else:
                control = self._control
            here, there = socket.socketpair()
            with there, contextlib.suppress(ConnectionError):  # it has just ended
                socket.send_fds(control, [messages.CONNECTION], [there.fileno()])
            number = self._started
        return Connection(*await asyncio.open_unix_connection(sock=here), number)

    async def _start(self) -> socket.socket:
        await self._end()
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.setblocking(False)
        with theirs:
            self._process = _spawn(self._command, theirs)
        self._control, self._started = control, self._started + 1
        said = await self._greet(control)
        if said != messages.READY:
            await self._end()
            raise StartError(said.decode(errors="replace") or "it ended while it started")
        return control

    async def _greet(self, control: socket.socket) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(START_S):
                await loop.sock_sendall(control, messages.encode(self._settings))
                return await loop.sock_recv(control, messages.PIECE)
        except TimeoutError:
            return f"it is not ready after {START_S:.0f} s".encode()
        except OSError as error:
            return str(error).encode()

    async def _end(self) -> None:
        process, self._process = self._process, None
        control, self._control = self._control, None
        if control:
            control.close()
        if process:
            process.kill()
            await asyncio.to_thread(process.wait)


def _spawn(command: Sequence[str], control: socket.socket) -> "subprocess.Popen[bytes]":
    """Start the command with `control` as standard input, in a session without Ctrl-C signals."""
    return subprocess.Popen(  # noqa: S603
        command, stdin=control.fileno(), env=os.environ | THREADS, start_new_session=True
    )
