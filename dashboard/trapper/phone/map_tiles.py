"""Which tiles of the site's map pack a person's phone takes along: the whole site, and near their traps all.

Owns this choice and its limit.
"""

from collections.abc import Iterable, Iterator, Sequence

from dashboard.maps.pack.archive import INDEX, MapPack, PackIndex
from dashboard.maps.pack.places import column, row
from gateway.domain.model import Device

MOST_BYTES = 6_000_000  # as sent
AROUND = (-1, 0, 1)  # tiles beside that of a trap


def around(pack: MapPack, traps: Sequence[Device]) -> list[str]:
    """The addresses of the tiles, the list first; empty without a pack."""
    index, address = pack.index(), pack.address
    if index is None or address is None:
        return []
    base = address.removesuffix(f"{INDEX}.json")
    return [address, *(f"{base}{name}.json" for name in _within(index, _wanted(index, traps)))]


def _within(index: PackIndex, names: Iterable[str]) -> Iterator[str]:
    left = MOST_BYTES
    for name in names:
        left -= index.tiles[name]
        if left < 0:
            return
        yield name


def _wanted(index: PackIndex, traps: Sequence[Device]) -> list[str]:
    """The whole site, then level by level what lies around the traps."""
    zooms = [level.zoom for level in index.levels if level.zoom is not None]
    names = [
        f"{zoom}/{column(trap.lon, zoom) + east}/{row(trap.lat, zoom) + south}"
        for zoom in zooms
        for trap in traps
        if trap.lat is not None and trap.lon is not None
        for east in AROUND
        for south in AROUND
    ]
    return [name for name in dict.fromkeys(["site", *names]) if name in index.tiles]
