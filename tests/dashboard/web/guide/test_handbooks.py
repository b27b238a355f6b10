"""The handbooks: each is one page with its pictures, and every page links to the one of its acts."""

import re

import pytest

from dashboard.web import assets
from dashboard.web.guide import handbook
from dashboard.web.guide.handbook import READERS
from dashboard.web.rights.routes import ROUTES
from tests.dashboard.client import Client

MOST_BYTES = 70_000  # of a picture


@pytest.mark.parametrize("reader", READERS)
def test_a_handbook_names_pages_that_exist_and_has_its_pictures(reader: str) -> None:
    book = handbook.read(reader)
    paths = {row.path for row in ROUTES}
    assert len(book.sections) >= 3
    assert {one.page for one in book.sections if one.page} <= paths
    for one in book.sections:
        assert one.steps
        if one.picture:
            picture = assets.STATIC / "guide" / one.picture
            assert picture.stat().st_size < MOST_BYTES
            assert one.shows, "said in words too"
    assert any(one.picture for one in book.sections)


def test_no_picture_is_without_its_place() -> None:
    used = {one.picture for reader in READERS for one in handbook.read(reader).sections}
    assert {path.name for path in (assets.STATIC / "guide").iterdir()} == used - {""}


def test_everybody_reads_every_handbook_without_a_login(readers: dict[str, Client]) -> None:
    for reader in READERS:
        page = readers["anybody"].get(f"/guide/{reader}")
        assert page.status_code == 200
        assert handbook.read(reader).title in page.text
        for picture in re.findall(r'<img src="(/static/guide/[^"]+)"', page.text):
            assert readers["anybody"].get(picture).status_code == 200
        assert "style=" not in page.text
    assert readers["anybody"].get("/guide/nobody").status_code == 404


@pytest.mark.parametrize(
    ("role", "path", "reader"),
    [
        ("trapper", "/traps", "trapper"),
        ("trapper", "/patrol", "trapper"),
        ("trapper", "/visits", "trapper"),
        ("trapper", "/phone", "trapper"),
        ("trapper", "/login", "trapper"),
        ("official", "/officials/papers", "official"),
        ("official", "/damage", "official"),
        ("official", "/imports", "official"),
        ("official", "/people", "official"),
        ("installer", "/pending", "installer"),
    ],
)
def test_the_page_of_an_act_links_to_its_handbook(
    readers: dict[str, Client], role: str, path: str, reader: str
) -> None:
    assert f'<a href="/guide/{reader}">手引き</a>' in readers[role].get(path).text
