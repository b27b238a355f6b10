"""deploy/region/INSTALL.md word by word on three machines: one after the other, then a leader's power is cut.

Three booted systems with a cable each to one switch and one folder for backups. Long: three installations,
ten minutes and 4 GB. Needs what `test_region_install` needs: sudo make test-field ARGS="-k region_three"
"""

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.field.machine import Machine
from tests.field.region.box import BACKUP, HOME, base, follow, named, typed
from tests.field.region.hub_guide import steps
from tests.field.region.switch import Switch
from tests.support.servers import wait_for

pytestmark = pytest.mark.long
NODES = {"node1": "10.0.0.1", "node2": "10.0.0.2", "node3": "10.0.0.3"}
LIST = "runuser -u postgres -- patronictl -c /etc/patroni/config.yml list -f json"


@dataclass
class ThreeMachines:
    """The machines after all steps of the guide, and what the steps showed."""

    machines: dict[str, Machine]
    shown: dict[str, str]

    def roles(self, ask: str = "node1") -> dict[str, str]:
        """Each member and what it is, as a machine sees it; empty while nobody answers."""
        with contextlib.suppress(json.JSONDecodeError):
            found = json.loads(self.machines[ask].sh(f"{LIST} 2>/dev/null", check=False))
            return {one["Member"]: one["Role"] for one in found if one["State"] in RUNNING}
        return {}

    def leader(self, ask: str = "node1") -> str:
        """The member that leads, or ""."""
        return next((name for name, role in self.roles(ask).items() if role == "Leader"), "")

    def well(self) -> bool:
        """Whether the doctor of each machine finds nothing."""
        return all(typed(one, steps()[3][0])[0] == 0 for one in self.machines.values())


RUNNING = {"running", "streaming"}


def carry(first: Path, other: Path, name: str) -> None:
    """A machine's own folder, brought to it from where it was prepared."""
    shutil.copytree(first / HOME[1:] / "region" / name, other / HOME[1:] / "region" / name)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeMachines]:
    """Three machines on which the guide was followed in its order."""
    folder = tmp_path_factory.mktemp("three")
    root, backup = base(folder, NODES), folder / "backup"
    backup.mkdir()
    roots = {name: named(root, folder, name, address) for name, address in NODES.items()}
    with contextlib.ExitStack() as stack:
        switch = stack.enter_context(Switch(NODES))
        machines = {
            name: stack.enter_context(
                Machine(
                    roots[name], folder / f"{name}.log", switch.network(name), f"{backup}:{BACKUP}"
                )
            )
            for name in NODES
        }
        keys, install, tables, *_ = steps()
        follow(machines["node1"], keys[0])
        shown = {}
        for name, machine in machines.items():
            if name != "node1":
                follow(machine, "tar xf shishigaki-*-install.tar.gz")
                carry(roots["node1"], roots[name], name)
            shown[name] = follow(machine, install[0].replace("node1", name))
        shown["tables"] = follow(machines["node1"], tables[0])
        yield ThreeMachines(machines, shown)
    shutil.rmtree(folder)


def test_the_steps_lead_to_three_members_of_which_one_leads(cluster: ThreeMachines) -> None:
    wait_for(lambda: len(cluster.roles()) == 3, "three members", 60)
    assert sorted(cluster.roles().values()).count("Leader") == 1
    assert "cannot" not in "".join(cluster.shown.values())


def test_the_first_backup_makes_the_doctors_content(cluster: ThreeMachines) -> None:
    for machine in cluster.machines.values():
        machine.sh("systemctl start shishigaki-region-backup@full")  # only the leader does it
    wait_for(cluster.well, "three doctors to be content", 60)
    for machine in cluster.machines.values():
        assert not machine.sh("systemctl --failed --no-legend").strip()


def test_another_machine_leads_when_the_leaders_power_is_cut_and_it_comes_back(
    cluster: ThreeMachines,
) -> None:
    before = cluster.leader()
    other = next(name for name in NODES if name != before)
    cluster.machines[before].cut()
    wait_for(lambda: cluster.leader(other) not in ("", before), "another leader", 60)
    cluster.machines[before].boot()
    wait_for(lambda: len(cluster.roles(other)) == 3, "three members again", 120)
    wait_for(cluster.well, "three doctors to be content", 60)
