"""Three members: what a town was told to be kept stands on two machines; writing goes on within 30 s."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pace import slowness
from tests.support.region.hub_site import HubSite
from tests.support.region.servers.cluster import Cluster
from tests.support.region.towns.sender import Sender
from tests.support.servers import wait_for

pytestmark = [pytest.mark.real, pytest.mark.long]
GAP_S = 30.0
STREAMING = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
COUNT = """
SELECT count(*) - count(DISTINCT e.id), count(*)
FROM region.event e JOIN region.organisation o ON o.no = e.town WHERE o.id = $1
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[HubSite[Cluster]]:
    """A hub on three members."""
    with HubSite(Cluster()) as site:
        yield site


@pytest.fixture(autouse=True)
def whole(hub: HubSite[Cluster]) -> None:
    """Each test begins with everything running."""
    hub.mend()
    hub.database.wait_whole(120)


def sender(hub: HubSite[Cluster], folder: Path, town: str) -> Sender:
    """A town that may send."""
    hub.enrol(town, folder)
    made = Sender(folder, town, hub.site.ports["UPLINK"])
    wait_for(lambda: made.post() == 200, f"the first block to be taken; {hub.log}", 60)
    return made


def check_kept(hub: HubSite[Cluster], town: Sender) -> None:
    """Nothing that was acknowledged is missing, nothing is there twice."""
    status = 0
    wait_for(lambda: town.ask()[0] == 200, f"the hub to answer; {hub.log}", 60)
    status, upto = town.ask()
    assert (status, upto >= town.upto) == (200, True)
    [(double, rows)] = hub.run(lambda link: link.fetch(COUNT, town.town))
    assert (double, rows) == (0, upto)


def test_the_machine_that_leads_loses_its_power_and_writing_goes_on(
    hub: HubSite[Cluster], tmp_path: Path
) -> None:
    town = sender(hub, tmp_path, "power")
    with town:
        time.sleep(2)
        leader, before = hub.database.leader(), len(town.acknowledged)
        leader.kill()
        wait_for(lambda: len(town.acknowledged) > before + 20, f"writes again; {hub.log}", 90)
    print(
        f"power cut of the leader: {town.gap_s():.1f} s without writes, slowness {slowness():.1f}"
    )
    assert town.gap_s() < GAP_S * max(1.0, slowness() / 4)
    assert hub.database.leader() is not leader
    hub.mend()
    hub.database.wait_whole(120)
    check_kept(hub, town)


@pytest.mark.parametrize("victim", ["leader", "standby"])
def test_postgresql_is_killed(hub: HubSite[Cluster], tmp_path: Path, victim: str) -> None:
    town = sender(hub, tmp_path, f"pg-{victim}")
    with town:
        time.sleep(1)
        before = len(town.acknowledged)
        getattr(hub.database, victim)().kill_postgres()
        wait_for(lambda: len(town.acknowledged) > before + 20, f"writes again; {hub.log}", 90)
    print(f"PostgreSQL of the {victim} killed: {town.gap_s():.1f} s without writes")
    assert town.gap_s() < GAP_S * max(1.0, slowness() / 4)
    check_kept(hub, town)


def test_with_both_replicas_frozen_no_block_is_acknowledged(
    hub: HubSite[Cluster], tmp_path: Path
) -> None:
    town = sender(hub, tmp_path, "frozen")
    # a replica that is still starting would have processes that are not frozen
    wait_for(lambda: hub.value(STREAMING) == 2, "both replicas to follow", 120)
    leader = hub.database.leader()
    others = [one for one in hub.database.members.values() if one is not leader]
    known = town.upto
    try:
        for other in others:
            other.freeze_postgres()
        statuses = [town.post() for _ in range(3)]
        told = [town.ask() for _ in range(2)]
    finally:
        for other in others:
            other.freeze_postgres(frozen=False)
    assert 200 not in statuses
    assert [status for status, _ in told if status == 200] == []
    assert town.upto == known
    wait_for(lambda: town.post() == 200, f"writes again; {hub.log}", 60)
    check_kept(hub, town)


def test_control_without_a_wait_for_replicas_acknowledged_events_are_lost(
    hub: HubSite[Cluster], tmp_path: Path
) -> None:
    town = sender(hub, tmp_path, "control")
    receivers = {name: hub.site.first / f"{name}.toml" for name in hub.receivers}
    before = {name: path.read_text() for name, path in receivers.items()}
    edit(
        hub, synchronous_mode=False, synchronous_mode_strict=False, maximum_lag_on_failover=1 << 30
    )
    for name, path in receivers.items():
        path.write_text(before[name].replace("replicas = 1", "replicas = 0"))
        hub.kill_receiver(name)
        hub.start_receiver(name)
    try:
        wait_for(lambda: town.post() == 200, f"receivers again; {hub.log}", 60)
        leader = hub.database.leader()
        others = [one for one in hub.database.members.values() if one is not leader]
        wait_for(lambda: not standbys(hub), "no synchronous standby", 60)
        for other in others:  # gone, not frozen: nothing lies in their sockets' buffers
            other.kill_patroni()
            other.kill_postgres()
        wait_for(lambda: town.post() == 200, "a 200 without any replica", 60)
        statuses = [town.post() for _ in range(3)]
        leader.kill()
        for other in others:
            other.start()
        wait_for(lambda: town.ask()[0] == 200, f"another leader; {hub.log}", 120)
        assert 200 in statuses
        assert town.ask()[1] < town.upto, "events that were acknowledged are there: no control"
    finally:
        for name, path in receivers.items():
            path.write_text(before[name])
            hub.kill_receiver(name)
        hub.mend()
        wait_for(lambda: len(hub.database.roles()) == 3, "all members", 120)
        edit(hub, synchronous_mode=True, synchronous_mode_strict=True, maximum_lag_on_failover=0)


def standbys(hub: HubSite[Cluster]) -> str:
    """The synchronous standbys that the leader waits for."""
    return str(hub.value("SELECT current_setting('synchronous_standby_names')"))


def edit(hub: HubSite[Cluster], **settings: object) -> None:
    """Change the cluster's settings, as `patronictl edit-config` does."""
    leader = hub.database.leader()
    words = [f"--set={key}={json.dumps(value)}" for key, value in settings.items()]
    run = ["patronictl", "-c", str(leader.etc / "patroni.yml"), "edit-config", "--force", *words]
    subprocess.run(run, check=True, capture_output=True, timeout=60)


def test_a_rolling_upgrade_stops_no_town_for_long(hub: HubSite[Cluster], tmp_path: Path) -> None:
    town = sender(hub, tmp_path, "rolling")
    with town:
        for name in hub.receivers:
            hub.receivers[name].end(signal.SIGTERM)
            hub.start_receiver(name)
            wait_for(hub.receivers_answer, "the receiver", 60)
        followers = [
            one for one in hub.database.members.values() if one is not hub.database.leader()
        ]
        for member in followers:
            restart(hub, member.name)
        last = hub.database.leader()
        config = str(last.etc / "patroni.yml")
        switch = ["patronictl", "-c", config, "switchover", "region", "--force"]
        subprocess.run(switch, check=True, capture_output=True, timeout=120)
        wait_for(
            lambda: hub.database.is_whole() and hub.database.leader() is not last,
            "a new leader",
            120,
        )
        restart(hub, last.name)
        before = len(town.acknowledged)
        wait_for(lambda: len(town.acknowledged) > before + 5, f"writes again; {hub.log}", 60)
    print(
        f"rolling upgrade: at most {town.gap_s():.1f} s without writes, {len(town.refused)} blocks again"
    )
    assert town.gap_s() < GAP_S * max(1.0, slowness() / 4)
    check_kept(hub, town)


def restart(hub: HubSite[Cluster], name: str) -> None:
    """One machine down in order and up again, as for new packages."""
    member = hub.database.members[name]
    member.patroni.end(signal.SIGTERM)
    member.etcd.end(signal.SIGTERM)
    member.start()
    hub.database.wait_whole(120)
