"""A gateway with devices, news and one person of each role; each of them as a browser."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
from starlette.applications import Starlette

from gateway import app as service
from gateway.config import check
from gateway.domain.model import Device, Kind, Message, Role
from gateway.domain.people.person import Person, UserRole
from gateway.ingest.messages.batch import absorb
from tests.dashboard.client import Client
from tests.dashboard.place import NOW, ago, decode, reading, serving
from tests.support.people import keep, quick_hash

PASSWORD = "くらいよみちにわなひとつ"
OWN = "oku"  # the area of the trapper and of the deputy

# Inland, and away from the corners and centres of 5 km squares.
DEVICES = (
    Device(id="trap-own", role=Role.TRAP, name="奥の沢", area=OWN, lat=32.69137, lon=128.76249),
    Device(id="trap-far", role=Role.TRAP, name="前の尾根", area="mae", lat=32.70813, lon=128.79671),
    Device(id="trap-two", role=Role.TRAP, name="前の田", area="mae", lat=32.70219, lon=128.79153),
    Device(id="cam-own", role=Role.DETECTOR, name="奥の道", area=OWN, lat=32.68811, lon=128.75923),
    Device(
        id="cam-far", role=Role.DETECTOR, name="前の畑", area="mae", lat=32.66617, lon=128.80341
    ),
)
OTHERS = frozenset(one.id for one in DEVICES if one.area != OWN)
EVERY = frozenset(one.id for one in DEVICES)
STORY = (
    *(reading(one.id, Kind.SET, ago(days=9)) for one in DEVICES if one.role is Role.TRAP),
    *(
        reading(one.id, Kind.HEARTBEAT, ago(hours=hours), battery_pct=66.0)
        for one in DEVICES
        for hours in range(200, 0, -5)
    ),
    reading("trap-far", Kind.SPRUNG, ago(minutes=40)),
    reading("trap-own", Kind.SPRUNG, ago(minutes=30)),
    *(
        reading(one.id, Kind.DETECTION, ago(hours=40 * n + 1), species="boar", count=n)
        for one in DEVICES
        if one.role is Role.DETECTOR
        for n in (1, 2, 3)
    ),
)


def person_of(role: UserRole, password_hash: str) -> Person:
    """Who has a role; field people have the area OWN."""
    field = role in {UserRole.TRAPPER, UserRole.DEPUTY}
    return Person(
        name=f"a-{role}", role=role, places=(OWN,) if field else (), password_hash=password_hash
    )


def build(folder: Path, **settings: object) -> service.Gateway:
    """The gateway, in which a person of each role may log in."""
    config = check(
        {
            "store": {"path": str(folder / "house.db")},
            "dashboard": {"tiles": "none"},
            **settings,
        }
    )
    gateway = service.build(config, lambda: NOW)
    gateway.store.write_now(lambda tx: tx.put_devices(DEVICES))
    story = sorted(STORY, key=lambda one: one.device_time or NOW)
    received = [Message("t", msgspec.json.encode(one), one.device_time or NOW) for one in story]
    later = NOW + timedelta(seconds=1)
    gateway.store.write_now(lambda tx: absorb(tx, received, decode, later, gateway.policy))
    gateway.health.no_events.add({("trap-far", "copy"): 3, ("trap-own", "copy"): 1})
    password_hash = quick_hash(PASSWORD)
    keep(gateway.store, *(person_of(role, password_hash) for role in UserRole))
    return gateway


@contextmanager
def browsers(app: Starlette) -> Iterator[dict[str, Client]]:
    """A browser of each role, and one that did not log in."""
    with serving(app) as (url, _):
        found = {"anybody": Client(url)}
        for role in UserRole:
            client = found[role.value] = Client(url)
            answer = client.post("/login", {"name": f"a-{role}", "password": PASSWORD})
            assert answer.status_code == 303
        yield found


def stream(client: Client, path: str) -> Iterator[bytes]:
    """The pieces of news of a stream; none where there is no stream. Ends when the stream does."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    connection = http.client.HTTPConnection(client.host, timeout=30)
    try:
        connection.request("GET", path, headers={"cookie": cookies})
        answer = connection.getresponse()
        found = b""
        while answer.status == 200 and (piece := answer.read1(65_536)):
            found += piece
            while b"\n\n" in found:
                one, found = found.split(b"\n\n", 1)
                yield one
    finally:
        connection.close()
