"""Nobody is offered a page that they may not open."""

import re
from pathlib import Path

from dashboard.web.entry.passwords import hash_password
from gateway.domain.people.person import Person, UserRole
from tests.dashboard.client import Client
from tests.dashboard.place import Place

BEGIN = ("/", "/traps", "/public", "/officials", "/damage", "/pictures", "/reports")
NAVIGATION = re.compile(r"<nav\b.*?</nav>", re.DOTALL)
LINK = re.compile(r'<a href="(/[^"]*)"')
LOGIN = "/login?"
REFUSED = {303, 401, 403}


def offered(client: Client) -> set[str]:
    """The addresses in all navigations of the pages that somebody may open."""
    pages = [answer.text for path in BEGIN if (answer := client.get(path)).status_code == 200]
    bars = [bar for page in pages for bar in NAVIGATION.findall(page)]
    return {address for bar in bars for address in LINK.findall(bar)}


def refused(client: Client) -> dict[str, int]:
    """What of that is refused, with the status."""
    links = sorted(one for one in offered(client) if not one.startswith(LOGIN))
    answers = {one: client.get(one).status_code for one in links}
    return {one: status for one, status in answers.items() if status in REFUSED}


def test_every_page_that_is_offered_opens(readers: dict[str, Client]) -> None:
    assert [refused(client) for client in readers.values()] == [{}] * len(readers)
    assert "/pictures" in offered(readers["official"])
    assert "/pictures" not in offered(readers["resident"])


def test_every_page_that_a_demo_offers_to_an_unknown_reader_opens(tmp_path: Path) -> None:
    demo = Person(name="demo", role=UserRole.ADMIN, password_hash=hash_password("いのししのでも"))
    place = Place(tmp_path)
    place.demo_account = demo
    with place.served() as url:
        links = offered(Client(url))
        assert {"/officials", "/officials/figures"} <= links
        assert "/pictures" not in links
        assert refused(Client(url)) == {}
    place.store.close()
