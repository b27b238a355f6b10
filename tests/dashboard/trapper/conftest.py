"""A site with one sprung trap, and the phone of somebody who got a message."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from dashboard.trapper.one_tap import OneTap
from dashboard.web.responses import Reply
from gateway.config import check
from gateway.domain.model import Kind
from gateway.store.feed import Feed
from tests.dashboard.trapper.links import LINKS
from tests.gateway.alerts.site import PEOPLE, Site
from tests.support.asgi import Phone


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.SPRUNG, 5)
    yield site
    site.store.close()


@pytest.fixture
def phone(site: Site) -> Phone:
    page = OneTap(
        site.store, Feed(), Reply(check({"people": PEOPLE})), site.policy, LINKS, lambda: site.now
    )
    return Phone(Starlette(routes=page.routes()))
