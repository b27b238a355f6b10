"""The way to the region: the town's certificate, a proxy, regions that are slow, false or change theirs."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config.region import RegionSettings
from gateway.following.errors import ForwardingHaltedError
from gateway.region.uplink.connection import Connection, RegionReply
from gateway.store import Store
from tests.gateway.export.influx.kit import LATER, filled
from tests.gateway.region.uplink.fake_region import FakeRegion, listening
from tests.gateway.region.uplink.kit import make_uplink, settings
from tests.support.certificates import make_certificate


def ask(chosen: RegionSettings, times: int = 1) -> RegionReply:
    """The last of some answers over one connection."""

    async def act() -> RegionReply:
        reply = RegionReply(0)
        with Connection(chosen) as connection:
            for _ in range(times):
                reply = await connection.get("/uplink/aso", journal="0" * 32)
        return reply

    return asyncio.run(act())


@pytest.fixture
def server_tls(tmp_path: Path) -> ssl.SSLContext:
    """A region that asks for a certificate, and takes the town's only."""
    for name, host in (("hub", "localhost"), ("town", "aso")):
        make_certificate(tmp_path / f"{name}.pem", tmp_path / f"{name}.key", host, 2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "hub.pem", tmp_path / "hub.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(tmp_path / "town.pem")
    return context


def secure(url: str, folder: Path, **changes: object) -> RegionSettings:
    names = {
        "certificate": str(folder / "town.pem"),
        "key": str(folder / "town.key"),
        "ca": str(folder / "hub.pem"),
        **changes,
    }
    return settings(url.replace("127.0.0.1", "localhost"), **names)


def test_the_town_shows_its_certificate_and_checks_the_regions(
    tmp_path: Path, server_tls: ssl.SSLContext
) -> None:
    with listening(FakeRegion(), tls=server_tls) as url:
        assert ask(secure(url, tmp_path), 3).status == 200
        without = ask(secure(url, tmp_path, certificate="", key=""))
        stranger = ask(secure(url, tmp_path, ca=str(tmp_path / "town.pem")))
    assert (without.status, stranger.status) == (0, 0)
    assert "verify failed" in stranger.text


def test_a_refusal_by_tls_waits_as_without_a_line_and_is_a_fault_after_an_hour(
    tmp_path: Path, server_tls: ssl.SSLContext
) -> None:
    now = [LATER]

    async def act(store: Store, chosen: RegionSettings) -> list[str]:
        uplink, found = make_uplink(store, chosen, lambda: now[0]), []
        with Connection(chosen) as connection:
            for _ in range(2):
                await uplink.round(connection)
                found.append(uplink.alarm.fault)
                now[0] += timedelta(hours=1)
        return found

    with listening(FakeRegion(), tls=server_tls) as url, closing(filled(tmp_path)) as store:
        chosen = secure(url, tmp_path, ca=str(tmp_path / "town.pem"))
        at_once, after_an_hour = asyncio.run(act(store, chosen))
    assert not at_once
    assert "verify failed" in after_an_hour


def test_a_renewed_certificate_counts_without_a_restart(
    tmp_path: Path, server_tls: ssl.SSLContext
) -> None:
    async def act(url: str) -> tuple[int, int]:
        with Connection(secure(url, tmp_path)) as connection:
            (tmp_path / "aside").write_bytes((tmp_path / "town.pem").read_bytes())
            make_certificate(tmp_path / "town.pem", tmp_path / "other.key", "aso", 2)
            with pytest.raises(ForwardingHaltedError, match=r"region\.certificate"):
                await connection.get("/uplink/aso", journal="0" * 32)
            (tmp_path / "aside").replace(tmp_path / "town.pem")
            reply = await connection.get("/uplink/aso", journal="0" * 32)
            return reply.status, 0

    with listening(FakeRegion(), tls=server_tls) as url:
        assert asyncio.run(act(url))[0] == 200


def test_files_that_are_missing_are_named_with_what_to_do(tmp_path: Path) -> None:
    chosen = secure("https://127.0.0.1:9", tmp_path)
    with pytest.raises(ForwardingHaltedError, match="region join FILE"):
        ask(chosen)


@contextlib.contextmanager
def proxy(seen: list[bytes]) -> Iterator[int]:
    """A proxy that takes CONNECT, as an office has one."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            near, _ = server.accept()
            head = near.recv(4_096)
            seen.append(head)
            host, port = head.split()[1].rsplit(b":", 1)
            with near, socket.create_connection((host.decode(), int(port))) as far:
                near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                pairs = ((near, far), (far, near))
                pumps = [threading.Thread(target=pump, args=pair, daemon=True) for pair in pairs]
                for thread in pumps:
                    thread.start()
                for thread in pumps:
                    thread.join()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def test_through_a_proxy_the_region_still_sees_the_town(
    tmp_path: Path, server_tls: ssl.SSLContext
) -> None:
    seen: list[bytes] = []
    with listening(FakeRegion(), tls=server_tls) as url, proxy(seen) as port:
        through = f"http://hana:ge%20heim@127.0.0.1:{port}"
        assert ask(secure(url, tmp_path, proxy=through), 2).status == 200
    [head] = seen
    assert head.startswith(b"CONNECT localhost:")
    assert b"Proxy-Authorization: Basic aGFuYTpnZSBoZWlt" in head


def test_a_proxy_that_refuses_is_told_without_its_password(tmp_path: Path) -> None:
    chosen = settings("https://127.0.0.1:9", proxy="http://hana:geheim@127.0.0.1:9")
    reply = ask(chosen)
    assert reply.status == 0
    assert reply.text
    assert "geheim" not in reply.text


def test_a_region_that_never_answers_costs_no_more_than_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        reply = ask(settings(url, timeout_s=0.3), 2)
    assert (reply.status, reply.text) == (0, "no answer within 0.3 s")


def test_an_answer_that_drips_costs_no_more_than_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            near, _ = server.accept()
            with near, contextlib.suppress(OSError):
                near.recv(4_096)
                near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                ended = threading.Event()
                while not ended.wait(0.02):
                    near.sendall(b"x")

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        reply = ask(settings(url, timeout_s=0.4))
        dripping.join()
    assert reply.text == "no answer within 0.4 s"


def test_a_kept_connection_that_the_region_has_ended_is_made_again() -> None:
    region = FakeRegion()

    async def act(url: str) -> list[int]:
        with Connection(settings(url)) as connection:
            first = await connection.get("/uplink/aso", journal="0" * 32)
            held = connection._http
            assert held is not None
            assert held.sock is not None
            held.sock.shutdown(socket.SHUT_RDWR)
            second = await connection.get("/uplink/aso", journal="0" * 32)
            return [first.status, second.status]

    with listening(region) as url:
        assert asyncio.run(act(url)) == [200, 200]


def test_nothing_is_followed_to_another_address() -> None:
    """A redirection would show the record to another host."""
    region = FakeRegion()
    region.fault = lambda _: 302
    with listening(region) as url:
        assert ask(settings(url)).status == 302


def test_the_uplink_loads_no_library_that_a_gateway_does_not_have_anyway() -> None:
    code = (
        "import sys, gateway.app, gateway.region.uplink.uplink; "
        "print([n for n in ('aiohttp','numpy','shapely','asyncpg','requests') if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
