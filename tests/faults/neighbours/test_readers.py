"""Other programs look into the database all the time: nothing that was confirmed is lost."""

from functools import partial
from pathlib import Path

import pytest

from tests.faults.neighbours.readers import StockReaders
from tests.faults.witness import Confirms, events, ready, send
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native

pytestmark = pytest.mark.real
ROUND = 40


def has_told(confirmed: Confirms, number: int) -> bool:
    return len(confirmed.ids) >= number


def lost_beside_readers(mosquitto: Mosquitto, service: Service, folder: Path, rounds: int) -> int:
    """How many confirmed events are gone after so many kills, each after both readers have looked."""
    confirmed, number = Confirms(mosquitto.port), 0
    service.start()
    with StockReaders(service.database, folder) as readers:
        for _ in range(rounds):
            ready(service, mosquitto.port)
            readers.look_again()  # an outsider that believes itself alone deletes the -wal
            messages = [native("cam-0001", "detection", number + n) for n in range(ROUND)]
            number += ROUND
            send(mosquitto.port, messages)
            wait_for(partial(has_told, confirmed, number), "all confirms", 60)
            service.kill()
            service.start()
    confirmed.close()
    return len(confirmed.ids - {event.id for event in events(service)})


def test_what_was_confirmed_outlives_a_kill_while_other_programs_read_the_file(
    mosquitto: Mosquitto, service: Service, tmp_path: Path
) -> None:
    assert lost_beside_readers(mosquitto, service, tmp_path, 2) == 0
