"""What tests of connections change of the server."""

from collections.abc import Callable

import pytest

from dashboard import serve


@pytest.fixture
def limit_connections(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def limit(number: int) -> None:
        monkeypatch.setattr(serve, "most_connections", lambda _: number)

    return limit
