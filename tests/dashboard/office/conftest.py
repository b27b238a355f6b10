"""A municipality, and its pages over plain HTTP."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dashboard.client import HANGS_S
from tests.dashboard.office.county import County

Get = Callable[[str], tuple[int, bytes]]


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    """A settled municipality."""
    county = County(tmp_path).settle()
    yield county
    county.store.close()


@pytest.fixture
def get(county: County) -> Iterator[Get]:
    """Fetch a path of its pages: status and body."""
    with county.served() as url:

        def fetch(path: str) -> tuple[int, bytes]:
            try:
                with urllib.request.urlopen(url + path, timeout=HANGS_S) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        yield fetch
