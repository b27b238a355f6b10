"""The limits that the unit sets fit what the program takes."""

import re

import pytest

from dashboard.web.connections import (
    BACKLOG,
    MAX_CONNECTIONS,
    RESERVED,
    allowed_descriptors,
    most_connections,
)
from gateway.config.office import Office
from tests.deploy.folder import DEPLOY

UNIT = (DEPLOY / "systemd" / "shishigaki.service").read_text()
GATEWAY_MB = 110  # with 5,000 devices and a flood: gateway/PROMISES.md
BOARD_MB = 512
SYSTEM_MB = 90  # Debian without a desktop and mosquitto, of the board's memory


def setting(name: str) -> str:
    """The value of a setting that the unit has once."""
    found = re.findall(rf"^{name}=(.+)$", UNIT, re.MULTILINE)
    assert len(found) == 1, f"{name} stands {len(found)} times in the unit"
    return str(found[0])


def test_files_suffice_for_all_connections_and_what_is_reserved_beside_them() -> None:
    files = int(setting("LimitNOFILE"))
    assert files >= MAX_CONNECTIONS + BACKLOG + RESERVED
    assert most_connections(files) == MAX_CONNECTIONS


def test_control_with_fewer_files_than_that_there_are_fewer_connections() -> None:
    assert most_connections(MAX_CONNECTIONS + RESERVED - 1) < MAX_CONNECTIONS
    assert allowed_descriptors() > 0


def test_memory_suffices_for_the_gateway_and_the_officials_pages_and_leaves_the_board_its_own() -> (
    None
):
    most_mb = int(setting("MemoryMax").removesuffix("M")) * 1.048576
    assert GATEWAY_MB + Office().memory_mb < most_mb < BOARD_MB - SYSTEM_MB


def test_the_end_of_a_calculating_process_does_not_end_the_gateway() -> None:
    assert setting("OOMPolicy") == "continue"


@pytest.mark.parametrize("name", ["LimitNOFILE", "TasksMax", "MemoryMax"])
def test_each_limit_stands_below_its_reason(name: str) -> None:
    lines = UNIT.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{name}="))
    assert lines[at - 1].startswith("# ")


def broker_conf(name: str) -> int:
    """A number of the broker's configuration."""
    text = (DEPLOY / "mosquitto" / "shishigaki.conf").read_text()
    [found] = re.findall(rf"^{name} (\d+)$", text, re.MULTILINE)
    return int(found)


QUEUED_BYTES = 400  # mosquitto's own of a queued message, measured: 590 to 630 with 250 of payload
IDLE_BYTES = 9_500_000
MOST_BYTES = 80_000_000  # of the broker while the gateway is away
CONNECTION_BYTES = 50_000  # of a session over TLS


def test_the_brokers_memory_suffices_for_a_full_queue_and_all_its_connections() -> None:
    unit = (DEPLOY / "mosquitto" / "mosquitto.service.conf").read_text()
    [most_mib] = re.findall(r"^MemoryMax=(\d+)M$", unit, re.MULTILINE)
    [files] = re.findall(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE)
    queue = broker_conf("max_queued_messages") * QUEUED_BYTES + broker_conf("max_queued_bytes")
    sensors = broker_conf("max_connections")
    assert queue + IDLE_BYTES < MOST_BYTES
    assert queue + sensors * CONNECTION_BYTES < int(most_mib) * 2**20
    assert sensors + 256 < int(files)
