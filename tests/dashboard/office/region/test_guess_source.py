"""By which address guesses at the hub's log-in are counted: the one that the hub's own proxy has added."""

import pytest
from starlette.requests import Request

from dashboard.office.region.hub.entry.gate import source_of

PEER = ("192.0.2.1", 5)
ADDED = "203.0.113.9"  # by HAProxy, as the last line


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        ([], "192.0.2.1"),
        ([ADDED], ADDED),
        (["198.51.100.1", ADDED], ADDED),
        (["198.51.100.1, 198.51.100.2", ADDED], ADDED),
        ([f"198.51.100.1, {ADDED}"], ADDED),
    ],
)
def test_a_guess_counts_at_the_address_that_the_proxy_saw(lines: list[str], source: str) -> None:
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    assert source_of(Request({"type": "http", "headers": headers, "client": PEER})) == source
