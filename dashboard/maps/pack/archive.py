"""The file of a map pack: a zip with each tile compressed for itself, and a list of them.

Owns the format, its writing, and reading one tile with bounded memory. Must not know what a tile shows.
"""

import gzip
import io
import logging
import threading
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from dashboard.maps.bounds import Box
from dashboard.maps.pack.kinds import LEVELS
from gateway import atomic_file

FORMAT = "shishigaki-map-pack/1"
ADDRESS = "/map/pack"
INDEX = "index"
MOST_BYTES = 4_000_000  # of one member, compressed
MOST_LIST_BYTES = 16_000_000  # of the list, unpacked: 100,000 tiles
GZIP = 31  # the way of zlib for a gzip file

log = logging.getLogger(__name__)


class PackLevel(Struct, frozen=True, rename={"least": "from"}):
    """A level of detail, as the browser reads it."""

    zoom: int | None
    least: float


class PackIndex(Struct, frozen=True):
    """What a pack says of itself. `tiles`: bytes as sent, by name."""

    format: str
    credit: str
    made: str
    box: Box
    levels: list[PackLevel]
    tiles: dict[str, int]


def write(
    path: Path, tiles: Mapping[str, bytes], credit: str, box: Box, made: datetime
) -> PackIndex:
    """Write a pack; one that was there is replaced as a whole."""
    packed = {name: gzip.compress(data, 9, mtime=0) for name, data in tiles.items()}
    sizes = {name: len(data) for name, data in packed.items()}
    levels = [PackLevel(one.zoom, one.least) for one in LEVELS]
    index = PackIndex(FORMAT, credit, made.date().isoformat(), box, levels, sizes)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, data in {
            INDEX: gzip.compress(msgspec.json.encode(index), 9, mtime=0),
            **packed,
        }.items():
            file.writestr(zipfile.ZipInfo(f"{name}.json.gz"), data)
    atomic_file.write(path, out.getvalue())
    return index


class MapPack:
    """A pack that is read while it is served; another file at its place is a new version."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._lock = threading.Lock()
        self._open: tuple[str, zipfile.ZipFile | None] = ("", None)

    @property
    def address(self) -> str | None:
        """Where a page asks for the list; None: there is no pack."""
        version = self.version()
        return f"{ADDRESS}/{version}/{INDEX}.json" if version else None

    def version(self) -> str:
        """Of the file that is there; "" if there is none."""
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return ""
        return f"{found.st_size:x}-{found.st_mtime_ns:x}" if found else ""

    def read(self, name: str) -> bytes | None:
        """A tile or the list, compressed; None if there is none, or if the file is no pack (logged)."""
        with self._lock:
            file = self._file()
            try:
                member = file.getinfo(f"{name}.json.gz") if file else None
                if file is None or member is None or member.file_size > MOST_BYTES:
                    return None
                return file.read(member)
            except KeyError:
                return None
            except (OSError, zipfile.BadZipFile) as error:
                self._warn(error)
                return None

    def index(self) -> PackIndex | None:
        """The list; None if there is no pack that can be used (logged)."""
        data = self.read(INDEX)
        if data is None:
            return None
        try:
            found = msgspec.json.decode(_unpacked(data), type=PackIndex)
        except (ValueError, zlib.error, msgspec.MsgspecError) as error:
            self._warn(error)
            return None
        if found.format != FORMAT:
            self._warn(f"format {found.format!r}; allowed: {FORMAT}")
            return None
        return found

    def _file(self) -> zipfile.ZipFile | None:
        version = self.version()
        if version != self._open[0]:
            if self._open[1]:
                self._open[1].close()
            self._open = (version, self._opened() if version else None)
        return self._open[1]

    def _opened(self) -> zipfile.ZipFile | None:
        try:
            return zipfile.ZipFile(self._path or "")
        except (OSError, zipfile.BadZipFile) as error:
            self._warn(error)
            return None

    def _warn(self, why: object) -> None:
        """Maps are drawn without it: a wrong file must not cost a page."""
        log.warning(
            "dashboard.map_pack = %s: no map pack: %s; maps are drawn without it; "
            "make one: shishigaki map pack",
            self._path,
            why,
        )


def _unpacked(data: bytes) -> bytes:
    """The list as it was written. Raises ValueError or zlib.error for what is longer, or damaged."""
    reader = zlib.decompressobj(GZIP)
    found = reader.decompress(data, MOST_LIST_BYTES)
    if not reader.eof:
        raise ValueError(f"the list ends early or has more than {MOST_LIST_BYTES:,} bytes")
    return found
