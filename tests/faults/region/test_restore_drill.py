"""The restore drill of INSTALL.md, really done: pgBackRest on three members, whose data is then lost."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.region.hub_site import HubSite
from tests.support.region.servers.cluster import Cluster
from tests.support.region.servers.member import Member
from tests.support.region.servers.private import as_server
from tests.support.region.towns.sender import Sender
from tests.support.servers import wait_for

pytestmark = [pytest.mark.real, pytest.mark.long]


def pgbackrest(member: Member, *words: str) -> str:
    """Run it as the server's user with the shipped settings."""
    config = f"--config={member.etc}/pgbackrest.conf"
    run = as_server(["pgbackrest", config, "--stanza=region", *words])
    done = subprocess.run(run, capture_output=True, text=True, timeout=600, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_data_is_lost_and_comes_back_from_the_backup_and_from_the_towns(tmp_path: Path) -> None:
    with HubSite(Cluster()) as hub:
        cluster = hub.database
        hub.enrol("drill", tmp_path)
        town = Sender(tmp_path, "drill", hub.site.ports["UPLINK"])
        wait_for(lambda: town.post() == 200, f"the first block; {hub.log}", 60)
        leader = cluster.leader()
        pgbackrest(leader, "stanza-create")
        pgbackrest(leader, "backup")
        pgbackrest(leader, "check")
        for _ in range(20):
            assert town.post() == 200
        archived = town.upto
        hub.run(lambda link: link.execute("SELECT pg_switch_wal()"))
        wait_for(lambda: archive_done(hub), "the journal to be archived", 60)
        for _ in range(20):
            assert town.post() == 200
        began = time.monotonic()
        lose_everything(cluster)
        restored = restore(cluster, leader.name)
        wait_for(lambda: town.ask()[0] == 200, f"the hub to answer again; {restored.log}", 180)
        known = town.ask()[1]
        assert archived <= known <= town.upto
        last = town.upto
        wait_for(
            lambda: town.post() in {200, 409} and town.upto >= last, "the rest from the town", 60
        )
        rows = hub.value("SELECT count(*) FROM region.event")
        assert rows == hub.value("SELECT count(DISTINCT id) FROM region.event") >= last
        print(
            f"restored in {time.monotonic() - began:.0f} s: {known} of {last} events from the backup, "
            f"{last - known} again from the town"
        )


def archive_done(hub: HubSite[Cluster]) -> bool:
    """Whether no finished piece of the journal waits for the archive."""
    query = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"
    return int(hub.value(query)) == 0


def lose_everything(cluster: Cluster) -> None:
    """The three databases are gone, as after a wrong command; etcd is as it was."""
    for member in cluster.members.values():
        member.patroni.end(signal.SIGKILL)
        member.kill_postgres()
    for member in cluster.members.values():
        shutil.rmtree(member.data)


def restore(cluster: Cluster, name: str) -> Member:
    """The commands of INSTALL.md on one member, then the others."""
    member = cluster.members[name]
    pgbackrest(member, "restore")
    remove = ["patronictl", "-c", str(member.etc / "patroni.yml"), "remove", "region"]
    answers = "region\nYes I am aware\n"
    done = subprocess.run(
        remove, input=answers, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:  # it asks for the leader's name while its key still stands
        answers += f"{name}\n"
        subprocess.run(
            remove, input=answers, check=True, capture_output=True, text=True, timeout=60
        )
    member.start_patroni()
    wait_for(lambda: cluster.roles().get(name) == "leader", f"{name} to lead; {member.log}", 180)
    for other in cluster.members.values():
        if other is not member:
            other.start_patroni()
    cluster.wait_whole(180)
    return member
