"""The files that were sent and not imported yet: kept beside the database for a short time.

Owns the folder, the limits and the names. Must not read what a file holds.
"""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

from gateway.domain.errors import BadInputError

MAX_BYTES = 60_000_000
MAX_FILES = 4  # that wait to be imported
KEPT_S = 3_600.0
_TOKEN = re.compile(r"[0-9a-f]{32}")


class UploadError(BadInputError):
    """A file cannot be kept; the text says why."""


class Uploads:
    """The folder of such files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, pieces: AsyncIterator[bytes]) -> str:
        """Keep a file; returns its token. Raises UploadError for one that is too large."""
        self._make_room()
        token, size = token_hex(16), 0
        path = self._folder / token
        with path.open("wb") as file:
            async for piece in pieces:
                size += len(piece)
                if size > MAX_BYTES:
                    break
                file.write(piece)
        if size > MAX_BYTES or size == 0:
            path.unlink()
            raise UploadError(
                f"{MAX_BYTES // 1_000_000} MB までのファイルを選んでください / "
                f"choose a file of at most {MAX_BYTES // 1_000_000} MB"
            )
        return token

    def path(self, token: str) -> Path | None:
        """The kept file, or None."""
        found = self._folder / token if _TOKEN.fullmatch(token) else None
        return found if found is not None and found.is_file() else None

    def remove(self, token: str) -> None:
        """Delete a kept file."""
        if (path := self.path(token)) is not None:
            path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Delete files that nobody imported: old ones, and the oldest beyond MAX_FILES - 1."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = sorted(self._folder.iterdir(), key=lambda one: one.stat().st_mtime)
        old = [one for one in kept if one.stat().st_mtime < time.time() - KEPT_S]
        for one in {*old, *kept[: max(0, len(kept) - MAX_FILES + 1)]}:
            one.unlink(missing_ok=True)
