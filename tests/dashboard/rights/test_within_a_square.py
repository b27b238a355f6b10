"""Who sees 5 km squares learns nothing finer in any way: a trap that moves within its square changes nothing.

Two gateways differ only in where devices stand within their squares. Every address is asked of both; a
third, like the first, tells what differs by lot. The answers to those who see squares must be the same, byte
by byte: frames, coasts, orders and sizes included.
"""

import re
from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from dashboard.live import pages
from dashboard.web.rights.routes import ROUTES
from gateway import app as service
from gateway.domain.geo import mesh
from gateway.domain.model import Device
from tests.dashboard.client import Client
from tests.dashboard.rights import house
from tests.dashboard.rights.house import DEVICES, browsers
from tests.dashboard.rights.test_matrix import addresses, body_of

MOVED_DEG = 0.004  # about 400 m
CHANCE = re.compile(
    rb"nonce[=-]\"?'?[\w+/=-]+|[0-9a-f]{8}-\d+|\d\d:\d\d:\d\d GMT|(?<=_)[0-9a-f]{32}|"
    rb'name=.?"(?:session|once).?" value=.?"[^"]*"|"key":"[\w-]{87}"'
)
OF_THE_PROCESS = {"/metrics"}  # times and sizes of the process; no place is in them
READS = [row.path for row in ROUTES if not row.acts and row.path not in OF_THE_PROCESS]
OWN = {"trap-own", "cam-own"}


def moved(devices: Sequence[Device]) -> list[Device]:
    """The devices somewhere else in their squares; those of the trapper stay."""
    return [_moved(one) if one.id not in OWN else one for one in devices]


def _moved(device: Device) -> Device:
    assert device.lat is not None
    assert device.lon is not None
    for step in (MOVED_DEG, -MOVED_DEG):
        lat, lon = device.lat + step, device.lon + step
        if mesh.code(lat, lon, "5km") == mesh.code(device.lat, device.lon, "5km"):
            return replace(device, lat=lat, lon=lon)
    raise AssertionError(f"{device.id} stands at a corner of its square")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Client]]]:
    """The browsers of three gateways: as it is, with devices moved within their squares, and as it is."""
    gateways = [
        house.build(tmp_path_factory.mktemp(name)) for name in ("as-it-is", "moved", "twin")
    ]
    gateways[1].store.write_now(lambda tx: tx.put_devices(moved(DEVICES)))
    with (
        pytest.MonkeyPatch.context() as patched,
        browsers(service.pages(gateways[0], dict)) as one,
        browsers(service.pages(gateways[1], dict)) as other,
        browsers(service.pages(gateways[2], dict)) as twin,
    ):
        patched.setattr(pages, "FIRST_COAST_S", 120)  # else a busy machine's page may be without
        yield [one, other, twin]
    for gateway in gateways:
        gateway.store.close()


def answer(client: Client, address: str) -> tuple[int, bytes]:
    """What a gateway answers somebody, but for what is known to be drawn by lot."""
    status, body = body_of(client, address)
    return status, CHANCE.sub(b"", body)


def differs(both: list[dict[str, Client]], name: str, address: str) -> bool:
    """Whether the move is seen: what differs between like gateways is drawn by lot.

    The third gateway is asked only where the first two differ.
    """
    one, other = (answer(readers[name], address) for readers in both[:2])
    return one != other and one == answer(both[2][name], address)


@pytest.mark.parametrize("name", ["anybody", "resident", "viewer", "trapper", "deputy"])
@pytest.mark.parametrize("path", READS)
def test_a_move_within_the_square_is_seen_by_nobody_who_sees_squares(
    both: list[dict[str, Client]], name: str, path: str
) -> None:
    for row in ROUTES:
        if row.path == path and not row.acts:
            for address in addresses(row):
                assert not differs(both, name, address), address


@pytest.mark.parametrize(
    "path",
    ["/", "/traps", "/api/devices.geojson", "/api/v1/devices", "/map/coast.geojson", "/public"],
)
def test_what_is_compared_is_not_drawn_by_lot(both: list[dict[str, Client]], path: str) -> None:
    one, twin = (answer(both[which]["trapper"], path) for which in (0, 2))
    assert one == twin


@pytest.mark.parametrize("path", ["/", "/api/devices.geojson", "/api/v1/devices"])
def test_control_an_official_sees_the_move(both: list[dict[str, Client]], path: str) -> None:
    assert any(differs(both, "official", path) for _ in range(3)), (
        "a minute may end between two answers"
    )
