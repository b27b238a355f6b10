"""deploy/REMOTE.md: each block is accepted by the program that it is for, and opens nothing else."""

import configparser
import ipaddress
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from gateway.config import check
from tests.deploy.folder import DEPLOY
from tests.support.servers import need

TEXT = (DEPLOY / "REMOTE.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    """One block of the page."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert found, name
    return found[1]


def peer() -> tuple[configparser.ConfigParser, ipaddress.IPv4Network]:
    parser = configparser.ConfigParser()
    parser.read_string(block("wireguard"))
    return parser, ipaddress.IPv4Network(parser["Peer"]["AllowedIPs"])


def adapted(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    command = [need(shutil.which("caddy"), "caddy"), "adapt", "--config", str(folder / "Caddyfile")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_settings_of_the_board_trust_the_proxy_only() -> None:
    config = check(tomllib.loads(block("settings")))
    assert config.dashboard.public_url.startswith("https://")
    assert config.dashboard.trusted_proxies == ("10.77.0.1",)


def test_caddy_accepts_its_block_and_asks_the_board(tmp_path: Path) -> None:
    done = adapted(tmp_path, block("caddy"))
    assert done.returncode == 0, done.stderr
    assert "10.77.0.2:8000" in json.dumps(json.loads(done.stdout))


def test_control_a_misspelled_word_is_refused(tmp_path: Path) -> None:
    assert (
        adapted(tmp_path, block("caddy").replace("reverse_proxy", "revers_proxy")).returncode != 0
    )


def test_the_vpn_carries_its_own_network_only_and_is_kept_open() -> None:
    parser, network = peer()
    assert network.is_private
    assert network.prefixlen >= 24
    assert ipaddress.IPv4Interface(parser["Interface"]["Address"]).ip in network
    assert 0 < int(parser["Peer"]["PersistentKeepalive"]) <= 60


@pytest.mark.parametrize("port", ["8000", "8883"])
def test_the_page_says_that_no_port_is_opened_to_the_internet(port: str) -> None:
    assert f"({port})" in TEXT.partition("There are two ways in")[0]
