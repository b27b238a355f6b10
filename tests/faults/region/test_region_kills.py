"""Kill -9 over all processes of a region amid a flow of events: nothing is lost or double, no town differs.

Long: 200 kills, 50 journals, 1,000,000 events (REGION_KILLS, REGION_TOWNS, REGION_EVENTS change that).
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.region.counted import check_hub_has, differing, missing_and_double, sent
from tests.support.pace import slowness
from tests.support.region.hub_site import HubSite
from tests.support.region.servers.cluster import Cluster
from tests.support.region.towns.town_group import TownGroup
from tests.support.servers import wait_for

pytestmark = [pytest.mark.real, pytest.mark.long]
KILLS = int(os.environ.get("REGION_KILLS", "200"))
TOWNS = int(os.environ.get("REGION_TOWNS", "50"))
EVENTS = int(os.environ.get("REGION_EVENTS", "1000000"))
PROCESSES = 10
SHARES = {  # of 100 kills
    "town uplink": 34,
    "receiver": 26,
    "haproxy": 8,
    "leader": 7,
    "synchronous standby": 9,
    "patroni": 7,
    "etcd": 7,
    "whole leader": 2,
}
AGAIN_S = 900.0  # for the next share of events to arrive, whatever was killed


def test_kills_over_all_processes_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = int(os.environ.get("REGION_SEED", "18"))
    dice = random.Random(seed)
    with HubSite(Cluster()) as hub:
        towns = TownGroup(hub, tmp_path, TOWNS, EVENTS // TOWNS, processes=min(PROCESSES, TOWNS))
        total = towns.events * TOWNS
        began = time.monotonic()
        towns.start_all()
        done: Counter[str] = Counter()
        for no in range(KILLS):
            arrive(hub, towns, total * no // (KILLS + 1))
            victim = dice.choices(list(SHARES), weights=list(SHARES.values()))[0]
            done[victim] += 1
            kill(hub, towns, victim, dice)
            time.sleep(dice.uniform(0.0, 0.5))
            hub.mend()
            towns.start_all()
        arrive(hub, towns, total)
        arrived_s = time.monotonic() - began
        print(f"{KILLS} kills {dict(done)}: {total:,} events acknowledged in {arrived_s:.0f} s")
        check_hub_has(hub, towns, AGAIN_S)
        towns.kill_all()
        lost, double = missing_and_double(hub, towns)
        print(f"{lost} lost, {double} double", flush=True)
        differ = differing(towns)
        broken = towns.lost_acknowledgements()
        rate = total / arrived_s
        print(
            f"{KILLS} kills {dict(done)} (seed {seed}), {TOWNS} journals, {total:,} events in "
            f"{arrived_s:.0f} s = {rate:,.0f}/s, slowness {slowness():.1f}: {lost} lost, "
            f"{double} double, {len(differ)} towns differ, {len(broken)} acknowledgements taken back"
        )
        assert (lost, double, differ, broken) == (0, 0, [], [])


def arrive(hub: HubSite[Cluster], towns: TownGroup, wanted: int) -> None:
    """Wait until so many events are acknowledged; while the database is away nothing is."""

    def has_arrived() -> bool:
        try:
            return sent(hub, towns) >= wanted
        except Exception:  # no leader now
            time.sleep(0.2)
            return False

    wait_for(has_arrived, f"{wanted:,} events; {hub.log}; {towns.log[-3_000:]}", AGAIN_S)


def kill(hub: HubSite[Cluster], towns: TownGroup, victim: str, dice: random.Random) -> None:
    """kill -9 of one process of this kind, or of one machine."""
    members = list(hub.database.members.values())
    ways: dict[str, Callable[[], object]] = {
        "town uplink": lambda: towns.kill(dice.randrange(len(towns.processes))),
        "receiver": lambda: hub.kill_receiver(dice.choice(list(hub.receivers))),
        "haproxy": hub.site.kill_haproxy,
        "leader": lambda: hub.database.leader().kill_postgres(),
        "synchronous standby": lambda: hub.database.standby().kill_postgres(),
        "patroni": lambda: dice.choice(members).kill_patroni(),
        "etcd": lambda: dice.choice(members).kill_etcd(),
        "whole leader": lambda: hub.database.leader().kill(),
    }
    if victim in {"leader", "synchronous standby", "whole leader"}:
        hub.database.wait_whole(300)
    ways[victim]()
