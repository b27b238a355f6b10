"""A hub on one machine, the real programs: kills, a revoked town, a town restored from its backup."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.store.recovery.restore import put_back
from tests.faults.region.counted import check_hub_has, differing, missing_and_double, sent
from tests.support.region.hub_site import HubSite
from tests.support.region.servers.single import Single
from tests.support.region.towns.sender import Sender
from tests.support.region.towns.town_group import TownGroup
from tests.support.servers import wait_for

pytestmark = pytest.mark.real
EVENTS = 1_500
ELSEWHERE = """
SELECT count(*) FROM region.event_elsewhere e JOIN region.organisation o ON o.no = e.town WHERE o.id = $1
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[HubSite[Single]]:
    """A hub of one machine."""
    with HubSite(Single()) as site:
        yield site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's towns keep their files."""
    return tmp_path


def kill_in_turn(hub: HubSite[Single], towns: TownGroup, kinds: tuple[str, ...]) -> None:
    """Kill each amid the sending; afterwards the hub has everything once."""
    kills: dict[str, Callable[[], object]] = {
        "receiver": lambda: hub.kill_receiver("receiver1"),
        "town": lambda: towns.kill(0),
        "server": hub.database.kill_server,
        "other receiver": lambda: hub.kill_receiver("receiver2"),
        "other town": lambda: towns.kill(len(towns.processes) - 1),
        "door": hub.site.kill_haproxy,
    }
    towns.start_all()
    all_events = towns.events * len(towns.names)
    for no, kind in enumerate(kinds):
        wanted = all_events * no // (len(kinds) + 1)
        wait_for(partial(has_sent, hub, towns, wanted), f"{wanted} events; {hub.log}", 60)
        kills[kind]()
        hub.mend()
        towns.start_all()
    check_hub_has(hub, towns)
    towns.kill_all()
    assert towns.lost_acknowledgements() == []
    assert differing(towns) == []


def test_killed_in_turn_nothing_is_lost_or_doubled(hub: HubSite[Single], folder: Path) -> None:
    towns = TownGroup(hub, folder, 1, EVENTS, prefix="short")
    kill_in_turn(hub, towns, ("receiver", "server", "town"))


@pytest.mark.long
def test_each_of_six_processes_killed_in_turn_nothing_is_lost_or_doubled(
    hub: HubSite[Single], folder: Path
) -> None:
    towns = TownGroup(hub, folder, 3, EVENTS, processes=2)
    kinds = ("receiver", "town", "server", "other receiver", "other town", "door")
    kill_in_turn(hub, towns, kinds)


def has_sent(hub: HubSite[Single], towns: TownGroup, wanted: int) -> bool:
    """Whether the hub has acknowledged so many events."""
    return sent(hub, towns) >= wanted


def test_control_towns_that_believe_without_a_200_lose_events(
    hub: HubSite[Single], folder: Path
) -> None:
    more = {"flags": ["--believing"], "prefix": "believing", "settings": "batch = 10"}
    towns = TownGroup(hub, folder, 1, EVENTS, **more)  # type: ignore[arg-type]
    towns.start_all()
    wait_for(partial(has_sent, hub, towns, 1), f"the first events; {towns.log}", 60)
    hub.site.kill_haproxy()
    wait_for(lambda: "accepts nothing" in towns.log, f"the town to believe; {towns.log}", 60)
    towns.kill_all()
    hub.mend()
    lost, double = missing_and_double(hub, towns)
    assert (lost > 0, double) == (True, 0)


def test_the_doctor_of_a_hub_names_what_does_not_answer_and_the_command(
    hub: HubSite[Single],
) -> None:
    words = ["doctor", "--json", "--authority", str(hub.site.first)]
    hub.mend()
    wait_for(lambda: not ailing(hub, words), "a hub that is well", 60)
    hub.kill_receiver("receiver2")
    try:
        [found] = ailing(hub, words)
        assert (
            found == "systemctl restart shishigaki-receiver@receiver1 shishigaki-receiver@receiver2"
        )
    finally:
        hub.mend()


def ailing(hub: HubSite[Single], words: list[str]) -> list[str]:
    """What the doctor says is to be done; a region without a backup yet is no matter here."""
    found = json.loads(hub.command(*words, accepted=(0, 1)))
    return [one["mend"] for one in found if one["mend"] and one["name"] not in NOT_HERE]


NOT_HERE = ("記録の退避 / archive", "届かない町 / silent towns")


def test_a_revoked_town_is_refused_at_once_and_the_others_are_not(
    hub: HubSite[Single], folder: Path
) -> None:
    for name in ("revoked", "spared"):
        hub.enrol(name, folder / name)
    port = hub.site.ports["UPLINK"]
    town, other = (Sender(folder / name, name, port) for name in ("revoked", "spared"))
    wait_for(lambda: town.post() == 200, f"the first block; {hub.log}", 60)
    hub.command("revoke", "revoked", "--authority", str(hub.site.first))
    assert town.post() == 403
    assert town.ask()[0] == 403
    wait_for(lambda: other.post() == 200, "the other town", 60)
    hub.enrol("revoked", folder / "again")
    assert Sender(folder / "again", "revoked", port).ask() == (200, town.upto)
    assert town.post() == 403


@pytest.mark.long  # its short form: gateway/region/uplink/test_real_hub.py
def test_a_town_restored_from_its_backup_sends_again_and_doubles_nothing(
    hub: HubSite[Single], folder: Path
) -> None:
    towns = TownGroup(hub, folder, 1, EVENTS, prefix="restored")
    [name] = towns.names
    database = towns.configs[name].parent / "gateway.db"
    shutil.copy(database, folder / "copy.db")
    towns.start_all()
    check_hub_has(hub, towns)
    towns.kill_all()
    towns.add(300)
    towns.start_all()
    check_hub_has(hub, towns)
    towns.kill_all()
    put_back(folder / "copy.db", database, utc_now(), force=True)
    towns.add(100)
    towns.start_all()
    check_hub_has(hub, towns)
    towns.kill_all()
    assert hub.value(ELSEWHERE, name) == 300
    assert differing(towns) == []
