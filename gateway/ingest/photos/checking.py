"""Runs the process that reads a picture: within a time limit, ended whatever happens.

Owns its start and its end. What it does: `picture`. Must not keep files.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gateway.domain.traps.photo import PhotoRefusal
from gateway.ingest.photos.picture import PictureFacts

COMMAND = (sys.executable, "-P", "-m", "gateway.ingest.photos.picture")
LIMIT_S = 60.0  # for one picture; a slow board needs about 10
# What ended the process, if not the picture: the kernel for want of memory, or the limit of its time.
ENDED_BY = {
    -signal.SIGKILL: PhotoRefusal.TOO_MANY_PIXELS,
    -signal.SIGXCPU: PhotoRefusal.TOO_SLOW,
}

_facts = msgspec.json.Decoder(PictureFacts)


class PictureCheck:
    """Starts one process for one picture. One at a time: `keeping`."""

    def __init__(self, command: Sequence[str] = COMMAND, limit_s: float = LIMIT_S) -> None:
        self._command, self._limit_s = command, limit_s

    async def run(self, source: Path, target: Path) -> PictureFacts:
        """What `source` is; if it is a good picture, it stands anew in `target`."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            str(source),
            str(target),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(self._limit_s):
                said, _ = await process.communicate()
        except TimeoutError:
            return PictureFacts(PhotoRefusal.TOO_SLOW)
        finally:
            await _ended(process)
        if process.returncode != 0:
            return PictureFacts(ENDED_BY.get(process.returncode or 0, PhotoRefusal.DAMAGED))
        try:
            return _facts.decode(said)
        except msgspec.MsgspecError:
            return PictureFacts(PhotoRefusal.DAMAGED)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End the process if it still runs, also when the gateway stops."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
