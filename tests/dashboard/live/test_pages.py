"""What the pages say, without a browser."""

import re

import jinja2
import msgspec
import pytest

from gateway.domain.model import Kind, Message
from tests.dashboard.client import Client
from tests.dashboard.place import HOSTILE, NOW, TRAPS, Place, ago, reading

PAGES = ("/", "/traps", "/pending", "/login")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_is_there_in_both_languages(client: Client, path: str, language: str) -> None:
    answer = client.get(path, params={"lang": language})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert client.cookies["lang"] == language


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_foreign_code_and_any_inline_code(client: Client, path: str) -> None:
    answer = client.get(path)
    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["img-src"] == "'self' data:", "no tiles in this configuration"
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text)
    assert all('type="application/json"' in tag for tag in inline), "data, which no browser runs"


def test_pages_have_no_inline_style_or_handler_that_the_policy_would_refuse(
    client: Client,
) -> None:
    for path in PAGES:
        assert not re.search(
            r"<[^>]+\s(?:style|on\w+)=", client.get(path).text.replace(HOSTILE, "")
        )


def test_the_map_page_is_small(client: Client) -> None:
    assert len(client.get("/").content) < 150_000


def test_traps_are_listed_by_urgency(client: Client) -> None:
    rows = re.findall(r'<tr class="condition-(\w+)"', client.get("/traps").text)
    assert rows == ["sprung"] * 2 + ["unknown"] * 4 + ["low"] + ["armed"] * 5


def test_html_in_a_device_name_is_shown_as_text(client: Client) -> None:
    for path in ("/", "/traps"):
        text = client.get(path).text
        assert "<img src=x" not in text
        assert "&lt;img src=x onerror=alert(1)&gt;" in text


def test_control_without_escaping_a_device_name_is_markup(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = jinja2.Environment
    monkeypatch.setattr(jinja2, "Environment", lambda **how: made(**how | {"autoescape": False}))
    with place.served() as url:
        assert "<img src=x" in Client(url).get("/traps").text


def test_refused_messages_are_shown_with_sender_and_reason(visitor: Client, place: Place) -> None:
    place.receive(Message("wildlife/v1/x/<b>/event", b"\xff<i>{", NOW))
    place.hear(reading("0102-stranger", Kind.SPRUNG, ago(minutes=1)))
    text = visitor.get("/pending").text
    assert "wildlife/v1/x/&lt;b&gt;/event" in text
    assert "形式が違う" in text
    assert "\\xff&lt;i&gt;{" in text
    assert "shishigaki devices approve 0102-stranger" in text


def test_a_late_event_is_marked_as_late(visitor: Client, place: Place) -> None:
    late = reading("cam-01", Kind.DETECTION, ago(minutes=90), species="boar")
    place.receive(Message("t", msgspec.json.encode(late), NOW))
    assert "90分遅れて届きました" in visitor.get("/").text


def test_heartbeats_are_not_listed_as_events(client: Client) -> None:
    events = client.get("/").text.split('data-panel="events"')[1]
    assert set(re.findall(r'class="kind-([\w-]+)"', events)) == {
        "trap-sprung",
        "trap-set",
        "detection",
    }


def test_the_map_draws_rates_with_their_interval_and_effort(client: Client) -> None:
    text = client.get("/", params={"days": 30, "species": "boar"}).text
    assert re.search(r"<small>\(\d+\.\d–\d+\.\d\)</small>", text)
    assert '<option value="30" selected>' in text
    assert '<option value="boar" selected>' in text


def test_an_unknown_period_is_replaced_by_the_default(client: Client) -> None:
    assert '<option value="90" selected>' in client.get("/", params={"days": "9" * 50}).text


def test_an_unknown_page_says_so_in_a_page(client: Client) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, "そのページはありません" in answer.text) == (404, True)


def test_the_coastline_is_served_for_the_devices_place(client: Client) -> None:
    answer = client.get("/map/coast.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    assert 1_000 < len(answer.content) < 130_000
    assert len(answer.json()["features"]) > 10


def test_a_foreign_name_for_this_machine_is_refused_where_reading_is_open(
    client: Client,
) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_an_alert_names_the_species_and_the_place(client: Client) -> None:
    alerts = client.get("/").text.split('data-panel="alerts"')[1].split("</ul>")[0]
    assert '<a href="/#cam-02"><bdi>山内の林道 2 ニホンジカ</bdi></a>' in alerts


def test_more_than_five_alerts_are_folded_and_none_is_missing(
    visitor: Client, place: Place
) -> None:
    place.hear(*(reading(trap.id, Kind.SPRUNG, ago(minutes=9)) for trap in TRAPS[4:10]))
    panel = visitor.get("/").text.split('data-panel="alerts"')[1].split("</section>")[0]
    listed = len(visitor.get("/api/alerts").json())
    shown, folded = panel.split("<details", 1)
    assert shown.count("data-alert=") == 5
    assert folded.count("data-alert=") == listed - 5 > 0
    assert f"ほか {listed - 5} 件を表示" in folded
