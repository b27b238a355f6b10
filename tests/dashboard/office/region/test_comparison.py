"""Towns side by side, a page at a time: each town stands on one page, on the scale of all."""

import pytest

from dashboard.office.region.hub.comparison import PAGE_SIZE, compare, paged
from dashboard.office.region.hub.queries import TownSum

DAY_MS = 86_400_000
NAMES = {no: f"町{no:04}" for no in range(1, 1_701)}


def sums(towns: int) -> list[TownSum]:
    """Of the last town the rate is the highest by far."""
    return [
        TownSum(no, True, 100 * DAY_MS, 900 if no == towns else 5, 0, 0, 0)
        for no in range(towns, 0, -1)
    ]


@pytest.mark.parametrize("towns", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 1_700])
def test_each_town_is_on_one_page_in_the_order_of_names(towns: int) -> None:
    figures = compare(sums(towns), NAMES)
    pages = [paged(figures, "" if n == 0 else str(n + 1)) for n in range(-(-towns // PAGE_SIZE))]
    shown = [one.town for page in pages for one in page.figures]
    assert shown == [NAMES[no] for no in range(1, towns + 1)]
    assert all(len(page.figures) <= PAGE_SIZE for page in pages)
    for page in pages:
        assert page.figures[0].town == page.begins[page.number - 1] == NAMES[page.first]
        assert page.figures[-1].town == NAMES[page.last]


def test_all_pages_have_one_scale() -> None:
    figures = compare(sums(PAGE_SIZE + 1), NAMES)
    first, [highest] = paged(figures, "1").figures[0], paged(figures, "2").figures
    assert first.rai_bar is not None
    assert highest.rai_bar is not None
    assert 100 * first.rai_bar.rate < highest.rai_bar.rate


@pytest.mark.parametrize("wanted", ["0", "3", "-1", "x", "1.0", "99999999999999999999"])
def test_a_page_that_does_not_exist_is_refused_with_what_is_allowed(wanted: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 2"):
        paged(compare(sums(PAGE_SIZE + 1), NAMES), wanted)
