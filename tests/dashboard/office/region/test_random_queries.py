"""Whatever other organisations ask of every address: nothing finer than agreed is in an answer."""

import random

import pytest

from dashboard.office.region.hub.entry.gate import ADDRESSES
from dashboard.office.region.hub.filters import LENGTHS, SPECIES
from tests.dashboard.client import Answer, Client
from tests.dashboard.office.region import watch
from tests.support.region.pages import HOMES, RegionPages, devices

pytestmark = pytest.mark.real

TOWNS = [*(home.id for home in HOMES), "nowhere", "asa' OR '1'='1", "%", "asa%00", "..", "ASA", "1"]
CODES = sorted(
    {code[:n] for home in HOMES for code in watch.squares(home, "5km") for n in (0, 4, 6, 7)}
)
TEXTS = ["", "町", "dev", "' OR 1=1 --", "%", "_", "麻", "\\", "<b>", "9" * 300]


def one_of(draw: random.Random, *choices: object) -> str:
    return str(draw.choice(choices))


def query(draw: random.Random) -> dict[str, str]:
    """Some of the known parameters with known, odd or wrong values."""
    known = {
        "month": one_of(
            draw, "", "2026-11", f"{draw.randrange(2019, 2031)}-{draw.randrange(1, 13):02}", "x"
        ),
        "months": one_of(draw, "", *LENGTHS, "0", "-1", "12;"),
        "species": one_of(draw, "boar", "boar", "deer", *SPECIES, "person", "x'"),
        "inside": one_of(draw, "", "", *CODES, "0000", "5339", "x"),
        "search": one_of(
            draw, *TEXTS, *(home.title for home in HOMES), *(home.id for home in HOMES)
        ),
        "lang": one_of(draw, "ja", "en", "x"),
        "said": one_of(draw, "asked", "x"),
        "w": one_of(draw, "130.5", "131.0", "nan", "-1e9"),
        "s": one_of(draw, "32.5", "32.0", "inf"),
        "e": one_of(draw, "131.0", "131.5", "9"),
        "n": one_of(draw, "33.0", "33.5", ""),
        "organisation": one_of(draw, "asa", "pref", "kawa"),
        "town": one_of(draw, *TOWNS),
    }
    return {name: value for name, value in known.items() if draw.random() < 0.4}


def form(draw: random.Random) -> dict[str, str]:
    """A form of any of the pages, well-formed or not."""
    home = draw.choice(HOMES)
    known = {
        "kind": one_of(draw, "acknowledge", "message", "exact"),
        "town": one_of(draw, *TOWNS),
        "alert": one_of(draw, "al-1", "al-2", "al-9", *(one.id for one in devices(home))),
        "text": one_of(draw, *TEXTS),
        "purpose": one_of(draw, "", "調査", *TEXTS),
        "organisation": home.id,
    }
    return {name: value for name, value in known.items() if draw.random() < 0.8}


def ask(draw: random.Random, client: Client) -> tuple[str, list[str], Answer]:
    """One request to one of the addresses, with the values that were sent."""
    method, path = draw.choice([row for row in ADDRESSES if row[1] not in {"/logout", "/login"}])
    path = path.replace("{town}", draw.choice(TOWNS).replace("%", "%25").replace(" ", "%20"))
    path = path.replace("{path:path}", "app.css")
    asked = query(draw)
    sent = list(asked.values())
    if method == "GET":
        return f"GET {path}", sent, client.get(path, asked)
    return f"POST {path}", sent, client.post(path, form(draw), asked)


def search(region: RegionPages, readers: dict[str, Client], number: int) -> None:
    draw, statuses, exact = random.Random(18), dict[int, int](), 0
    for _ in range(number):
        reader = draw.choice(list(readers))
        asked, sent, answer = ask(draw, readers[reader])
        body = answer.content.decode("utf-8", "replace")
        assert answer.status_code in {200, 303, 400, 404, 409}, (reader, asked, body[:300])
        if "coast" not in asked:  # land, cut by what was asked: it has many coordinates
            assert watch.leaks(body, reader, sent) == set(), (reader, asked, sent)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        exact += "asa-dev-0" in body or "麻町の沢0" in body
    print(f"\n{number} queries: {statuses}; {exact} with exact places, to those who may see them")
    assert statuses[200] > number / 4
    assert exact, "else nobody asked for what must be hidden from others"
    reads = region.sql(
        "SELECT DISTINCT o.id, g.id AS giver FROM region.position_read p JOIN region.organisation o "
        "ON o.no = p.organisation JOIN region.organisation g ON g.no = p.giver"
    )
    others = {(reader, giver) for reader, giver in map(tuple, reads) if reader != giver}
    assert others <= {("pref", "asa")}, "the one that gives exact places, and to whom"


def test_300_random_queries_of_seven_organisations_show_nothing_finer_than_agreed(
    region: RegionPages, readers: dict[str, Client]
) -> None:
    search(region, readers, 300)


@pytest.mark.long
def test_10_000_random_queries_of_seven_organisations_show_nothing_finer_than_agreed(
    region: RegionPages, readers: dict[str, Client]
) -> None:
    search(region, readers, 10_000)


@pytest.mark.parametrize("reader", ["japan", "stranger", "ine", "kawa"])
def test_control_the_search_finds_what_the_prefecture_is_shown(
    readers: dict[str, Client], reader: str
) -> None:
    client = readers["pref"]
    shown = client.post("/region/towns/asa/places", {"purpose": "control"}).text
    assert watch.leaks(shown, "pref") == set()
    found = watch.leaks(shown, reader)
    assert any("asa-dev" in one or "の沢" in one for one in found)
    assert any("(32.7" in one for one in found), "the place itself"
    assert watch.leaks(client.get("/region/towns/ine").text, "japan"), "1 km squares"
