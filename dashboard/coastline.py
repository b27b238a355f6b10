"""The coastline for the live map, cut by a process of its own.

Owns that process and keeps its last answers. What cuts polygons (`coast`) takes 20 MB; they go away with it.
"""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

from dashboard.frame import Box

KEPT = 8  # boxes; a site has one, and another when its outermost device moves
PATIENCE_S = 120  # a small board is slow


class Coastline:
    """The land inside a box, as GeoJSON."""

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-P", "-m", "dashboard.coast")
    ) -> None:
        self._command = command
        self._known: dict[Box, bytes] = {}
        self._cutting = asyncio.Lock()

    async def geojson(self, limits: Box) -> bytes:
        """Cut once, however many ask. CalledProcessError or TimeoutExpired when it cannot be cut."""
        async with self._cutting:
            found = self._known.pop(limits, b"")
            if not found:
                found = await asyncio.to_thread(self._cut, limits)
            self._known[limits] = found  # the newest stands last
            if len(self._known) > KEPT:
                del self._known[next(iter(self._known))]
            return found

    def _cut(self, limits: Box) -> bytes:
        command = [*self._command, *map(str, limits)]
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=PATIENCE_S, check=True)  # noqa: S603
        return done.stdout
