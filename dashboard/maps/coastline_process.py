"""The coastline for the live map, cut by a process of its own.

Owns that process and keeps its last answers. What cuts polygons (`coast`) takes 20 MB; they go away with it.
Nobody waits for a cut at the end: it is ended too.
"""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

from dashboard.maps.bounds import Box

KEPT = 8  # boxes; a site has one, and another when its outermost device moves
PATIENCE_S = 120  # a small board is slow


class Coastline:
    """The land inside a box, as GeoJSON."""

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-P", "-m", "dashboard.maps.coastline")
    ) -> None:
        self._command = command
        self._known: dict[Box, bytes] = {}
        self._cutting = asyncio.Lock()

    async def geojson(self, limits: Box) -> bytes:
        """Cut once, however many ask. CalledProcessError or TimeoutError when it cannot be cut."""
        async with self._cutting:
            found = self._known.pop(limits, b"")
            if not found:
                found = await self._cut(limits)
            self._known[limits] = found  # the newest stands last
            if len(self._known) > KEPT:
                del self._known[next(iter(self._known))]
            return found

    async def _cut(self, limits: Box) -> bytes:
        command = [*self._command, *map(str, limits)]
        cutting = _start(command)
        try:
            async with asyncio.timeout(PATIENCE_S):
                land, _ = await asyncio.to_thread(cutting.communicate)
        except (TimeoutError, asyncio.CancelledError):
            cutting.kill()  # the thread has its answer then, and ends
            raise
        if cutting.returncode:
            raise subprocess.CalledProcessError(cutting.returncode, command)
        return land


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - a command of ours
