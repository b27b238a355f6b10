"""The coastline for the live map, computed in a separate process.

Owns that process and a cache of its results. Clipping polygons (`coastline`) takes 20 MB of memory,
which are free again when the process ends. At a cancellation the process is killed.
"""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

from dashboard.maps.bounds import Box

MAX_CACHED = 8  # boxes; a site needs one, and another one when its outermost device moves
CUT_TIMEOUT_S = 120  # a small board is slow


class Coastline:
    """The land inside a box, as GeoJSON."""

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-P", "-m", "dashboard.maps.coastline")
    ) -> None:
        self._command = command
        self._known: dict[Box, bytes] = {}
        self._cutting = asyncio.Lock()

    async def geojson(self, limits: Box) -> bytes:
        """Computed once for concurrent callers. Raises CalledProcessError or TimeoutError."""
        async with self._cutting:
            found = self._known.pop(limits, b"")
            if not found:
                found = await self._cut(limits)
            self._known[limits] = found  # the most recently used is last
            if len(self._known) > MAX_CACHED:
                del self._known[next(iter(self._known))]
            return found

    async def _cut(self, limits: Box) -> bytes:
        command = [*self._command, *map(str, limits)]
        cutting = _start(command)
        try:
            async with asyncio.timeout(CUT_TIMEOUT_S):
                land, _ = await asyncio.to_thread(cutting.communicate)
        except (TimeoutError, asyncio.CancelledError):
            cutting.kill()  # `communicate` returns then, and its thread ends
            raise
        if cutting.returncode:
            raise subprocess.CalledProcessError(cutting.returncode, command)
        return land


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - a command of ours
