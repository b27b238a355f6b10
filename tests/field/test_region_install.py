"""deploy/region/INSTALL.md word by word on one machine: from a fresh Debian to a hub with a town's events.

The commands are those of the document. Two booted systems, the hub and a town, each with a cable to one
switch. Long: two installations, ten minutes and 3 GB. Needs root, debootstrap, systemd-nspawn and iproute2:
sudo make test-field ARGS="-k region_install"
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.field.machine import Machine
from tests.field.region import town as town_side
from tests.field.region.box import (
    BACKUP,
    TOWN,
    TOWN_ADDRESS,
    base,
    follow,
    hand_over,
    named,
    typed,
)
from tests.field.region.hub_guide import drill, steps
from tests.field.region.switch import Switch

pytestmark = pytest.mark.long
HUB, HUB_ADDRESS = "node1", "10.0.0.1"
SERVICES = (
    "postgresql@15-region haproxy shishigaki-receiver@receiver1 shishigaki-receiver@receiver2"
)
TIMERS = "shishigaki-region-backup.timer shishigaki-region-backup-full.timer shishigaki-region-export.timer"
TOWN_FILES = "/etc/shishigaki/region"
AUTHORITY = f"{TOWN_FILES}/region.pem"
PASSWORD = "yomichi ni wana hitotsu"
SQL = "runuser -u postgres -- psql -qtAX -d region -c"
INFO = "runuser -u postgres -- pgbackrest --config=/etc/shishigaki-region/pgbackrest.conf info"


@dataclass
class HubAndTown:
    """The hub's machine and the town's, after every step; what the steps showed, by number from 1."""

    hub: Machine
    town: Machine
    shown: dict[int, str]
    before_tables: int  # the exit code of `doctor` when the tables were not yet made

    def well(self) -> bool:
        """Whether the doctor finds nothing."""
        code, shown = typed(self.hub, steps()[3][0])
        return code == 0 and "×" not in shown

    def wait_for_event(self, number: int) -> None:
        """Return when the hub has the event and the town finds no difference."""
        query = f"SELECT count(*) FROM region.event WHERE id = 'e{number}'"
        self.hub.wait(f'test "$({SQL} "{query}")" = 1', 60)
        self.town.wait("shishigaki region verify", 60)

    def wait_until_well(self) -> None:
        """Return when everything of the hub runs and the doctor finds nothing."""
        self.hub.wait(f"systemctl is-active {SERVICES}", 90)
        self.hub.wait("shishigaki-region doctor", 60)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubAndTown]:
    """Both machines after all steps of the guide, one event of the town in the hub."""
    folder = tmp_path_factory.mktemp("region")
    root = base(folder, {HUB: HUB_ADDRESS})
    hub_root, town_root = (named(root, folder, name, HUB_ADDRESS) for name in (HUB, TOWN))
    with (
        Switch({HUB: HUB_ADDRESS, TOWN: TOWN_ADDRESS}) as switch,
        Machine(hub_root, folder / "hub.log", switch.network(HUB)) as hub,
        Machine(town_root, folder / "town.log", switch.network(TOWN)) as town,
    ):
        keys, install, tables, check, (enrol, join, _), (official, *_) = steps()
        shown = {1: follow(hub, keys[0]), 2: follow(hub, install[0])}
        before_tables = typed(hub, check[0])[0]
        shown |= {3: follow(hub, tables[0]), 4: follow(hub, check[0])}
        town_side.install(town)
        shown[5] = follow(hub, enrol)
        hand_over("goto.txt", hub_root, town_root)
        shown[5] += follow(town, join)
        shown[6] = follow(hub, f"printf '%s\\n' '{PASSWORD}' | {official}")
        found = HubAndTown(hub, town, shown, before_tables)
        town_side.send_event(town, 1)
        found.wait_for_event(1)
        yield found
    shutil.rmtree(folder)


def test_the_steps_of_the_guide_lead_to_a_hub_on_which_everything_is_well(
    region: HubAndTown,
) -> None:
    assert "this machine is set up" in region.shown[2]
    assert "cannot" not in region.shown[2], "the folder of the backup can be used"
    assert "×" not in region.shown[4]
    assert region.shown[4].count("○") >= 12
    assert region.well(), "also after a town has joined"
    assert not region.hub.sh("systemctl --failed --no-legend").strip()


def test_control_the_doctor_is_not_content_before_the_tables_are_made(region: HubAndTown) -> None:
    assert region.before_tables == 1


def test_the_hub_answers_through_its_door_with_its_own_certificate(region: HubAndTown) -> None:
    url = "https://region.example.jp:8443/login"
    assert "<form" in town_side.page(region.town, url, AUTHORITY)
    others = "/etc/ssl/certs/ca-certificates.crt"
    assert not town_side.reaches(region.town, url, others), "control: trusted by its own only"


def test_the_official_of_the_guide_gets_in_with_the_password_and_nobody_else(
    region: HubAndTown,
) -> None:
    door = "region.example.jp:8443"
    assert town_side.log_in(region.town, door, AUTHORITY, "mori", PASSWORD) == 303
    assert town_side.log_in(region.town, door, AUTHORITY, "mori", "another one") == 403


def test_the_towns_door_is_shut_without_a_towns_certificate(region: HubAndTown) -> None:
    url = "https://uplink.region.example.jp/uplink/goto"
    assert not town_side.reaches(region.town, url, AUTHORITY)
    own = (f"{TOWN_FILES}/town.pem", f"{TOWN_FILES}/town.key")
    assert town_side.reaches(region.town, url, AUTHORITY, *own), "control: open with it"


def test_nothing_but_the_two_doors_is_open_to_the_network(region: HubAndTown) -> None:
    hub = f"import socket; socket.create_connection(('{HUB_ADDRESS}', %d), 3)"
    opened = [
        port
        for port in (443, 5432, 8008, 8405, 8443)
        if region.town.sh(
            f'{town_side.PYTHON} -c "{hub % port}" 2>/dev/null && echo yes', check=False
        )
    ]
    assert opened == [443, 8443]


def test_secrets_are_for_root_and_for_those_who_need_them(region: HubAndTown) -> None:
    rights = region.hub.sh("cd /etc/shishigaki-region; stat -c '%n %U %G %a' *").splitlines()
    open_to_all = {line.split()[0] for line in rights if line[-1] != "0"}
    assert open_to_all == {"nodes.ca", "towns.ca", "uplink.url", "receiver1.toml", "receiver2.toml"}
    assert "towns.ca.key root region-keys 600" in rights
    assert "hub.pgpass shishigaki-hub region-keys 600" in rights
    assert "owner.pgpass root region-keys 600" in rights


def test_a_full_backup_is_planned_each_week_and_the_changes_each_night(region: HubAndTown) -> None:
    assert set(region.hub.sh(f"systemctl is-enabled {TIMERS}").split()) == {"enabled"}
    region.hub.sh("systemctl start shishigaki-region-backup@full shishigaki-region-export")
    assert "full backup" in region.hub.sh(INFO)
    assert "diff backup" not in region.hub.sh(INFO)
    region.hub.sh("systemctl start shishigaki-region-backup@diff")
    assert "diff backup" in region.hub.sh(INFO)
    region.hub.sh(f"test -s {BACKUP}/backup/region/backup.info")
    triggered = region.hub.sh("systemctl show -P Triggers shishigaki-region-backup-full.timer")
    assert triggered.strip() == "shishigaki-region-backup@full.service"


def test_after_a_reboot_all_comes_back_by_itself_and_nothing_is_lost(region: HubAndTown) -> None:
    region.hub.reboot()
    town_side.send_event(region.town, 2)
    region.wait_until_well()
    region.wait_for_event(2)
    assert not region.hub.sh("systemctl --failed --no-legend").strip()


def test_after_a_cut_of_the_power_too(region: HubAndTown) -> None:
    region.hub.cut()
    town_side.send_event(region.town, 3)
    region.hub.boot()
    region.wait_until_well()
    region.wait_for_event(3)


def test_installing_again_keeps_what_is_there(region: HubAndTown) -> None:
    secrets = "md5sum /etc/shishigaki-region/*.pem /etc/shishigaki-region/*.pgpass"
    before = region.hub.sh(secrets)
    follow(region.hub, steps()[1][0])
    region.wait_until_well()
    assert region.hub.sh(secrets) == before
    town_side.send_event(region.town, 4)
    region.wait_for_event(4)


def test_the_restore_drill_brings_the_region_back_and_the_town_sends_the_rest(
    region: HubAndTown,
) -> None:
    region.hub.sh("systemctl start shishigaki-region-backup@full")
    town_side.send_event(region.town, 5)
    region.wait_for_event(5)
    for line in drill():
        if "patronictl" not in line:
            follow(region.hub, line.replace("patroni", "postgresql@15-region"))
    region.wait_until_well()
    for number in range(1, 6):
        region.wait_for_event(number)
