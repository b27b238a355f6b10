"""The officials' benchmark: what it measures is there, and a page's size is the place's."""

from tests.bench import officials


def test_pages_keep_their_size_however_long_the_history_and_a_heat_map_does_not() -> None:
    page = "map, 3 months"
    pages = {page: officials.PAGES[page]}
    short, long = (officials.measure(events, 1, pages, 60) for events in (4_000, 20_000))
    sizes = [{row.way: row.size for row in rows} for rows in (short, long)]
    assert sizes[1][page] < officials.PAGE.size
    assert abs(sizes[1][page] - sizes[0][page]) < 0.1 * sizes[0][page]
    assert sizes[1][officials.SLOW] > 2 * sizes[0][officials.SLOW]
    found = officials.report([*short, *long])
    assert page in found
