"""Counting guesses: what one costs, what is forgotten, and that memory has a bound."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.web.entry.guesses import (
    COUNTERS,
    FORGET,
    LONGEST_WAIT,
    TRIES,
    WAIT,
    Guesses,
    TooManyTriesError,
    keys_of,
    network,
    wait_after,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HANA = ("name hana",)


def tried(guesses: Guesses, keys: tuple[str, ...], times: int, now: datetime = NOW) -> int:
    """How many of so many wrong guesses were let through."""
    let_through = 0
    for _ in range(times):
        try:
            guesses.take(keys, now)
        except TooManyTriesError:
            continue
        let_through += 1
    return let_through


def test_five_guesses_are_allowed_then_one_after_each_doubled_wait() -> None:
    guesses, now = Guesses(), NOW
    assert tried(guesses, HANA, 60) == TRIES
    for wait_min in (1, 2, 4, 8, 16, 16):
        assert tried(guesses, HANA, 1, now + timedelta(minutes=wait_min, seconds=-1)) == 0
        now += timedelta(minutes=wait_min)
        assert tried(guesses, HANA, 10, now) == 1


def test_a_right_password_is_not_counted_and_resets_no_counter() -> None:
    guesses = Guesses()
    for _ in range(100):
        guesses.take(HANA, NOW)
        guesses.give_back(HANA, NOW)
    assert tried(guesses, HANA, 4) == 4
    guesses.take(HANA, NOW)
    guesses.give_back(HANA, NOW)
    assert tried(guesses, HANA, 10) == 1


def test_wrong_guesses_are_forgotten_an_hour_after_the_last_wait() -> None:
    guesses = Guesses()
    tried(guesses, HANA, TRIES)
    assert tried(guesses, HANA, 60, NOW + WAIT + FORGET + timedelta(seconds=1)) == TRIES


def test_invented_names_neither_fill_the_memory_nor_reset_a_counter() -> None:
    guesses = Guesses()
    tried(guesses, HANA, TRIES)
    for number in range(100_000):
        tried(guesses, (f"name {number}",), 1)
    assert len(guesses) <= COUNTERS
    assert tried(guesses, HANA, 1) == 0


@given(st.integers(0, 10_000))
def test_a_wait_is_limited(wrong: int) -> None:
    assert timedelta() <= wait_after(wrong) <= LONGEST_WAIT


def test_a_browser_that_has_logged_in_before_has_its_own_counter() -> None:
    strangers, own = keys_of("hana", "203.0.113.9", ""), keys_of("hana", "203.0.113.9", "b1")
    guesses = Guesses()
    tried(guesses, strangers, 60)
    assert tried(guesses, own, 60) == TRIES


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("unix", "unix", True),
    ],
)
def test_all_addresses_of_one_ipv6_network_count_as_one_source(
    one: str, other: str, *, same: bool
) -> None:
    assert (network(one) == network(other)) is same
