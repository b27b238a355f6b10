"""The shipped configuration: the real programs accept it, for one machine and for three; two are refused."""

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.region.hub.hub_metrics import HubMetrics
from gateway.region.hub.settings import load_settings
from tests.deploy.folder import DEPLOY
from tests.support.region.installation import SETUP, Installation
from tests.support.servers import need

NODES = ("node1", "node2", "node3")
OWNER = re.compile(r"^(User|Group)=(?:shishigaki-hub|haproxy|postgres)$", re.MULTILINE)
HBA = re.compile(r"^ +- (\w+) ", re.MULTILINE)


@pytest.fixture(params=[1, 3], ids=["one machine", "three machines"])
def site(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """A prepared region."""
    need(shutil.which("setpriv"), "util-linux")
    made = Installation(*NODES[: request.param])
    try:
        for node in made.addresses:
            made.configure(node)
        yield made
    finally:
        made.remove()


@pytest.mark.real
def test_every_file_is_filled_in_and_haproxy_accepts_its_own(site: Installation) -> None:
    haproxy = need(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "haproxy")
    for node in site.addresses:
        files = list(site.etc(node).iterdir())
        assert [one.name for one in files if re.search("@[A-Z_]+@", one.read_text())] == []
        check = [haproxy, "-c", "-f", str(site.etc(node) / "haproxy.cfg")]
        assert subprocess.run(check, capture_output=True, timeout=30).returncode == 0


@pytest.mark.real
def test_the_receivers_wait_for_a_replica_exactly_where_there_are_three_machines(
    site: Installation,
) -> None:
    for node in site.addresses:
        for name in ("receiver1", "receiver2"):
            settings = load_settings(site.etc(node) / f"{name}.toml")
            assert settings.replicas == (1 if len(site.addresses) == 3 else 0)
            assert settings.listen.endswith(f"/{name}.sock")


@pytest.mark.real
def test_an_upgrade_keeps_the_way_to_the_hub_above(site: Installation) -> None:
    node = next(iter(site.addresses))
    for name in ("receiver1", "receiver2"):
        with (site.etc(node) / f"{name}.toml").open("a") as stream:
            stream.write('\n[parent]\nurl = "https://above.example.jp"\ntown = "goto"\n')
    for _ in range(2):
        site.configure(node)
    for name in ("receiver1", "receiver2"):
        settings = load_settings(site.etc(node) / f"{name}.toml")
        assert settings.parent is not None
        assert settings.parent.url == "https://above.example.jp"
        assert settings.listen.endswith(f"/{name}.sock")


@pytest.mark.real
def test_only_the_first_machine_can_sign_towns_and_secrets_are_for_few(site: Installation) -> None:
    holders = [node for node in site.addresses if (site.etc(node) / "towns.ca.key").exists()]
    assert holders == ["node1"]
    for node in site.addresses:
        assert not (site.etc(node) / "nodes.ca.key").exists()
        assert all(one.stat().st_mode & 0o077 == 0 for one in site.etc(node).iterdir())


@pytest.mark.real
def test_members_let_in_each_other_only_and_with_tls_and_never_write_without_a_replica() -> None:
    site = Installation(*NODES)
    try:
        site.configure("node2")
        text = (site.etc("node2") / "patroni.yml").read_text()
    finally:
        site.remove()
    assert set(HBA.findall(text[text.index("pg_hba:") :])) == {"local", "hostssl"}
    assert "0.0.0.0" not in text
    assert "synchronous_mode_strict: true" in text
    assert "verify_client: required" in text


@pytest.mark.real
def test_two_machines_are_refused_with_the_reason(tmp_path: Path) -> None:
    text = 'NODES="a=10.0.0.1 b=10.0.0.2"\nUPLINK_NAME=u\nPAGES_NAME=p\nBACKUP=/b\n'
    (tmp_path / "region.env").write_text(text)
    run = ["sh", str(SETUP), "prepare", str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "two cannot tell which of them is cut off" in done.stderr
    assert not (tmp_path / "towns.ca.key").exists()


@pytest.mark.real
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    analyze = need(shutil.which("systemd-analyze"), "systemd")
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = sorted((DEPLOY / "region/systemd").iterdir())
    assert len(units) == 6
    for unit in units:
        text = re.sub(r"/opt/shishigaki/current/bin/shishigaki", str(program), unit.read_text())
        text = re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE)
        text = re.sub(
            r"^(User|Group)=(shishigaki-hub|haproxy|postgres)$",
            r"\1=daemon",
            text,
            flags=re.MULTILINE,
        )
        (tmp_path / unit.name.replace("@.", "@full.")).write_text(text)
    names = [str(one) for one in tmp_path.iterdir() if one.suffix in {".service", ".timer"}]
    done = subprocess.run([analyze, "verify", *names], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Unknown" not in done.stderr


def test_the_board_asks_for_metrics_that_the_hub_has() -> None:
    board = json.loads((DEPLOY / "region/grafana/region.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"shishigaki_hub_\w+", target["expr"])
    }
    known = {family.name for family in HubMetrics().registry.collect()}
    assert {re.sub("_(total|bucket)$", "", name) for name in asked} <= known


def test_the_example_settings_are_whole() -> None:
    text = (DEPLOY / "region/region.env.example").read_text()
    names = set(tomllib.loads(re.sub(r"^(\w+)=([^\"\n]*)$", r'\1="\2"', text, flags=re.MULTILINE)))
    assert names >= {"NODES", "UPLINK_NAME", "PAGES_NAME", "BACKUP"}


@pytest.mark.parametrize("name", ["region/setup.sh", "region/shishigaki-region"])
def test_shellcheck_finds_nothing(name: str) -> None:
    assert subprocess.run(["sh", "-n", DEPLOY / name], timeout=10).returncode == 0
    shellcheck = need(shutil.which("shellcheck"), "shellcheck")
    done = subprocess.run([shellcheck, DEPLOY / name], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
