"""Mails as trail cameras with SIM send them, in five layouts of our own making, and what each means."""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import NamedTuple

SENDER = "cameras@relay.example"


class Shot(NamedTuple):
    """What one mail says."""

    name: str
    at: datetime  # local time of the camera
    battery_pct: int = 80  # a multiple of 20, so that every layout can say it
    celsius: int = 12


def mail(
    subject: str, text: str, *pictures: bytes, sender: str = SENDER, html: bool = False
) -> EmailMessage:
    """A mail with pictures as attachments."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "wall@mail.example", subject
    made.set_content(text, subtype="html" if html else "plain")
    for number, data in enumerate(pictures, start=1):
        made.add_attachment(data, "image", "jpeg", filename=f"IMAG{number:04}.JPG")
    return made


def lines_ja(shot: Shot, *pictures: bytes) -> EmailMessage:
    at = f"{shot.at:%Y/%m/%d %H:%M:%S}"
    text = f"カメラ名：{shot.name}\n撮影日時：{at}\n電池残量：{shot.battery_pct}％\n温度：{shot.celsius}℃\n"
    return mail(f"画像を送信します {shot.name}", text, *pictures)


def camera_id(shot: Shot, *pictures: bytes) -> EmailMessage:
    fahrenheit = round(shot.celsius * 1.8 + 32)
    text = (
        f"Camera ID: {shot.name}\r\nDate: {shot.at:%Y.%m.%d} Time: {shot.at:%H:%M:%S}\r\n"
        f"Temperature: {fahrenheit} Fahrenheit\r\nBattery: {shot.battery_pct}%\r\n"
    )
    return mail("Wildlife camera", text, *pictures)


def cam_id(shot: Shot, *pictures: bytes) -> EmailMessage:
    at = f"{shot.at:%Y/%m/%d %H:%M:%S}"
    text = (
        f"<html><body>CamID:{shot.name}<br>Date&Time:{at}<br>Temp:{shot.celsius}℃<br>"
        f"Bat:{shot.battery_pct // 20}/5<br>SD:1024M/32G</body></html>"
    )
    return mail("MMS picture", text, *pictures, html=True)


def brackets(shot: Shot, *pictures: bytes) -> EmailMessage:
    at, step = f"{shot.at:%Y-%m-%d %H:%M:%S}", shot.battery_pct // 20
    return mail(f"[{shot.name}] {at} {shot.celsius}C {step}/5", "\n", *pictures)


def compact(shot: Shot, *pictures: bytes) -> EmailMessage:
    at, step = f"{shot.at:%Y/%m/%d %H:%M:%S}", shot.battery_pct // 20
    return mail("", f"MMS: {shot.name}; T:{shot.celsius}C; B:{step}/5; {at}\n", *pictures)


LAYOUTS: dict[str, Callable[..., EmailMessage]] = {
    "lines-ja": lines_ja,
    "lines-camera-id": camera_id,
    "lines-cam-id": cam_id,
    "brackets-in-subject": brackets,
    "compact": compact,
}
