"""Which sums the hub one level up lacks. PURE.

Owns the comparison of what is with what was sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.region.records import SquareRecord

Key = tuple[int, str]
"""local day, 5 km square"""
_pack = msgspec.msgpack.Encoder().encode


def record_of(row: Sequence[Any]) -> SquareRecord:
    """A row of `told_squares` as it travels; None: too small to tell."""
    day, code, devices, alive_ms, armed_ms, *seen = row
    sightings = tuple(zip(*seen, strict=True)) if seen[0] else ()
    return SquareRecord(code, day, devices, alive_ms, armed_ms, sightings)


def differences(
    now: Iterable[SquareRecord], sent: Mapping[Key, bytes]
) -> dict[Key, tuple[SquareRecord, bytes]]:
    """What must be sent: new and changed sums, and zeros where nothing is any more; with their bytes."""
    wanted = {(one.day, one.mesh5km): one for one in now}
    for day, code in sent.keys() - wanted.keys():
        wanted[(day, code)] = SquareRecord(code, day, 0, 0, 0)
    packed = {key: (one, _pack(one)) for key, one in wanted.items()}
    return {key: found for key, found in sorted(packed.items()) if sent.get(key) != found[1]}
