"""Every test of the uplink has short pauses between attempts."""

from collections.abc import Iterator

import pytest

from tests.gateway.region.uplink.kit import hurried


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with hurried(monkeypatch):
        yield
