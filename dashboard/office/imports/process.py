"""Runs the process of an import from the gateway: one at a time, with limits of time and memory.

Owns the process's start and end. Must not know pages.
"""

import asyncio
import contextlib
import os
import sys

import msgspec

from dashboard.office.imports.job import Job, JobAnswer
from dashboard.web.process.limits import THREADS

COMMAND = (sys.executable, "-P", "-m", "dashboard.office.imports.worker")
LIMIT_S = 600.0  # a small board is slow
BUSY = "ほかの取り込みの途中です。少し待ってください / another import is running: wait a little"
ENDED = "途中で止まりました（大きすぎるかもしれません） / it stopped, the file may be too large"


class ImportProcess:
    """At most one process at a time. Belongs to one event loop."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._running = False

    async def run(self, job: Job) -> JobAnswer:
        """Do a job. A process that fails or lasts too long is a refusal in the answer."""
        if self._running:
            return JobAnswer(refusal=BUSY)
        self._running = True
        try:
            return await self._run(job)
        finally:
            self._running = False

    async def _run(self, job: Job) -> JobAnswer:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | THREADS,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._limit_s):
                said, _ = await process.communicate(msgspec.json.encode(job))
            return msgspec.json.decode(said, type=JobAnswer)
        except (TimeoutError, msgspec.MsgspecError):
            return JobAnswer(refusal=ENDED)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
