"""Looks for places and names of devices in the bytes of an answer, whatever its format."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import pairwise

from gateway.domain.geo import mesh
from gateway.domain.model import Device
from tests.dashboard import pdf_file

NEAR_DEG = 0.008  # about 800 m; a 5 km square is 0.042 by 0.063 degrees
GRID_DEG = 1e-6
NUMBER = re.compile(r"-?\d{1,3}\.\d{2,}")


def texts(body: bytes) -> Iterator[str]:
    """Every text that is in an answer, those of packed files too."""
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            for name in packed.namelist():
                yield name
                yield from texts(packed.read(name))
        return
    if body[:4] == b"%PDF":
        yield pdf_file.text(body)
    yield body.decode("utf-8", "replace")


def ids_in(body: bytes, devices: Iterable[Device]) -> set[str]:
    """The ids of the devices whose place or name an answer gives away."""
    every = list(texts(body))
    return {
        device.id
        for device in devices
        if any(names(text, device) or places(text, device) for text in every)
    }


def names(text: str, device: Device) -> bool:
    """Whether a device's id or name is in a text."""
    return device.id in text or (device.name != "" and device.name in text)


def places(text: str, device: Device) -> bool:
    """Whether two numbers that follow each other are a place near a device, and not a 5 km square's."""
    numbers = [float(one) for one in NUMBER.findall(text)]
    return any(
        is_near(lat, lon, device) and not is_on_grid(lat, lon)
        for a, b in pairwise(numbers)
        for lat, lon in ((a, b), (b, a))
    )


def is_near(lat: float, lon: float, device: Device) -> bool:
    """Whether a place is so near a device that it gives the device away."""
    assert device.lat is not None
    assert device.lon is not None
    return abs(lat - device.lat) < NEAR_DEG and abs(lon - device.lon) < NEAR_DEG


def is_on_grid(lat: float, lon: float) -> bool:
    """Whether a place is the centre or a corner of a 5 km square."""
    square = mesh.bounds(mesh.code(lat, lon, "5km"))
    middle = mesh.centre(mesh.code(lat, lon, "5km"))
    rows = (square.south, square.north, middle[0])
    columns = (square.west, square.east, middle[1])
    return _close(lat, rows) and _close(lon, columns)


def _close(value: float, allowed: Iterable[float]) -> bool:
    return any(abs(value - one) < GRID_DEG for one in allowed)
