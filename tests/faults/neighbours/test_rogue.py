"""A rogue program on the file while messages stream in: told at once, nothing confirmed is gone."""

import contextlib
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.load import Publisher
from tests.faults.neighbours.careless import OPENED, without
from tests.faults.witness import CAMERAS, Confirms, events, health, ready
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native

pytestmark = pytest.mark.real
SOON_S = 70.0
MORE = 60  # confirms that are waited for after each fault


class Stream:
    """A camera that sends 100 messages a second, and what of them was confirmed."""

    def __init__(self, port: int) -> None:
        self.confirmed = Confirms(port)
        self._port, self._stop = port, threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def wait_for_more(self, count: int = MORE) -> None:
        """Until so many more have been confirmed than now."""
        wanted = len(self.confirmed.ids) + count
        wait_for(lambda: len(self.confirmed.ids) >= wanted, "more confirms", 60)

    def stop(self) -> set[str]:
        """The ids that were confirmed."""
        self._stop.set()
        self._thread.join()
        self.confirmed.close()
        return self.confirmed.ids

    def _send(self) -> None:
        publisher, number = Publisher(self._port, "camera"), 0
        while not self._stop.wait(0.01):
            number += 1
            topic, body = native("cam-0001", "detection", number)
            publisher.send((topic, json.dumps(body).encode()))
        publisher.close()


def rm(*ends: str) -> Callable[[Path], object]:
    return lambda path: subprocess.run(["/bin/rm", *(f"{path}{end}" for end in ends)], check=True)


def outsider(script: str) -> Callable[[Path], object]:
    """A Python program of somebody else, with `path` and `sqlite3`."""
    head = "import os, sqlite3, sys; path = sys.argv[1]; "
    return lambda path: subprocess.run([sys.executable, "-c", head + script, path], check=True)


ROGUES: dict[str, Callable[[Path], object]] = {
    "rm database": rm(""),
    "rm -wal": rm("-wal"),
    "rm all": rm("", "-wal", "-shm"),
    "an empty database moved over it": outsider(
        "c = sqlite3.connect(path + '.new'); c.execute('CREATE TABLE t (x)'); c.commit(); "
        "c.close(); os.replace(path + '.new', path)"
    ),
}


@pytest.mark.parametrize("rogue", ROGUES)
def test_files_taken_away_under_load_are_reported_and_nothing_confirmed_is_lost(
    mosquitto: Mosquitto, tmp_path: Path, rogue: str
) -> None:
    with Service(tmp_path / "gw", mosquitto.port, *CAMERAS) as service:
        ready(service, mosquitto.port)
        stream = Stream(mosquitto.port)
        stream.wait_for_more()
        assert health(service)[:2] == (200, {})
        began = time.monotonic()
        ROGUES[rogue](service.database)
        wait_for(lambda: health(service)[0] == 503, "the fault", SOON_S)
        took_s = time.monotonic() - began
        faults = health(service)[1]
        stream.wait_for_more()
        service.kill()
        confirmed = stream.stop()
        kept = {event.id for event in events(service)}
    print(f"\n{rogue}: told after {took_s:.2f} s, {len(confirmed - kept)} of {len(confirmed)} lost")
    assert faults.keys() == {"file"}
    assert confirmed <= kept


def test_control_without_checking_the_files_later_confirmed_events_are_lost(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    program = without("looking")
    with Service(tmp_path / "gw", mosquitto.port, *CAMERAS, program=program) as service:
        ready(service, mosquitto.port)
        stream = Stream(mosquitto.port)
        stream.wait_for_more()
        rm("-wal")(service.database)
        stream.wait_for_more()
        service.kill()
        confirmed = stream.stop()
        kept = {event.id for event in events(service)}
    assert len(confirmed - kept) > MORE / 2


def test_the_office_is_notified_and_the_next_start_still_reports_it(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    office = '[[people]]\nname = "office"\nchannels = ["console:"]\nduty = "office"\n[alerts]\ntick_s = 1'
    with Service(tmp_path / "gw", mosquitto.port, extra=office) as service:
        ready(service, mosquitto.port)
        rm("-wal")(service.database)
        wait_for(lambda: "データベースのファイル" in service.log, "a letter", 30)
        service.kill()
        service.start()
        ready(service, mosquitto.port)
        assert health(service)[1].keys() == {"file"}


def test_a_second_gateway_is_refused_and_a_killed_one_leaves_no_lock(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with Service(tmp_path / "gw", mosquitto.port) as service:
        ready(service, mosquitto.port)
        second = subprocess.run(
            [sys.executable, "-m", "gateway.cli", "run", "-c", str(service.config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert f"in use by another gateway (process {service.pid})" in second.stderr
        assert health(service)[0] == 200
        service.kill()
        service.start()
        wait_for(lambda: health_or_none(service) == 200, "the next gateway", 30)


def health_or_none(service: Service) -> int | None:
    try:
        return health(service)[0]
    except OSError:
        return None


PAGES = (
    "/",
    "/traps",
    "/traps/trap-01",
    "/metrics",
    "/healthz",
    "/login",
    "/api/rates.geojson",
    "/officials",
    "/officials/map.html",
    "/officials/figures.xlsx",
    "/public",
)


def test_a_running_gateway_never_opens_its_database_outside_sqlite(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Held by a hook on every opening of a file in the process; the controls in `test_readers` set it off."""
    with Service(tmp_path / "gw", mosquitto.port, *CAMERAS, program=without("nothing")) as service:
        ready(service, mosquitto.port)
        stream = Stream(mosquitto.port)
        stream.wait_for_more()
        for page in PAGES:
            get(service, page)
        run = [sys.executable, "-m", "gateway.cli"]
        for command in (["backup", tmp_path / "copy.db"], ["devices", "list"], ["doctor"]):
            subprocess.run([*run, *command, "-c", service.config], capture_output=True, check=False)
        rm("-wal")(service.database)
        stream.wait_for_more()
        stream.stop()
        assert service.stop() == 0
        assert OPENED not in service.log


def get(service: Service, page: str) -> None:
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(service.url + page, timeout=120).read()
