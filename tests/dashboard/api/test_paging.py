"""Cursors: no item twice, none left out, whatever the keys and whatever comes or goes between two pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.api.paging import CursorError, page_of, read_cursor, write_cursor

KEYS = st.tuples(st.integers(-5, 5), st.sampled_from(["", "a", "b", "わな", "5km-1"]))


def walk(items: list[tuple[int, str]], limit: int) -> list[tuple[int, str]]:
    found, cursor = [], ""
    while True:
        page = page_of(items, lambda one: one, limit, cursor)
        found += page.items
        if page.next is None:
            return found
        assert len(page.items) == limit
        cursor = page.next


@given(st.lists(KEYS, max_size=40), st.integers(1, 12))
def test_pages_together_are_the_sorted_list(items: list[tuple[int, str]], limit: int) -> None:
    assert walk(items, limit) == sorted(items)


@given(st.sets(KEYS, min_size=2), st.sets(KEYS), st.sets(KEYS), st.integers(1, 5))
def test_what_stays_is_told_once_although_others_come_and_go(
    items: set[tuple[int, str]], come: set[tuple[int, str]], go: set[tuple[int, str]], limit: int
) -> None:
    first = page_of(items, lambda one: one, limit, "")
    if first.next is None:
        return
    after, cursor, rest = (items | come) - go, first.next, []
    while cursor:
        page = page_of(after, lambda one: one, limit, cursor)
        rest += page.items
        cursor = page.next or ""
    assert set(first.items).isdisjoint(rest)
    assert items - go <= {*first.items, *rest}
    assert len(rest) == len(set(rest))


@given(st.tuples(st.integers(-(2**62), 2**62), st.text(max_size=30), st.integers(0, 9)))
def test_a_cursor_is_read_as_it_was_written(place: tuple[int, str, int]) -> None:
    assert read_cursor(write_cursor(place)) == place


@given(st.text(min_size=1, max_size=60) | st.binary(min_size=1).map(lambda b: b.decode("latin-1")))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        read_cursor(text)
