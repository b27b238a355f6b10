"""A gateway that is killed while photos arrive: what it confirmed is there, what it did not is sent again."""

import contextlib
import hashlib
import http.client
from pathlib import Path

import pytest

from dashboard.web.entry.passwords import hash_password
from gateway.domain.model import Device, Role
from gateway.domain.people.person import UserRole
from gateway.store import Store
from tests.dashboard.client import Client
from tests.support import pictures
from tests.support.people import keep, login
from tests.support.samples import TOKYO
from tests.support.servers import free_port, wait_for
from tests.support.service import Service

PASSWORD = "くらいよみちにわなひとつ"
TRAP = Device(id="trap-07", role=Role.TRAP, lat=32.7, lon=128.7)


def service(folder: Path) -> Service:
    made = Service(folder, free_port(), TRAP)
    store = Store(made.database, TOKYO)
    keep(store, login("office", UserRole.OFFICIAL, hash_password(PASSWORD)))
    store.close()
    return made


def answers(client: Client) -> bool:
    with contextlib.suppress(OSError):
        return client.get("/healthz").status_code < 600
    return False


def entered(url: str) -> Client:
    client = Client(url)
    wait_for(lambda: answers(client), "the pages to answer", 60)
    assert client.post("/login", {"name": "office", "password": PASSWORD}).status_code == 303
    return client


def address(data: bytes) -> str:
    return f"/photos/{hashlib.sha256(data).hexdigest()}"


def begin(client: Client, data: bytes) -> http.client.HTTPConnection:
    """Send half of a photo and keep the connection."""
    connection = http.client.HTTPConnection(client.host, timeout=20)
    connection.putrequest("PUT", address(data))
    connection.putheader("Content-Length", str(len(data)))
    connection.putheader("Cookie", "; ".join(f"{k}={v}" for k, v in client.cookies.items()))
    connection.endheaders(data[: len(data) // 2])
    return connection


def test_a_confirmed_photo_outlives_a_kill_and_an_unfinished_one_leaves_nothing(
    tmp_path: Path,
) -> None:
    confirmed, unfinished = pictures.picture(shade=61), pictures.picture(shade=62)
    gateway = service(tmp_path)
    with gateway:
        client = entered(gateway.url)
        half = begin(client, unfinished)
        answer = client.send("PUT", address(confirmed), confirmed)
        assert answer.status_code == 200
        gateway.kill()
        with pytest.raises((OSError, http.client.HTTPException)):
            half.getresponse()
    with gateway:
        client = entered(gateway.url)
        shown = client.get(address(confirmed))
        assert hashlib.sha256(shown.content).hexdigest() == answer.json()["kept_sha256"]
        assert client.get(address(unfinished)).status_code == 404, "control: it was not confirmed"
        left = [path for path in (tmp_path / "trap-photos").rglob("*") if path.is_file()]
        assert [path.stem for path in left] == [answer.json()["kept_sha256"]]
        for _ in range(2):
            assert client.send("PUT", address(unfinished), unfinished).status_code == 200
        assert client.get(address(unfinished)).status_code == 200
