"""What a hub or a town loses for a while: room on a disk, its time, its line, its database; with controls."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.region.hub.enrolled import EnrolledList
from gateway.store import Store
from tests.faults.disk.smalldisk import small_file_system
from tests.faults.region.counted import check_hub_has, differing, missing_and_double, sent
from tests.faults.time.test_clocks import Clock
from tests.support.region.hub_site import PROGRAM, HubSite
from tests.support.region.installation import Installation
from tests.support.region.servers.namespace import Namespace
from tests.support.region.servers.single import Single
from tests.support.region.towns.sender import Sender
from tests.support.region.towns.town_group import TownGroup
from tests.support.samples import TOKYO
from tests.support.servers import wait_for

pytestmark = [pytest.mark.real, pytest.mark.long]
EVENTS = 1_500
LATER = 300  # events after the clock was put right
HASTY = ("tests.support.region.servers.hasty_receiver",)
DAY_MS = 86_400_000
CLOCK_OFF = """
SELECT clock_off_ms FROM region.town t JOIN region.organisation o USING (no) WHERE o.id = $1
"""
KNOWN = """
SELECT o.id, j.id, j.upto, j.first_version, t.version FROM region.journal j
JOIN region.town t ON t.no = j.town JOIN region.organisation o ON o.no = t.no
"""
KEEP = """
WITH t AS (
    UPDATE region.town SET version = $5 WHERE no = (SELECT no FROM region.organisation WHERE id = $1)
    RETURNING no)
INSERT INTO region.journal (town, id, upto, first_version) SELECT no, $2, $3, $4 FROM t
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's towns keep their files."""
    return tmp_path


@contextmanager
def small_hub(program: Sequence[str] = PROGRAM) -> Iterator[tuple[HubSite[Single], Path]]:
    """A hub whose database lies on a small disk, and the folder of that disk."""
    site = Installation("node1", addresses={"node1": "127.0.0.1"})
    with (
        small_file_system(site.folder / "small", 400) as small,
        HubSite(Single(site, small / "data"), program) as hub,
    ):
        yield hub, small


def sender(hub: HubSite[Single], folder: Path) -> Sender:
    """A town that has sent its first block."""
    hub.enrol("full", folder / "full")
    town = Sender(folder / "full", "full", hub.site.ports["UPLINK"])
    wait_for(lambda: town.post() == 200, f"the first block; {hub.log}", 60)
    return town


def send_while_full(
    hub: HubSite[Single], small: Path, town: Sender, is_noticed: Callable[[], bool]
) -> list[int]:
    """What the town is answered once the hub's disk is full; afterwards there is room again."""

    def is_full() -> bool:
        return "No space left" in hub.database.server.log and is_noticed()

    ballast = small / "ballast"
    with ballast.open("wb") as stream:
        stream.write(bytes(shutil.disk_usage(small).free - 65_536))
    for _ in range(400):
        town.post()
        if is_full():
            break
    assert is_full(), "the disk never became full: no test"
    statuses = [town.post() for _ in range(5)]
    ballast.unlink()
    hub.mend()
    wait_for(lambda: town.ask()[0] == 200, f"the hub to answer again; {hub.log}", 120)
    return statuses


def test_a_full_disk_at_the_hub_acknowledges_nothing_and_recovers(folder: Path) -> None:
    with small_hub() as (hub, small):
        town = sender(hub, folder)
        before = len(town.refused)
        statuses = send_while_full(hub, small, town, lambda: len(town.refused) > before)
        assert 200 not in statuses
        assert town.ask()[1] >= town.upto
        wait_for(lambda: town.post() == 200, f"writes again; {hub.log}", 120)
        upto = town.ask()[1]
        assert upto == town.upto
        rows = hub.value("SELECT count(DISTINCT id) FROM region.event")
        assert rows == hub.value("SELECT count(*) FROM region.event") == upto


def test_control_a_receiver_that_does_not_wait_for_the_commit_loses_events_on_a_full_disk(
    folder: Path,
) -> None:
    with small_hub(HASTY) as (hub, small):
        town = sender(hub, folder)
        assert [town.post() for _ in range(5)] == [200] * 5
        assert town.ask()[1] == town.upto, "it keeps nothing at all: no control"
        statuses = send_while_full(hub, small, town, lambda: "is told that" in hub.log)
        known = town.ask()[1]
        print(f"acknowledged {town.upto} events, kept {known}")
        assert set(statuses) == {200}
        assert known < town.upto


@contextmanager
def town_whose_clock_was_ahead(
    folder: Path, flags: Sequence[str] = ()
) -> Iterator[tuple[HubSite[Single], TownGroup]]:
    """A town that sent with its clock 40 days ahead, and sends more now that the clock is right."""
    clock = Clock(folder)
    clock.show("+40d")
    with HubSite(Single()) as hub:
        towns = TownGroup(
            hub, folder, 1, EVENTS, flags=flags, prefix="clock", environment=clock.environment
        )
        towns.start_all()
        check_hub_has(hub, towns)
        towns.kill_all()
        assert abs(hub.value(CLOCK_OFF, towns.names[0]) - 40 * DAY_MS) < 600_000
        clock.show("+0")
        towns.add(LATER)
        towns.start_all()
        yield hub, towns
        towns.kill_all()


def test_a_town_whose_clock_is_off_is_shown_so_and_loses_nothing(folder: Path) -> None:
    with town_whose_clock_was_ahead(folder) as (hub, towns):
        check_hub_has(hub, towns)
        towns.kill_all()
        assert abs(hub.value(CLOCK_OFF, towns.names[0])) < 600_000
        future = "SELECT count(*) FROM region.event WHERE heard_at > now() + interval '1 hour'"
        assert hub.value(future) == 0
        assert differing(towns) == []


def test_control_a_town_that_numbers_its_sessions_by_its_clock_cannot_send_once_it_is_right(
    folder: Path,
) -> None:
    with town_whose_clock_was_ahead(folder, ["--by-clock"]) as (hub, towns):
        wait_for(lambda: "refuses all events" in towns.log, f"a refusal; {towns.log}", 60)
        assert "superseded" in towns.log
        assert missing_and_double(hub, towns) == (LATER, 0)


def empty(hub: HubSite[Single]) -> None:
    """The hub's database is gone; a new one with its tables stands in its place."""
    for name in hub.receivers:
        hub.kill_receiver(name)
    hub.drop_database()
    hub.make_database()
    hub.mend()


def test_an_empty_hub_gets_everything_again_from_its_towns(folder: Path) -> None:
    with HubSite(Single()) as hub:
        towns = TownGroup(hub, folder, 2, EVENTS, prefix="again")
        towns.start_all()
        check_hub_has(hub, towns)
        empty(hub)
        wait_for(lambda: "unknown_town" in towns.log, f"a town to be refused: {towns.log}", 60)
        assert hub.value("SELECT count(*) FROM region.event") == 0
        hub.command("rebuild", "--authority", str(hub.site.first))
        assert len(EnrolledList(hub.site.first).certificates()) == 2
        check_hub_has(hub, towns)
        towns.kill_all()
        assert differing(towns) == []


def test_control_a_hub_rebuilt_with_what_it_knew_of_the_journals_gets_nothing_again(
    folder: Path,
) -> None:
    with HubSite(Single()) as hub:
        towns = TownGroup(hub, folder, 2, EVENTS, prefix="kept")
        towns.start_all()
        check_hub_has(hub, towns)
        towns.kill_all()
        let_first_day_end(towns)
        kept = [tuple(row) for row in hub.run(lambda link: link.fetch(KNOWN))]
        empty(hub)
        hub.command("rebuild", "--authority", str(hub.site.first))
        hub.run(lambda link: link.executemany(KEEP, kept))
        towns.start_all()
        wait_for(lambda: towns.waiting() == 0, f"towns with nothing to send; {towns.log}", 120)
        towns.kill_all()
        assert missing_and_double(hub, towns) == (2 * EVENTS, 0)
        assert len(differing(towns)) == 2


def let_first_day_end(towns: TownGroup) -> None:
    """As when the journals began days ago: on its first day a town compares its counts with the hub's."""
    for config in towns.configs.values():
        store = Store(config.parent / "gateway.db", TOKYO)
        store.write_now(lambda tx: tx.region.compared())
        store.close()


def lost_over_a_cut(
    folder: Path, direction: str, flags: Sequence[str] = (), unanswered: int = 1
) -> list[str]:
    """What a town says of acknowledged events that the hub lacks, after its line was cut and mended.

    `unanswered`: how often the town says so before the line is mended.
    """
    with Namespace() as network:
        site = Installation("node1", addresses={"node1": "127.0.0.1"}, door=network.hub)
        with HubSite(Single(site)) as hub:
            towns = TownGroup(
                hub,
                folder,
                1,
                EVENTS,
                flags=flags,
                prefix="cut",
                settings="batch = 10",
                run_in=network.prefix,
            )
            towns.start_all()
            wait_for(lambda: sent(hub, towns) > 0, f"the first events; {towns.log}", 60)
            both = direction == "both"
            network.cut(
                to_hub=both or direction == "to_hub", to_town=both or direction == "to_town"
            )
            wait_for(
                lambda: towns.log.count("no answer") >= unanswered,
                f"the town to notice; {towns.log}",
                60 + 30 * unanswered,
            )
            assert sent(hub, towns) < EVENTS, "everything was sent before the cut: no test"
            network.mend()
            check_hub_has(hub, towns)
            towns.kill_all()
            return towns.lost_acknowledgements()


@pytest.mark.parametrize("direction", ["to_hub", "to_town", "both"])
def test_a_line_that_is_cut_costs_nothing(folder: Path, direction: str) -> None:
    assert lost_over_a_cut(folder, direction) == []


def test_control_an_uplink_that_takes_a_cut_for_an_acknowledgement_lacks_events_at_the_hub(
    folder: Path,
) -> None:
    """Of the four blocks the first and the last may still arrive: kernel and uplink go on trying a while."""
    assert lost_over_a_cut(folder, "both", ["--believing"], unanswered=4) != []
