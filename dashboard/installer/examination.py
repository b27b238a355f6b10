"""The doctor's findings on the page Devices: asked by a button, kept until the next time.

Owns the process that examines, one at a time, and its newest findings. Must not repair anything.
"""

import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.clock import Clock
from gateway.config import Config
from gateway.doctor.finding import Finding, fault
from gateway.doctor.question import Findings, Question

COMMAND = (sys.executable, "-P", "-m", "gateway.doctor")
WITHIN_S = 300.0
LONGEST_LINE = 300
log = logging.getLogger(__name__)


class Examined(Struct, frozen=True):
    """What was found, and when."""

    at: datetime
    findings: list[Finding]


class Examination:
    """At most one examination at a time; whoever asks meanwhile waits for the same one."""

    def __init__(self, config: Config, clock: Clock, command: Sequence[str] = COMMAND) -> None:
        self._config, self._clock, self._command = config, clock, command
        self._running: asyncio.Task[Examined] | None = None
        self.newest: Examined | None = None

    async def run(self) -> Examined:
        """Examine, or wait for the examination that is under way."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._examine())
        self.newest = await asyncio.shield(self._running)
        return self.newest

    async def _examine(self) -> Examined:
        question = msgspec.json.encode(Question(self._config))
        try:
            async with asyncio.timeout(WITHIN_S):
                found = msgspec.json.decode(await self._ask(question), type=Findings)
        except (TimeoutError, OSError, msgspec.MsgspecError) as error:
            log.warning("the doctor gave no findings: %s", error)
            why = f"{type(error).__name__}: {error}"
            found = [
                msgspec.structs.replace(
                    fault("doctor.own_bug", "sudo shishigaki doctor", why=why), check="settings"
                )
            ]
        return Examined(self._clock(), found)

    async def _ask(self, question: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            answer, said = await process.communicate(question)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise ChildProcessError(_last_line(said) or f"exit {process.returncode}")
        return answer


def _last_line(said: bytes) -> str:
    """Of a traceback: the error itself."""
    lines = said.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:LONGEST_LINE]
