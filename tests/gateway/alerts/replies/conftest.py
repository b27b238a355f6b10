"""The office of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.alerts.replies.office import ReplyOffice


@pytest.fixture
def office(tmp_path: Path) -> Iterator[ReplyOffice]:
    office = ReplyOffice(tmp_path)
    yield office
    office.site.store.close()
