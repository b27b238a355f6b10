"""A site with people, a notifier and a clock that tests turn."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.store.feed import Feed
from tests.gateway.alerts.post import Post
from tests.gateway.alerts.site import Site

LINKS = Links("secret", "https://wall.example")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., tuple[Site, Post, Callable[[float], int]]]]:
    made: list[Site] = []

    def build(**settings: Any) -> tuple[Site, Post, Callable[[float], int]]:
        site, post = Site(tmp_path, settings), Post()
        made.append(site)
        notifier = Notifier(
            site.store, Feed(), site.policy, post.ways(site), LINKS, lambda: site.now
        )

        def deliver(minutes: float) -> int:
            site.minutes = max(site.minutes, minutes)
            return asyncio.run(notifier.deliver_due())

        return site, post, deliver

    yield build
    for site in made:
        site.store.close()
