"""Asks the process that reads foreign bytes, within a time limit, and starts it anew when it has ended.

Owns its start, its end, and the order of requests: one at a time. It is started by the first request and ends
when nothing was asked for a while, so that it takes no memory then. What it does: `reader_process`.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from gateway.domain.errors import BadInputError
from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.checking import ENDED_BY
from gateway.ingest.photos.picture import PictureFacts
from gateway.ingest.pictures.requests import Look, MailContent, Make, ReadMail, Request

T = TypeVar("T")
COMMAND = (sys.executable, "-P", "-m", "gateway.ingest.pictures.reader_process")
LIMIT_S = 60.0  # for one request
IDLE_S = 60.0
LONGEST_LINE = 1_000_000
# The memory of a picture goes back to the system after it: 5 MB less between two pictures.
GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}

_facts = msgspec.json.Decoder(PictureFacts)
_mail = msgspec.json.Decoder(MailContent)


class UnreadableError(BadInputError):
    """The process ended over a request, or took too long; `reason`: what is said of the picture or mail."""

    def __init__(self, reason: PhotoRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class PictureReader:
    """One process at most. Belongs to one event loop."""

    def __init__(
        self, command: Sequence[str] = COMMAND, limit_s: float = LIMIT_S, idle_s: float = IDLE_S
    ) -> None:
        self._command, self._limit_s, self._idle_s = command, limit_s, idle_s
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def make(self, request: Make) -> PictureFacts:
        """Make a picture anew; a refusal where it cannot be read. Raises UnreadableError."""
        return await self._ask(request, _facts)

    async def look(self, request: Look) -> PictureFacts:
        """What the head of a picture says."""
        try:
            return await self._ask(request, _facts)
        except UnreadableError as error:
            return PictureFacts(error.reason)

    async def read_mail(self, request: ReadMail) -> MailContent:
        """What a mail says and holds. Raises UnreadableError."""
        return await self._ask(request, _mail)

    async def end(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, request: Request, decoder: "msgspec.json.Decoder[T]") -> T:
        async with self._turn:
            if self._ending:
                self._ending.cancel()
            said = await self._said(request)
            self._ending = asyncio.get_running_loop().call_later(self._idle_s, self._close)
        try:
            return decoder.decode(said)
        except msgspec.MsgspecError:
            raise UnreadableError(PhotoRefusal.DAMAGED) from None

    async def _said(self, request: Request) -> bytes:
        """The line that the process answers."""
        try:
            async with asyncio.timeout(self._limit_s):
                process = await self._running()
                said = await _asked(process, msgspec.json.encode(request) + b"\n")
        except TimeoutError:
            await self._end()
            raise UnreadableError(PhotoRefusal.TOO_SLOW) from None
        except ValueError:  # longer than LONGEST_LINE
            await self._end()
            raise UnreadableError(PhotoRefusal.DAMAGED) from None
        except BaseException:
            await self._end()  # it may be at work still: its answer must not be taken for another's
            raise
        if not said.endswith(b"\n"):
            raise UnreadableError(ENDED_BY.get(await self._end(), PhotoRefusal.DAMAGED))
        return said

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                limit=LONGEST_LINE,
                env=os.environ | GIVES_BACK,
            )
        return self._process

    def _close(self) -> None:
        """Nothing was asked for a while: its input ends, and so does it."""
        if self._process and self._process.stdin and not self._turn.locked():
            self._process.stdin.close()
            self._process = None

    async def _end(self) -> int:
        """End the process now; gives how it ended."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):  # one that has closed its output is about to end
                return await process.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


async def _asked(process: Process, line: bytes) -> bytes:
    """The line that a process answers; without its end when the process has ended."""
    if process.stdin is None or process.stdout is None:
        return b""
    process.stdin.write(line)
    with contextlib.suppress(ConnectionError):  # it has ended: nothing is read below
        await process.stdin.drain()
    return await process.stdout.readline()
