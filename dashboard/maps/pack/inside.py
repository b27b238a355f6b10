"""A map pack inside a page: its list with its tiles, for a file that is opened without a server.

Owns how much of a pack such a file takes.
"""

import gzip
from typing import Any

import msgspec

from dashboard.maps.pack.archive import MapPack

MOST_BYTES = 4_000_000  # not compressed, as it stands in the file


def inside(path: str) -> Any:
    """The list with the tiles of as many levels as fit; None: there is no pack."""
    pack = MapPack(path)
    index = pack.index()
    if index is None:
        return None
    taken: dict[str, Any] = {}
    left = MOST_BYTES
    for name in index.tiles:  # level by level
        data = gzip.decompress(pack.read(name) or b"")
        left -= len(data)
        if left < 0:
            break
        taken[name] = msgspec.Raw(data)
    kept = {name: size for name, size in index.tiles.items() if name in taken}
    return msgspec.to_builtins(msgspec.structs.replace(index, tiles=kept)) | {"inside": taken}
