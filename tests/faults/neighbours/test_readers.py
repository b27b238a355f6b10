"""Other programs look into the database all the time: nothing that was confirmed is lost."""

from functools import partial
from pathlib import Path

import pytest

from tests.faults.neighbours.careless import OPENED, without
from tests.faults.neighbours.readers import StockReaders
from tests.faults.witness import CAMERAS, Confirms, events, ready, send
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native

pytestmark = pytest.mark.real
ROUND = 40  # messages between two kills
SHARED = (
    "1073741826",
    "1073742335",
)  # the bytes that SQLite locks while it reads (fileformat2.html)


def has_told(confirmed: Confirms, number: int) -> bool:
    return len(confirmed.ids) >= number


def lost_beside_readers(
    mosquitto: Mosquitto, folder: Path, rounds: int, care: str = "nothing"
) -> tuple[int, int]:
    """(confirmed, of them gone) after so many kills, each after both readers have looked."""
    service = Service(folder / "gw", mosquitto.port, *CAMERAS, program=without(care))
    confirmed, number = Confirms(mosquitto.port), 0
    with service, StockReaders(service.database, folder) as readers:
        for _ in range(rounds):
            ready(service, mosquitto.port)
            readers.look_again()  # one that believes itself alone deletes the -wal
            messages = [native("cam-0001", "detection", number + n) for n in range(ROUND)]
            number += ROUND
            send(mosquitto.port, messages)
            wait_for(partial(has_told, confirmed, number), "all confirms", 60)
            service.kill()
            service.start()
    confirmed.close()
    lost = len(confirmed.ids - {event.id for event in events(service)})
    print(
        f"\n{rounds} kills beside two readers without {care}: {lost} of {len(confirmed.ids)} lost"
    )
    assert (OPENED in service.log) == ("locks" in care), "the hook that sees openings"
    return len(confirmed.ids), lost


def test_what_was_confirmed_outlives_kills_while_other_programs_read_the_file(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    assert lost_beside_readers(mosquitto, tmp_path, 2) == (2 * ROUND, 0)


@pytest.mark.long
def test_two_hundred_kills_beside_two_readers_lose_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    assert lost_beside_readers(mosquitto, tmp_path, 200) == (200 * ROUND, 0)


@pytest.mark.long
def test_control_a_gateway_that_opens_its_file_plainly_loses_what_it_confirmed(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    confirmed, lost = lost_beside_readers(mosquitto, tmp_path, 2, "locks and looking")
    assert lost > confirmed / 4


def test_a_log_that_a_reader_deletes_all_the_same_is_noticed_at_the_next_commit(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Without the locks: what is committed in the very moment of the deletion may still be lost."""
    confirmed, lost = lost_beside_readers(mosquitto, tmp_path, 2, "locks")
    assert confirmed == 2 * ROUND
    assert lost <= ROUND / 10


def shared_locks(service: Service) -> list[str]:
    """The lines of /proc/locks with the gateway's shared lock on its database."""
    inode = service.database.stat().st_ino
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return [
        " ".join(words)
        for words in lines
        if words[4:5] == [str(service.pid)]
        and words[5].endswith(f":{inode}")
        and tuple(words[6:8]) == SHARED
    ]


@pytest.mark.parametrize(("care", "locks"), [("nothing", 1), ("locks", 0)])
def test_the_kernel_shows_the_shared_lock_after_the_start(
    mosquitto: Mosquitto, tmp_path: Path, care: str, locks: int
) -> None:
    with Service(tmp_path, mosquitto.port, program=without(care)) as service:
        ready(service, mosquitto.port)
        assert len(shared_locks(service)) == locks
