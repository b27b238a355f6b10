"""The gateway as a process: a signal ends it at any moment of its start, also as process 1."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store import Store
from tests.support.pace import Deadline
from tests.support.samples import TOKYO, TRAP
from tests.support.servers import free_port, wait_for

PROGRAM = [sys.executable, "-m", "gateway"]
WITHOUT_EARLY_SIGNALS = [sys.executable, "-c", "from gateway.cli import main; main()"]
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
END_S = 5.0


class Started:
    """A gateway whose broker is away, started in a folder of its own."""

    def __init__(self, folder: Path, program: list[str], around: list[str] | None = None) -> None:
        self.folder = folder
        config = folder / "site.toml"
        config.write_text(
            f'[store]\npath = "{folder / "test.db"}"\n'
            f"[mqtt]\nport = {free_port()}\n[dashboard]\nport = {free_port()}\n",
            encoding="utf-8",
        )
        self.log = (folder / "log").open("ab")
        command = [*(around or []), *program, "run", "-c", str(config)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self._around = around

    @property
    def pid(self) -> int:
        """Of the gateway: inside a namespace it is the child of `unshare`."""
        if not self._around:
            return self.process.pid
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        wait_for(lambda: children.read_text().split(), "the namespace to begin")
        return int(children.read_text().split()[0])

    def text(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def ends_within(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds of a quiet machine."""
        deadline = Deadline(seconds)
        while self.process.poll() is None:
            if deadline.has_passed():
                return False
            time.sleep(0.01)
        return True

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Started]]:
    made: list[Started] = []
    yield made
    for one in made:
        one.close()


def end_at(folder: Path, delays: list[float], number: signal.Signals) -> None:
    """Start, send the signal after each delay, and look whether the database is whole."""
    with closing(Store(folder / "test.db", TOKYO)) as store:
        store.write_now(lambda tx: tx.put_device(TRAP))
    for delay in delays:
        gateway = Started(folder, PROGRAM)
        time.sleep(delay)
        gateway.process.send_signal(number)
        try:
            assert gateway.ends_within(END_S), f"{number.name} after {delay} s: {gateway.text()}"
            assert gateway.process.returncode in {0, -number}
        finally:
            gateway.close()
        with closing(Store(folder / "test.db", TOKYO)) as store:
            assert [one.id for one in store.read_now(lambda r: r.devices())] == [TRAP.id]


def test_term_at_any_moment_of_the_start_ends_it_and_the_database_is_whole(tmp_path: Path) -> None:
    end_at(tmp_path, [0.1, 0.8, 1.6], signal.SIGTERM)


@pytest.mark.long
def test_term_at_fifty_moments_of_the_start_ends_it_and_the_database_is_whole(
    tmp_path: Path,
) -> None:
    chance = random.Random(24)
    end_at(tmp_path, [chance.uniform(0.1, 3.0) for _ in range(50)], signal.SIGTERM)


def can_be_process_1() -> bool:
    """Whether this user may begin a namespace of processes."""
    try:
        return (
            subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode == 0
        )
    except FileNotFoundError:
        return False


as_process_1 = pytest.mark.skipif(not can_be_process_1(), reason="needs CAP_SYS_ADMIN and unshare")


@as_process_1
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP])
def test_as_process_1_a_signal_during_the_start_ends_it(
    number: signal.Signals, tmp_path: Path, started: list[Started]
) -> None:
    gateway = Started(tmp_path, PROGRAM, NAMESPACE)
    started.append(gateway)
    pid = gateway.pid
    wait_for(lambda: _handles(pid, number), "its first line")
    subprocess.run(["kill", f"-{number.value}", str(pid)], check=True)
    assert gateway.ends_within(END_S), gateway.text()
    assert gateway.process.returncode == 128 + number


@as_process_1
def test_control_without_early_handlers_process_1_does_not_hear_a_signal(
    tmp_path: Path, started: list[Started]
) -> None:
    gateway = Started(tmp_path, WITHOUT_EARLY_SIGNALS, NAMESPACE)
    started.append(gateway)
    subprocess.run(["kill", "-TERM", str(gateway.pid)], check=True)
    wait_for(lambda: "uvicorn" in gateway.text(), "the start to end in spite of it", 60)
    assert gateway.process.poll() is None


def test_hup_reads_the_settings_again_and_quit_ends_it(
    tmp_path: Path, started: list[Started]
) -> None:
    gateway = Started(tmp_path, PROGRAM)
    started.append(gateway)
    wait_for(lambda: "uvicorn" in gateway.text(), "the pages", 60)
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "settings read again" in gateway.text(), "the settings to be read again")
    gateway.process.send_signal(signal.SIGQUIT)
    assert gateway.ends_within(END_S), gateway.text()
    assert gateway.process.returncode == 0


def _handles(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal: the mask of caught signals, by the kernel."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
