"""No address that residents and strangers reach tells where a report was made, or who made it.

Every public address is asked, by whoever is no official, in both languages, with reports in every state.
"""

import logging
import re
from itertools import pairwise

import pytest

from dashboard.web.rights.routes import ROUTES, RouteRow
from gateway import app as service
from gateway.domain.geo.mesh_code import bounds, centre, code
from gateway.domain.people.permissions import MATRIX, Detail, Resource, Visitor
from tests.dashboard.client import Client
from tests.dashboard.public.report.sending import PLACE, WORDS, new, send
from tests.dashboard.public.report.test_office import CONTACT, act
from tests.dashboard.rights.scanner import NUMBER, texts
from tests.support import pictures

NEAR_DEG = 0.004
GRID_DEG = 1e-6
SECRETS = (WORDS, CONTACT, "たけし")
STRANGERS = ("anybody", "resident")  # a viewer sees what a resident sees
SEEN = {Resource.OPEN, Resource.LINK, Resource.SQUARES, Resource.FIGURES, Resource.LIVE}


def gives_away(body: bytes) -> list[str]:
    """What of a report is in an answer: its place, the words of its reporter, how to reach them."""
    found = []
    for text in texts(body):
        found += [word for word in SECRETS if word in text]
        numbers = [float(one) for one in NUMBER.findall(text)]
        found += [
            f"{lat}, {lon}"
            for a, b in pairwise(numbers)
            for lat, lon in ((a, b), (b, a))
            if is_near(lat, lon) and not is_on_grid(lat, lon)
        ]
        found += re.findall(r"\b4928\d{4}[1-4]{1,3}(?!\d)", text)  # codes of squares below 1 km
    return found


def is_near(lat: float, lon: float) -> bool:
    return abs(lat - PLACE[0]) < NEAR_DEG and abs(lon - PLACE[1]) < NEAR_DEG


def is_on_grid(lat: float, lon: float) -> bool:
    """The middle or a corner of the 1 km square is public."""
    square = code(*PLACE, "1km")
    edges, middle = bounds(square), centre(square)
    return any(abs(lat - one) < GRID_DEG for one in (edges.south, edges.north, middle[0])) and any(
        abs(lon - one) < GRID_DEG for one in (edges.west, edges.east, middle[1])
    )


@pytest.fixture
def reports(readers: dict[str, Client]) -> list[dict[str, str]]:
    """A report in each state: new, merged, in progress, published, done and published."""
    made = [new(), new(), new(kind="trace"), new(kind="damage"), new(kind="injury")]
    for number, one in enumerate(made):
        photo = [pictures.picture(shade=80 + number)] if number % 2 else []
        source = f"198.51.100.{number}"
        assert send(readers["anybody"], one, *photo, source=source).status_code == 200
    act(readers["official"], made[0]["id"], "take_up")
    for one in made[3:]:
        act(readers["official"], one["id"], "publish")
    act(readers["official"], made[4]["id"], "close", text="対応しました")
    return made


def addresses(row: RouteRow, report: dict[str, str]) -> list[str]:
    path = row.path
    for name, value in {
        "path:path": "app.css",
        "token": report["token"],
        "id": report["id"],
        "sha256": "ab" * 32,
        "device:path": "trap-far",
    }.items():
        path = path.replace("{" + name + "}", value)
    forms = (
        [path.replace("{form}", form) for form in ("json", "xml")] if "{form}" in path else [path]
    )
    return (
        forms
        if path.startswith("/api/v1/")
        else [f"{one}?lang={lang}" for one in forms for lang in ("ja", "en")]
    )


def test_nothing_that_the_public_reaches_tells_a_place_a_word_or_a_person(
    readers: dict[str, Client], reports: list[dict[str, str]]
) -> None:
    asked = answered = 0
    rows = [one for one in ROUTES if not one.acts and one.path not in {"/live", "/metrics"}]
    for name in STRANGERS:
        for row in rows:
            if row.resource not in SEEN or "/officials" in row.path:
                continue
            granted = MATRIX[Visitor(name)].get(row.resource)
            is_seen = granted is not None and granted.see is not Detail.NONE
            for report in reports if "{token}" in row.path or "{id}" in row.path else reports[:1]:
                for address in addresses(row, report) if is_seen else ():
                    answer = readers[name].get(address)
                    whole = answer.content + repr(answer.headers).encode()
                    assert gives_away(whole) == [], f"{name} {address}"
                    asked, answered = asked + 1, answered + (answer.status_code == 200)
    assert asked > 100
    assert answered > 50


def test_control_what_an_official_sees_is_found(
    readers: dict[str, Client], reports: list[dict[str, str]]
) -> None:
    page = readers["official"].get(f"/reports/of/{reports[0]['id']}")
    found = gives_away(page.content)
    assert WORDS in found
    assert CONTACT in found
    assert any(one.startswith("32.6951") for one in found)


def test_control_a_square_below_1_km_is_found() -> None:
    assert gives_away(code(*PLACE, "500m").encode())
    assert not gives_away(code(*PLACE, "1km").encode())


def test_the_log_tells_nothing_of_a_report(
    gateway: service.Gateway, readers: dict[str, Client], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    report = new()
    send(readers["anybody"], report, pictures.HTML)
    send(readers["anybody"], new(lat="NaN"))
    readers["anybody"].get(f"/report/r/{report['token']}")
    assert not logging.getLogger("uvicorn.access").propagate, (
        "the service writes no log of addresses"
    )
    lines = [one.getMessage() for one in caplog.records if one.name != "uvicorn.access"]
    for secret in (*SECRETS, report["token"], str(PLACE[0])[:6]):
        assert secret not in "\n".join(lines)
