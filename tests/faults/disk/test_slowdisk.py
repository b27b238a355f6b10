"""The real gateway on a disk that is slow, fails or is full: no false confirm, and the loop goes on."""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.lacking import lags, p99, without
from tests.faults.witness import CAMERAS, Confirms, events, health, ready
from tests.support.pace import slowness
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

pytestmark = pytest.mark.real

HASTY = "commit before ack"
LONGEST_SYNC = 5.0  # times longer than on a quiet machine
Strace = list[str]


def strace(injection: str) -> Strace:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed: sudo apt-get install strace")
    inject = f"inject=fdatasync:{injection}"
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", inject]


@contextlib.contextmanager
def running(
    folder: Path, broker: Mosquitto, prefix: Strace, care: str = "nothing", disk: Path | None = None
) -> Iterator[Service]:
    """A gateway without `care`, listening; it ends with the strace around it."""
    service = Service(folder / "gw", broker.port, *CAMERAS, disk=disk, program=without(care))
    service.start(*prefix)
    try:
        ready(service, broker.port)
        yield service
    finally:
        for pid in Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        service.kill()


def detect(port: int, numbers: range) -> None:
    """Detections, one after the other."""
    sensor = Sensor(port)
    for number in numbers:
        sensor.flush(sensor.send(*native("cam-0001", "detection", number)))
    sensor.close()


def slow_disk(folder: Path, broker: Mosquitto, sync_s: float, care: str = "nothing") -> float:
    """How late the loop is (p99) while each sync takes so long."""
    prefix = strace(f"delay_exit={sync_s * 1e6:.0f}")
    with running(folder, broker, prefix, care) as service:
        detect(broker.port, range(20))
        waits = sorted(health(service)[2] for _ in range(60))
        wait_for(lambda: len(events(service)) == 20, "all events", 30 * sync_s)
        late_s = p99(lags(service.log))
    print(
        f"\nfsync takes {sync_s:g} s, without {care}: the loop is late by {late_s * 1e3:.0f} ms, "
        f"/healthz answers in {p99(waits) * 1e3:.0f} ms (p99)"
    )
    return late_s


@pytest.mark.parametrize("sync_s", [0.5, pytest.param(2.0, marks=pytest.mark.long)])
def test_a_slow_disk_does_not_delay_the_event_loop(
    tmp_path: Path, mosquitto: Mosquitto, sync_s: float
) -> None:
    sync_s *= min(slowness(), LONGEST_SYNC)  # longer than a busy machine is late by itself
    assert slow_disk(tmp_path, mosquitto, sync_s) < sync_s / 2


@pytest.mark.long
def test_control_a_commit_on_the_event_loop_delays_it(tmp_path: Path, mosquitto: Mosquitto) -> None:
    assert slow_disk(tmp_path, mosquitto, 1.0, "commit beside the loop") > 0.5


def failing_disk(
    folder: Path, broker: Mosquitto, fails: int, care: str = "nothing"
) -> tuple[int, float]:
    """(false confirms, lateness p99) while so many syncs end with EIO."""
    prefix = strace(f"error=EIO:when=12..{11 + fails}")
    with running(folder, broker, prefix, care) as service:
        confirmed, sent = Confirms(broker.port, service), 0
        while "disk" not in health(service)[1]:  # a commit each, until one fails
            detect(broker.port, range(sent, sent + 1))
            sent += 1
        detect(broker.port, range(sent, 60))
        wait_for(lambda: len(confirmed.ids) == 60 == len(events(service)), "all confirms", 120)
        confirmed.close()
        late_s = p99(lags(service.log))
    print(
        f"\n{fails} syncs fail, without {care}: {len(confirmed.false)} false confirms, "
        f"the loop is late by {late_s * 1e3:.0f} ms (p99)"
    )
    return len(confirmed.false), late_s


@pytest.mark.parametrize("fails", [2, pytest.param(20, marks=pytest.mark.long)])
def test_a_disk_with_errors_gets_no_false_confirm(
    tmp_path: Path, mosquitto: Mosquitto, fails: int
) -> None:
    false, late_s = failing_disk(tmp_path, mosquitto, fails)
    assert false == 0
    assert late_s < 1.0 * slowness()


@pytest.mark.long
def test_control_a_confirm_before_the_commit_is_false_on_such_a_disk(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    assert failing_disk(tmp_path, mosquitto, 2, HASTY)[0] > 0


def full_disk(
    folder: Path, disk: Path, broker: Mosquitto, care: str = "nothing"
) -> tuple[int, float]:
    """(false confirms, lateness p99) while the disk is full; it must go on by itself afterwards."""
    with running(folder, broker, [], care, disk) as service:
        confirmed, filler = Confirms(broker.port, service), disk / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4_096)):
                pass
        detect(broker.port, range(200))
        wait_for(lambda: "disk" in health(service)[1], "the trouble")
        filler.unlink()
        wait_for(lambda: len(confirmed.ids) == 200 == len(events(service)), "all confirms", 60)
        wait_for(lambda: "disk" not in health(service)[1], "the all-clear")
        confirmed.close()
        late_s = p99(lags(service.log))
    print(
        f"\ndisk full, without {care}: {len(confirmed.false)} of 200 confirms false, "
        f"the loop is late by {late_s * 1e3:.0f} ms (p99)"
    )
    return len(confirmed.false), late_s


def test_a_full_disk_gets_no_false_confirm_and_recovers(
    tmp_path: Path, small_disk: Path, mosquitto: Mosquitto
) -> None:
    false, late_s = full_disk(tmp_path, small_disk, mosquitto)
    assert false == 0
    assert late_s < 1.0 * slowness()


@pytest.mark.long
def test_control_a_confirm_before_the_commit_is_false_on_a_full_disk(
    tmp_path: Path, small_disk: Path, mosquitto: Mosquitto
) -> None:
    assert full_disk(tmp_path, small_disk, mosquitto, HASTY)[0] > 0
