"""Sites for the tests of rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.alerts.site import Site


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[list[Site]]:
    made: list[Site] = []
    yield made
    for site in made:
        site.store.close()


@pytest.fixture
def make(sites: list[Site], tmp_path: Path) -> Any:
    def build(*args: Any, **settings: Any) -> Site:
        site = Site(tmp_path, *args, **settings)
        sites.append(site)
        return site

    return build
