"""One gateway and its backup for all tests of a file."""

from pathlib import Path

import pytest

from tests.gateway.backup.whole import WholeGateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> WholeGateway:
    return WholeGateway(tmp_path_factory.mktemp("gateway"))


@pytest.fixture(scope="module")
def made(gateway: WholeGateway, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gateway.backup(tmp_path_factory.mktemp("usb"))
