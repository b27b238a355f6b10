"""Thousands of mails at once, and one of 60 MB: all are taken once, memory stays small, a spring is told."""

import imaplib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.model import RefusalReason
from gateway.domain.pictures.picture import PictureState
from tests.gateway.ingest.pictures.mail.test_kills import settings
from tests.gateway.ingest.pictures.station import NORTH, SOUTH
from tests.support import pictures
from tests.support.pace import slowness
from tests.support.replies.camera_mails import LAYOUTS, Shot
from tests.support.replies.dovecot import PASSWORD, USER, Dovecot
from tests.support.samples import TRAP
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

pytestmark = pytest.mark.real
MEMORY_MB = 40.0  # more than before the mails, of the always-on process
ALERT_S = 5.0  # on a quiet machine
TOO_LARGE_MB = 60


@pytest.fixture
def dovecot(tmp_path: Path) -> Iterator[Dovecot]:
    with Dovecot(tmp_path / "dovecot") as server:
        yield server


def deliver(server: Dovecot, mails: int, first: int = 0) -> None:
    """So many mails of all layouts over one connection; from number `first` on each picture is another."""
    began = datetime.now() - timedelta(minutes=mails)  # noqa: DTZ005 - the cameras' local time
    layouts = list(LAYOUTS.values())
    with imaplib.IMAP4("127.0.0.1", server.port, timeout=60) as client:
        client.login(USER, PASSWORD)
        for number in range(first, first + mails):
            shot = Shot(("K3", "S1")[number % 2], began + timedelta(minutes=number))
            data = pictures.picture(width=320, height=240, shade=number)
            mail = layouts[number % len(layouts)](shot, data).as_bytes()
            assert client.append("INBOX", "", "", mail)[0] == "OK"


def kept(service: Service) -> int:
    """How many pictures are made anew."""
    reader = service.reader()
    try:
        return len(reader.pictures.ids(PictureState.KEPT))
    finally:
        reader.close()


def seconds_to_alert(service: Service, port: int) -> float:
    """From a spring's PUBLISH to its alert in the database."""
    sensor = Sensor(port)
    began = time.monotonic()
    sensor.flush(sensor.send(*native(TRAP.id, "trap.sprung", 1)))

    def is_open() -> bool:
        reader = service.reader()
        try:
            return bool(reader.open_alerts_about(TRAP.id))
        finally:
            reader.close()

    wait_for(is_open, "the alert", 60)
    sensor.close()
    return time.monotonic() - began


@pytest.mark.parametrize("mails", [40, pytest.param(10_000, marks=pytest.mark.long)])
def test_many_mails_at_once_are_each_taken_once_in_little_memory_while_a_spring_is_told(
    tmp_path: Path, mosquitto: Mosquitto, dovecot: Dovecot, mails: int
) -> None:
    deliver(dovecot, mails)
    service = Service(tmp_path / "g", mosquitto.port, NORTH, SOUTH, TRAP, extra=settings(dovecot))
    with service:
        wait_for(lambda: kept(service) > 0, "the first picture", 60)
        before_mb, most_mb = service.rss_mb(), 0.0
        alert_s = seconds_to_alert(service, mosquitto.port)
        began, end = time.monotonic(), time.monotonic() + 0.2 * mails * slowness() + 60
        while (done := kept(service)) < mails and time.monotonic() < end:
            most_mb = max(most_mb, service.rss_mb())
            time.sleep(0.5)
        took_s = time.monotonic() - began
        wait_for(lambda: dovecot.unseen() == 0, "the mails to be marked", 120)
    print(f"\n{done} in {took_s:.0f} s; {before_mb:.0f} -> {most_mb:.0f} MB; alert {alert_s:.2f} s")
    assert done == mails
    assert most_mb < before_mb + MEMORY_MB
    assert alert_s < ALERT_S * slowness()


@pytest.mark.long
def test_a_mail_of_60_mb_is_refused_by_its_size_and_costs_no_memory(
    tmp_path: Path, mosquitto: Mosquitto, dovecot: Dovecot
) -> None:
    deliver(dovecot, 3)
    shot = Shot("K3", datetime.now())  # noqa: DTZ005 - the camera's local time
    whole = next(iter(LAYOUTS.values()))(shot, bytes(TOO_LARGE_MB * 750_000)).as_bytes()
    assert len(whole) >= TOO_LARGE_MB * 1_000_000
    dovecot.put(whole)
    deliver(dovecot, 3, first=3)
    service = Service(tmp_path / "g", mosquitto.port, NORTH, SOUTH, extra=settings(dovecot))
    with service:
        wait_for(lambda: kept(service) == 6, "the others", 120)
        wait_for(lambda: dovecot.unseen() == 0, "the large one to be marked", 120)
        rss_mb = service.rss_mb()
        reader = service.reader()
        try:
            refused = [one.reason for one in reader.quarantine(10)]
        finally:
            reader.close()
    print(f"\n{rss_mb:.0f} MB beside a mail of {len(whole) / 1e6:.0f} MB")
    assert refused == [RefusalReason.TOO_LARGE]
    assert rss_mb < 110
