"""Looks through the bytes of an answer for what its reader was not given.

Owns what gives a town's places or names away at each level. A place is found however it was rounded, to
three decimals (about 100 m) at most.
"""

from collections.abc import Collection, Iterator

from gateway.domain.geo import mesh_code
from gateway.domain.people.agreement import ShareLevel
from tests.support.region.pages import HOMES, Home, devices, given_to

OPERATOR = "pref"  # it may know every town's name, and when it was heard


def places(home: Home) -> list[tuple[float, float]]:
    """Where a town's devices really stand, whatever it gives."""
    return [(home.lat + n * 0.00213, home.lon - n * 0.00171) for n in range(6)]


def squares(home: Home, level: mesh_code.MeshLevel) -> set[str]:
    """The codes of the squares in which they stand."""
    return {mesh_code.code(lat, lon, level) for lat, lon in places(home)}


def secrets_of(home: Home, reader: str) -> Iterator[str]:
    """Texts that this reader may never be shown."""
    level = given_to(reader, home)
    if level is not ShareLevel.EXACT and reader != home.id:  # a town knows its own devices
        for n, one in enumerate(devices(home)):
            yield one.id
            yield f"{home.title}の沢{n}"
        yield f"{home.title}奥地"
    if level in {ShareLevel.KM5, None}:
        yield from squares(home, "1km")
    if level is None:
        shared = (other for other in HOMES if other is not home and given_to(reader, other))
        yield from squares(home, "5km").difference(*(squares(other, "5km") for other in shared))
        if reader not in {OPERATOR, home.id}:
            yield home.title


def leaks(body: str, reader: str, sent: Collection[str] = ()) -> set[str]:
    """What an answer tells that its reader was not given, beside the values that it repeats."""

    def is_told(secret: str) -> bool:
        return body.count(secret) > sum(secret in value for value in sent)

    found = {
        f"{home.id}: {one}" for home in HOMES for one in secrets_of(home, reader) if is_told(one)
    }
    for home in HOMES:
        if given_to(reader, home) is not ShareLevel.EXACT:
            found |= {f"{home.id}: {place}" for place in places(home) if tells(body, *place)}
    return found


def tells(body: str, lat: float, lon: float) -> bool:
    """Whether both coordinates of a place stand in a text, to three decimals or more."""
    return any(f"{lat:.{d}f}" in body and f"{lon:.{d}f}" in body for d in (3, 4, 5)) or (
        str(lat)[:6] in body and str(lon)[:7] in body
    )
