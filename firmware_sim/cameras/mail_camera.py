"""A trail camera with a SIM card: one mail for each picture, in the layouts that makers share.

Owns the layouts and the grey picture. Must not send mails or know mailboxes. The picture has no content:
what it shows is the business of the truth.
"""

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple

GREY_JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP////////////////////////////////////////////////////////"
    "//////////////////////////////wAALCACgALABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUEAEAAAAA"
    "AAAAAAAAAAAAAAAA/9oACAEBAAA/AJAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAH//Z"
)


class Shot(NamedTuple):
    """One picture of a camera, by its own local clock."""

    camera: str
    sender: str
    at: datetime  # aware
    battery_pct: int
    temperature_c: int
    number: int


# Subject and text of each layout.
LAYOUTS: Mapping[str, tuple[str, str]] = {
    "lines-ja": (
        "撮影通知",
        (
            "カメラ名:{one.camera}\n撮影日時:{one.at:%Y/%m/%d %H:%M:%S}\n"
            "電池残量:{one.battery_pct}%\n気温:{one.temperature_c}\n"
        ),
    ),
    "lines-camera-id": (
        "New photo",
        (
            "Camera ID: {one.camera}\nDate: {one.at:%Y/%m/%d}\nTime: {one.at:%H:%M:%S}\n"
            "Battery: {one.battery_pct}%\nTemperature: {one.temperature_c} Celsius\n"
        ),
    ),
    "lines-cam-id": (
        "MMS",
        (
            "CamID: {one.camera}\nDate&Time: {one.at:%Y/%m/%d %H:%M:%S}\n"
            "Temp: {one.temperature_c}C\nBat: {one.battery_pct}%\n"
        ),
    ),
}


def mail(layout: str, one: Shot) -> bytes:
    """Write the mail of a picture."""
    subject, text = LAYOUTS[layout]
    found = EmailMessage()
    found["From"] = one.sender
    found["To"] = "pictures@example.invalid"
    found["Subject"] = subject
    found["Date"] = format_datetime(one.at)
    found["Message-ID"] = f"<{one.number}.{one.at:%Y%m%d%H%M%S}@{one.sender.rpartition('@')[2]}>"
    found.set_content(text.format(one=one))
    name = f"IMG_{one.number:04}.JPG"
    found.add_attachment(GREY_JPEG, maintype="image", subtype="jpeg", filename=name)
    found.set_boundary(f"=={one.number:08}==")  # the same mail is the same bytes
    return found.as_bytes()
