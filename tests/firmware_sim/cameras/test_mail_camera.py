"""A simulated camera's mail is read by the gateway as that of a real one."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firmware_sim.cameras.mail_camera import GREY_JPEG, LAYOUTS, Shot, mail
from gateway.ingest.pictures.mail import makes, reading
from gateway.ingest.pictures.requests import ReadMail

SHOT = Shot(
    camera="kishiku-cam-3",
    sender="cam3@example.invalid",
    at=datetime(2026, 11, 23, 4, 5, 6, tzinfo=ZoneInfo("Asia/Tokyo")),
    battery_pct=71,
    temperature_c=-2,
    number=42,
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_gateway_reads_camera_time_battery_and_picture(layout: str, tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(mail(layout, SHOT))
    request = ReadMail(str(tmp_path / "mail"), str(tmp_path), dict(makes.shipped()))
    found = reading.read(request)
    assert found.senders == (SHOT.sender,)
    assert (found.facts.name, found.facts.battery_pct) == (SHOT.camera, 71.0)
    assert (found.facts.time, found.facts.temperature_c) == ("2026-11-23T04:05:06", -2.0)
    assert [one.size for one in found.pictures] == [len(GREY_JPEG)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_picture_is_the_same_mail_byte_for_byte(layout: str) -> None:
    assert mail(layout, SHOT) == mail(layout, SHOT)
    assert mail(layout, SHOT._replace(number=43)) != mail(layout, SHOT)
