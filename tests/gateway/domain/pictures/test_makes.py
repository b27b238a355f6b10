"""The table of makes reads every layout it promises, and an installer's row goes before it."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.pictures.makes import MailFacts, MakeError, MakeRow, check, read
from gateway.ingest.pictures.mail.makes import shipped, with_own
from tests.support.replies.camera_mails import LAYOUTS, Shot

SHOT = Shot("KITA 03", datetime.fromisoformat("2026-11-23T06:10:05"))
OWN = MakeRow(name=r"\APOST ([^\r\n]+)", battery_pct=r"power (\d+)")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_name_battery_temperature_and_time(layout: str) -> None:
    made = LAYOUTS[layout](SHOT)
    body = re.sub(r"<[^>]+>", "\n", made.get_content())
    assert read(made["Subject"], body, shipped()) == MailFacts(
        layout,
        "KITA 03",
        80.0,
        None,
        12.0 if layout != "lines-camera-id" else 12.2,
        "2026-11-23T06:10:05",
    )


def test_an_installers_row_goes_before_the_shipped_ones() -> None:
    rows = with_own({"mine": OWN})
    assert read("POST oku", "power 55\nCamera ID: other", rows).name == "oku"
    assert read("POST oku", "power 55", rows).battery_pct == 55


def test_a_camera_that_was_registered_with_a_row_is_read_by_it_only() -> None:
    text = "Camera ID: a\nBat: 3/4"
    assert read("", text, shipped(), "lines-cam-id").name == ""
    assert read("", text, shipped()).name == "a"


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (MakeRow(name="(unclosed"), "unterminated"),
        (MakeRow(battery_pct=r"\d+%"), "needs a group"),
        (MakeRow(battery_steps=r"(\d)/\d"), "two of them"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_named(row: MakeRow, wrong: str) -> None:
    with pytest.raises(MakeError, match=r"camera_makes\.mine\.") as error:
        check({"mine": row})
    assert wrong in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["Camera ID: x\nBattery: 950%\nTemperature: 99 C", "CamID: x\nBat: 7/5", "CamID: x\nBat: 0/0"],
)
def test_impossible_figures_are_unknown(text: str) -> None:
    found = read("", text, shipped())
    assert (found.name, found.battery_pct, found.temperature_c) == ("x", None, None)


@given(st.text(max_size=60), st.text(max_size=200))
def test_whatever_a_mail_says_something_is_read(subject: str, text: str) -> None:
    found = read(subject, text, shipped())
    assert found.battery_pct is None or 0 <= found.battery_pct <= 100
