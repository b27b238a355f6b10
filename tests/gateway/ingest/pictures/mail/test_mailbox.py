"""Mails of cameras through a real IMAP server: each picture is one event, refused mails are kept visibly."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.model import Kind, RefusalReason
from gateway.ingest.pictures.mail import mailbox as mailboxes
from tests.gateway.ingest.pictures.station import Station
from tests.support import pictures
from tests.support.replies.camera_mails import LAYOUTS, Shot, lines_ja, mail
from tests.support.replies.dovecot import PASSWORD, USER, Dovecot

pytestmark = pytest.mark.real
AT = datetime.fromisoformat("2026-11-29T11:30:00")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with Dovecot(tmp_path_factory.mktemp("imap") / "dovecot") as server:
        yield server


def box(server: Dovecot, **other: Any) -> dict[str, Any]:
    """The settings of the mailbox."""
    return {
        "imap_host": "127.0.0.1",
        "imap_port": server.port,
        "imap_security": "none",
        "imap_username": USER,
        "imap_password": PASSWORD,
        "senders": ["cameras@relay.example"],
    } | other


def read(station: Station, server: Dovecot, **other: Any) -> None:
    """Let the gateway read the mailbox until nothing is unseen."""
    parts = station.build(more={"camera_mailboxes": [box(server, **other)]})
    station.run_until(parts.tasks["pictures by mail from cameras"], lambda: server.unseen() == 0)


def refusals(station: Station) -> list[tuple[str, str]]:
    rows = station.store.read_now(lambda reader: reader.quarantine(100))
    return [(row.reason, row.detail) for row in rows]


def test_mails_of_five_layouts_are_events_of_their_cameras(
    station: Station, server: Dovecot
) -> None:
    for number, layout in enumerate(LAYOUTS.values(), start=1):
        shot = Shot("K3" if number % 2 else "S1", AT + timedelta(minutes=number))
        server.put(layout(shot, pictures.picture(shade=number)))
    again = lines_ja(Shot("K3", AT + timedelta(minutes=1)), pictures.picture(shade=1))
    server.put(again)  # the relay sent it twice
    read(station, server)
    events = [event for event in station.events() if event.kind is Kind.DETECTION]
    assert sorted(event.device for event in events) == ["kita-3"] * 3 + ["minami"] * 2
    assert {event.battery_pct for event in events} == {80.0}
    assert {event.time_quality.value for event in events} == {"rtc"}
    # The time in the picture goes before that of the mail, which stands for both here.
    assert {event.species for event in events} == {"unknown"}


def test_forged_broken_and_oversized_mails_are_refused_visibly_and_flagged(
    station: Station, server: Dovecot
) -> None:
    shot, one = Shot("K3", AT), pictures.picture()
    forged = lines_ja(shot, one)
    forged.replace_header("From", "cameras@relay.example.evil")
    two = lines_ja(shot, one)
    del two["From"]
    two["From"] = "cameras@relay.example, other@evil.example"
    unknown = lines_ja(Shot("nobody", AT), one)
    huge = b"From: cameras@relay.example\r\nSubject: big\r\n\r\n" + b"x" * 70 * 60_000
    cut = lines_ja(shot, pictures.picture(shade=5)).as_bytes()
    for raw in (forged, two, unknown, huge, cut[: len(cut) * 2 // 3], b"\xff\x00 no mail"):
        server.put(raw)
    read(station, server, most_mb=2)
    found = refusals(station)
    assert [reason for reason, _ in found].count(RefusalReason.SENDER) == 3
    assert RefusalReason.CAMERA in dict(found)
    assert RefusalReason.TOO_LARGE in dict(found)
    assert any("cameras@relay.example.evil" in detail for _, detail in found)
    events = [event for event in station.events() if event.kind is Kind.DETECTION]
    assert len(events) <= 1, "the mail that was cut off may have a part of its picture"


def test_what_only_is_called_a_picture_is_none_and_a_mail_without_one_is_a_sign_of_life(
    station: Station, server: Dovecot
) -> None:
    fake = EmailMessage()
    fake["From"], fake["Subject"] = "cameras@relay.example", "x"
    fake.set_content("カメラ名：K3\n電池残量：40％\n撮影日時：2026/11/29 11:50:00\n")
    for data in (pictures.HTML, pictures.GIF, pictures.picture(width=80, height=60)):
        fake.add_attachment(data, "image", "jpeg", filename="IMAG0001.JPG")
    server.put(fake)
    read(station, server)
    [event] = station.events()
    assert (event.kind, event.device, event.battery_pct) == (Kind.HEARTBEAT, "kita-3", 40.0)


def test_a_mail_is_marked_only_after_its_pictures_are_on_the_disk(
    station: Station, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put(lines_ja(Shot("K3", AT), pictures.picture(shade=11), pictures.picture(shade=12)))
    takes = 0

    async def dies(*_: object) -> None:
        nonlocal takes
        takes += 1
        raise MemoryError

    parts = station.build(more={"camera_mailboxes": [box(server)]})
    with monkeypatch.context() as patch:
        patch.setattr(parts.taker, "take", dies)
        with pytest.raises((MemoryError, AssertionError)):
            station.run_until(
                parts.tasks["pictures by mail from cameras"], lambda: server.unseen() == 0
            )
    assert (takes, server.unseen(), station.events()) == (1, 1, [])
    read(station, server)
    assert len(station.events()) == 2


def test_a_pattern_that_never_ends_costs_one_mail_and_not_the_gateway(
    station: Station, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = {"mine": {"name": r"\A(?:(x+x+)+)y"}}
    server.put(mail("x" * 60, "nothing", pictures.picture()))
    monkeypatch.setattr(mailboxes, "RETRY_S", 0.1)
    parts = station.build(more={"camera_mailboxes": [box(server)], "camera_makes": endless})
    parts.picture_reader._limit_s = 3.0
    station.run_until(parts.tasks["pictures by mail from cameras"], lambda: server.unseen() == 0)
    assert [reason for reason, _ in refusals(station)] == [RefusalReason.MALFORMED]
    server.put(lines_ja(Shot("K3", AT), pictures.picture(shade=3)))
    read(station, server)
    assert len(station.events()) == 1


def test_no_file_of_a_mail_stays_behind(station: Station, server: Dovecot, tmp_path: Path) -> None:
    server.put(lines_ja(Shot("K3", AT), pictures.picture(shade=21)))
    server.put(b"From: x@evil.example\r\n\r\nnothing")
    read(station, server)
    assert list((tmp_path / "camera-pictures" / "incoming").iterdir()) == []
