"""A session against each real broker, over each kind of connection."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mqtt_rig import (
    RIGS,
    Rig,
)


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    make, kind = RIGS[request.param]
    with kind(tmp_path / "broker") as server:
        yield Rig(make, server)
