"""One history on the gateway and on each kind of server."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.export.influx.kit import (
    filled,
    new_site,
    settings,
)
from tests.gateway.export.influx.readback.scene import Scene, prepare
from tests.support.servers import Influxd

SERVERS = ["embedded", "influxd", *(["named"] if "INFLUX_URL" in os.environ else [])]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as running:
        yield running


@pytest.fixture(params=SERVERS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    chosen = None
    if request.param == "influxd":
        chosen = settings(request.getfixturevalue("server"))
    elif request.param == "named":
        chosen = settings()
    store = filled(tmp_path)
    made = Scene(store, chosen, new_site())
    if chosen:
        asyncio.run(prepare(chosen))
    made.forward()
    yield made
    store.close()
