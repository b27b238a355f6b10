"""The list of traps: found by words, in pages, whatever is asked for."""

from hypothesis import given
from hypothesis import strategies as st

from dashboard.live.device_view import device_views
from dashboard.live.listing import MAX_QUERY, PAGE_SIZE, clean_page, clean_query, list_traps
from gateway.domain.model import Device, Role
from tests.dashboard.client import Client
from tests.dashboard.place import CAMERAS, NOW, TRAPS

MANY = device_views(
    [
        Device(id=f"t{n:04}", role=Role.TRAP, name=f"沢{n}", area="岐宿" if n % 2 else "富江")
        for n in range(1, 351)
    ],
    {},
    NOW,
)


def names(query: str, page: int = 1) -> list[str]:
    return [trap.name for trap in list_traps(MANY, query, page).traps]


def test_every_trap_stands_on_exactly_one_page() -> None:
    pages = [list_traps(MANY, "", page) for page in range(1, 5)]
    assert [len(one.traps) for one in pages] == [PAGE_SIZE] * 3 + [50]
    assert [trap for one in pages for trap in one.traps] == MANY
    assert [(one.first, one.last) for one in pages][3] == (301, 350)


def test_a_page_beyond_the_last_is_the_last() -> None:
    assert list_traps(MANY, "", 9_999).page == 4


def test_detectors_are_no_traps() -> None:
    found = list_traps(device_views((*TRAPS, *CAMERAS), {}, NOW), "", 1)
    assert found.found == len(TRAPS)


def test_all_words_must_match_and_width_and_case_do_not_matter() -> None:
    assert names("沢123") == names("沢１２３") == names("T0123") == ["沢123"]
    assert names("岐宿 沢123") == ["沢123"]
    assert names("富江 沢123") == []


@given(st.text(), st.text())
def test_whatever_is_typed_gives_a_list(query: str, page: str) -> None:
    asked = clean_query(query)
    found = list_traps(MANY, asked, clean_page(page))
    assert len(asked) <= MAX_QUERY
    assert 1 <= found.page <= found.pages
    assert len(found.traps) <= PAGE_SIZE


def test_the_search_is_a_form_that_works_without_javascript(client: Client) -> None:
    text = client.get("/traps", params={"q": "2号"}).text
    assert '<form class="search" role="search" method="get" action="/traps">' in text
    assert 'name="q" value="2号"' in text
    assert text.count("<tr class=") == 2  # 2号 and 12号


def test_a_search_without_a_match_says_so_and_stays_text(client: Client) -> None:
    text = client.get("/traps", params={"q": '"><b>x'}).text
    assert "に合うわなはありません" in text
    assert "<b>x" not in text
