"""The coastline for the live map, computed in a separate process.

Owns that process and a cache of its results. Clipping polygons (`coastline`) takes 20 MB of memory,
which are free again when the process ends. At a cancellation the process is killed.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Sequence

from msgspec import Struct

from dashboard.maps.bounds import Box

MAX_CACHED = 8  # boxes; a site needs one, and another one when its outermost device moves
CUT_TIMEOUT_S = 120  # a small board is slow


class Land(Struct, frozen=True):
    """The land of a box as GeoJSON, twice."""

    first: bytes  # coarse: it stands in the page, so the map's first picture has it
    fine: bytes


class Coastline:
    """The land inside a box, as GeoJSON."""

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-P", "-m", "dashboard.maps.coastline")
    ) -> None:
        self._command = command
        self._known: dict[Box, Land] = {}
        self._cutting = asyncio.Lock()

    async def geojson(self, limits: Box) -> bytes:
        """The fine one. Raises CalledProcessError or TimeoutError."""
        return (await self._land(limits)).fine

    async def first(self, limits: Box, wait_s: float) -> bytes:
        """The coarse one; b"" if it is not there in time or cannot be cut, which `geojson` tells."""
        with contextlib.suppress(TimeoutError, subprocess.CalledProcessError):
            async with asyncio.timeout(wait_s):
                return (await self._land(limits)).first
        return b""

    async def _land(self, limits: Box) -> Land:
        """Cut once for concurrent callers."""
        async with self._cutting:
            found = self._known.pop(limits, None)
            if found is None:
                found = await self._cut(limits)
            self._known[limits] = found  # the most recently used is last
            if len(self._known) > MAX_CACHED:
                del self._known[next(iter(self._known))]
            return found

    async def _cut(self, limits: Box) -> Land:
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
        return Land(*land.split(b"\n"))


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - a command of ours
