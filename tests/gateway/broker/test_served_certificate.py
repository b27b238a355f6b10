"""The broker's certificate as a sensor sees it: its end is a fault 21 days before, a foreign one at once."""

import asyncio
import socketserver
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.broker.addresses import own_names
from gateway.broker.certificates import SERVER_YEARS, new_authority
from gateway.clock import utc_now
from gateway.mqtt.served import certificate
from gateway.mqtt.served.certificate import (
    AGAIN_S,
    LOOK_S,
    CertificateWatch,
    ServedCertificate,
    served_certificate,
)
from tests.support.clocks.manual_loop import ManualLoop, run, until
from tests.support.shipped_broker import ShippedBroker

YEARS = timedelta(days=365 * SERVER_YEARS)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path / "mosquitto") as server:
        yield server


def faults(broker: ShippedBroker, now: datetime) -> dict[str, str]:
    """What a watch says that looks once, at that time by the gateway's clock."""
    watch = CertificateWatch(broker.sensors, broker.authority, lambda: now)

    async def look_once() -> None:
        task = asyncio.create_task(watch.run())
        while not watch.looked:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(look_once())
    return watch.faults()


@pytest.mark.parametrize(("days_before", "told"), [(22, False), (20, True), (-1, True)])
def test_the_end_is_a_fault_21_days_before(
    broker: ShippedBroker, days_before: int, told: bool
) -> None:
    now = utc_now() + YEARS - timedelta(days=days_before)
    assert bool(faults(broker, now)) is told


def test_what_is_served_names_the_hosts_addresses(broker: ShippedBroker) -> None:
    assert set(served_certificate(broker.sensors, broker.authority).names) == set(own_names())


def test_a_certificate_that_sensors_would_refuse_is_a_fault(broker: ShippedBroker) -> None:
    """The authority on the disk is another one than the broker read: sensors that are set up now fail."""
    broker.authority.write_bytes(new_authority("goto", "passphrase", utc_now()).certificate)
    assert "certificate" in faults(broker, utc_now())


def test_control_a_good_certificate_is_none(broker: ShippedBroker) -> None:
    assert faults(broker, utc_now()) == {}


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    path = tmp_path / "authority.crt"
    path.write_bytes(new_authority("goto", "passphrase", utc_now()).certificate)
    return path


class Hello(socketserver.BaseRequestHandler):
    """Answers without TLS."""

    def handle(self) -> None:
        self.request.recv(4_096)
        self.request.sendall(b"220 not TLS\r\n")


class Gone(socketserver.BaseRequestHandler):
    """Ends the connection in the middle of the greeting, as a broker that ends."""

    def handle(self) -> None:
        self.request.recv(4_096)


@pytest.mark.parametrize(("server", "fault"), [(Hello, "wrong version number"), (Gone, "")])
def test_a_port_at_which_no_sensor_is_greeted_is_a_fault_and_a_broker_that_starts_is_none(
    authority: Path, server: type[socketserver.BaseRequestHandler], fault: str
) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), server) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
        watch = CertificateWatch(listener.server_address[1], authority, utc_now)

        async def story(_: ManualLoop) -> None:
            task = asyncio.create_task(watch.run())
            await until(lambda: watch.looked)
            task.cancel()

        run(story)
        listener.shutdown()
    assert watch.faults().get("certificate", "") == fault


def test_a_certificate_that_was_not_seen_is_looked_for_again_after_a_minute(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: one that was seen is looked at after an hour."""
    looks: list[float] = []
    planned = [AGAIN_S, 2 * AGAIN_S, 2 * AGAIN_S + LOOK_S]

    async def story(loop: ManualLoop) -> None:
        def look(_port: int, _authority: Path) -> ServedCertificate:
            looks.append(loop.now_s)
            if len(looks) < 3:
                raise ConnectionRefusedError
            return ServedCertificate(utc_now() + timedelta(days=1), ())

        monkeypatch.setattr(certificate, "served_certificate", look)
        watch = CertificateWatch(8_883, authority, utc_now)
        task = asyncio.create_task(watch.run())
        for number, at_s in enumerate(planned, start=1):
            assert not watch.faults()
            await until(lambda wanted=number: len(loop.timers_s) == wanted)  # type: ignore[misc]
            loop.now_s = at_s
        assert watch.faults()
        task.cancel()
        assert loop.timers_s == planned

    run(story)
    assert looks == [0.0, AGAIN_S, 2 * AGAIN_S]
