"""Whose address counts behind proxies, and which public addresses are possible."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.web.connections import BoundedConnection, bounded
from dashboard.web.entry.proxies import Proxies
from dashboard.web.forwarded import client_address
from gateway.config import ConfigError, check
from tests.dashboard.client import Client
from tests.dashboard.place import Place

NAMED = Proxies(["192.168.1.2", "10.0.3.0/24", "fd00::/64"])


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["10.9.9.9, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["10.9.9.9", "198.51.100.1"], "198.51.100.1"),
        ("192.168.1.2", ["198.51.100.1"], "198.51.100.1"),
        ("192.168.1.3", ["198.51.100.1"], "192.168.1.3"),
        ("10.0.3.77", ["198.51.100.1, 192.168.1.2"], "198.51.100.1"),
        ("::ffff:10.0.3.77", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::5", ["2001:db8::1"], "2001:db8::1"),
        ("127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("127.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["127.0.0.1"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, 127.0.0.1"], "127.0.0.1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_the_nearest_address_that_no_trusted_proxy_has_counts(
    peer: str, told: list[str], address: str
) -> None:
    assert client_address(peer, told, NAMED.are_named) == address


@given(st.lists(st.text(alphabet="0123456789.,:[]%a ", max_size=60), max_size=4))
def test_whatever_a_stranger_adds_the_address_that_the_proxy_saw_counts(told: list[str]) -> None:
    assert client_address("127.0.0.1", [*told, "198.51.100.7"]) == "198.51.100.7"
    assert client_address("203.0.113.9", told, NAMED.are_named) == "203.0.113.9"


def test_a_named_proxy_may_hold_many_connections_and_others_may_not() -> None:
    kind: type[BoundedConnection] = bounded(20, NAMED.are_named)
    assert kind.is_proxy("10.0.3.9")
    assert not kind.is_proxy("10.0.4.9")
    assert not kind.is_proxy("x")


@pytest.mark.parametrize("wrong", ["10.0.3.1/24", "proxy.example", "", "10.0.0.0/33"])
def test_a_proxy_that_is_no_address_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ConfigError, match="trusted_proxies") as refused:
        check({"dashboard": {"trusted_proxies": [wrong]}})
    assert "192.168.1.2" in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "https://x.example/sika",
        "https://x.example/sika/",
        "x.example",
        "ftp://x.example",
        "https://",
        "https://a@x.example",
        "https://x.example?y",
        "https://x.example#y",
        "https://x.example\\@evil.example",
        "https://x y.example",
    ],
)
def test_a_public_address_with_a_path_or_without_a_host_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ConfigError, match="public_url") as refused:
        check({"dashboard": {"public_url": wrong}})
    assert "without a path" in str(refused.value)


@pytest.mark.parametrize(
    "right",
    ["", "https://x.example", "https://x.example/", "http://10.0.0.1:8000", "http://[::1]:80"],
)
def test_a_public_address_of_its_own_is_taken(right: str) -> None:
    assert check({"dashboard": {"public_url": right}}).dashboard.public_url == right


def test_who_names_a_proxy_has_no_pages_open_without_a_login(tmp_path: Path) -> None:
    for proxies, status in (([], 200), (["192.168.1.2"], 303)):
        folder = tmp_path / f"{status}"
        folder.mkdir()
        place = Place(folder, trusted_proxies=proxies)
        with place.served() as url:
            assert Client(url).get("/traps").status_code == status
        place.store.close()
