"""The power goes: what was acknowledged is there, what was under way is there wholly or not at all."""

import contextlib
import fcntl
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import apsw
import pytest

from gateway.domain.model import Kind
from gateway.ingest.messages.batch import absorb
from gateway.store import Store, Writer
from tests.faults.disk.disk import Disk, Image
from tests.support.pace import slowness
from tests.support.samples import CAMERA, TOKYO, TRAP, at, decode, message, reading

DATABASE = Path("/gateway.db")
ACTS = 10
EXT4_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NO_FLUSH = 2  # as when the power goes: not even the journal is written


@cache
def fresh() -> Image:
    """A database with its schema and devices, as it lies on the disk."""
    disk = Disk("fresh", {}, 0, random.Random(0))
    writer = Writer(DATABASE, TOKYO, "fresh")
    with writer.transaction() as tx:
        tx.put_devices([TRAP, CAMERA])
    writer.close()
    return {path: bytes(file.now) for path, file in disk.files.items()}


def work(writer: Writer, disk: Disk) -> int:
    """Take springs in until the power is gone; gives how many were acknowledged before."""
    for number in range(1, ACTS + 1):
        kind = Kind.SPRUNG if number % 2 else Kind.SET
        one = message(reading("trap-01", kind, number, seq=number))
        with writer.transaction() as tx:
            absorb(tx, [one], decode, at(number))
        if disk.image is not None:
            return number - 1
    return ACTS


def cut(seed: int, *, lying: bool = False) -> tuple[int, int, bool]:
    """(acknowledged, found after the cut, whether every found event has its whole story)."""
    rng = random.Random(seed)
    disk = Disk(f"disk-{seed}", fresh(), rng.randrange(4, 90), rng)
    writer = Writer(DATABASE, TOKYO, f"disk-{seed}")
    if lying:
        writer.connection.pragma("synchronous", "OFF")
    if rng.random() < 0.5:  # make checkpoints, too, fall under the knife
        writer.connection.pragma("wal_autocheckpoint", rng.randrange(5, 40))
    acked = work(writer, disk)
    image = disk.image
    if image is None:
        return acked, acked, True
    return (acked, *look(image, f"after-{seed}"))


def look(image: Image, name: str) -> tuple[int, bool]:
    """(events, whether the story is whole) of what the platter holds."""
    disk = Disk(name, image, 0, random.Random(0))
    try:
        writer = Writer(DATABASE, TOKYO, name)
        execute = writer.connection.execute
        [(events,)] = execute("SELECT count(*) FROM event")
        [(springs,)] = execute("SELECT count(*) FROM event WHERE kind = 'trap.sprung'")
        [(alerts,)] = execute("SELECT count(*) FROM alert")
        sound = execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
        writer.close()
    except apsw.Error:
        return 0, False
    assert disk.files
    return int(events), bool(sound and springs == alerts)


def run_cuts(seeds: int) -> None:
    """Cut and print the figure."""
    lost = torn = under_way = 0
    for seed in range(seeds):
        acked, found, whole = cut(seed)
        lost += found < acked
        torn += not whole
        under_way += acked < ACTS
    print(
        f"\n{seeds} torn and re-ordered power cuts ({under_way} amid work): "
        f"{lost} lost acknowledged events, {torn} left half a story"
    )
    assert (lost, torn) == (0, 0)
    assert under_way > seeds * 0.6, "the cuts came too late: nothing was proven"


def test_torn_and_reordered_writes_lose_nothing_acknowledged() -> None:
    run_cuts(150)


@pytest.mark.long
def test_ten_thousand_torn_and_reordered_power_cuts() -> None:
    run_cuts(10_000)


def test_control_without_sync_the_same_cuts_lose_events() -> None:
    results = [cut(seed, lying=True) for seed in range(60)]
    assert any(found < acked or not whole for acked, found, whole in results)


@pytest.fixture
def ext4(tmp_path: Path) -> Iterator[Path]:
    """An ext4 of 64 MB on a loop device, mounted; skipped where that is not allowed."""
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("an own file system needs root and mkfs.ext4")
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=False).returncode:
        pytest.skip("may not mount a loop device here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def power_cut(folder: Path) -> None:
    """The disk stops at once; then the machine comes back and replays its journal."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, EXT4_SHUTDOWN, struct.pack("I", NO_FLUSH))
    except OSError as error:
        pytest.skip(f"this kernel does not cut: {error}")
    finally:
        os.close(handle)


def mount_again(folder: Path) -> None:
    """A copy of the image: where another program still holds the dead file system (a mount namespace of its
    own), a mount of the same image would show that one again, which opens no file."""
    image, copy = folder.with_name("image"), folder.with_name("image.copy")
    subprocess.run(["umount", str(folder)], check=True)
    shutil.copyfile(image, copy)
    copy.replace(image)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)


def write_until_cut(folder: Path, after_s: float, *more: str) -> tuple[int, int]:
    """(acknowledged, found after the cut)."""
    path = folder / "gateway.db"
    command = [sys.executable, "-m", "tests.faults.disk.writer", str(path), *more]
    log = folder.with_name("writer.log")
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=out)
    assert child.stdout
    first = child.stdout.readline()
    assert first, log.read_text()
    time.sleep(after_s)
    shown = (first + _printed(child.stdout.fileno())).split()
    power_cut(folder)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    mount_again(folder)
    store = Store(path, TOKYO)
    found = store.read_now(lambda r: r.influx.head())
    alerts = store.read_now(lambda r: len(r.latest_alerts(1_000_000)))
    store.close()
    assert store.salvaged is None or more
    assert alerts >= found // 2 - 1 or more
    return int(shown[-1]), found


def _printed(pipe: int) -> bytes:
    """What was acknowledged before the cut: later the program still runs, which with the power it does
    not, and a sync that meets the aborted journal may be answered with success (jbd2)."""
    os.set_blocking(pipe, False)
    parts = []
    with contextlib.suppress(BlockingIOError):
        while part := os.read(pipe, 65_536):
            parts.append(part)
    return b"".join(parts)


def run_ext4(folder: Path, cuts: int) -> None:
    """Cut after cut on the same database."""
    rng, lost, acked = random.Random(3), 0, 0
    for _ in range(cuts):
        acked, found = write_until_cut(folder, rng.random() * 0.2)
        lost += found < acked
    print(f"\n{cuts} power cuts of ext4, {acked} events acknowledged: {lost} cuts lost any")
    assert lost == 0


def test_a_power_cut_of_a_real_file_system_loses_nothing_acknowledged(ext4: Path) -> None:
    run_ext4(ext4, 3)


@pytest.mark.long
def test_two_hundred_power_cuts_of_a_real_file_system(ext4: Path) -> None:
    run_ext4(ext4, 200)


def test_control_a_disk_that_only_pretends_to_sync_loses_events(ext4: Path) -> None:
    acked, found = write_until_cut(ext4, 0.3, "--lying")
    assert found < acked


def kill_at(path: Path, call: str, number: int, *more: str) -> tuple[int, int]:
    """(acknowledged, found) of a run that the kernel kills at the Nth system call of a kind.

    The database is there before, so that all of them fall amid the taking in.
    """
    if not shutil.which("strace"):
        pytest.skip("strace is not installed: sudo apt-get install strace")
    path.parent.mkdir()
    Store(path, TOKYO).close()
    inject = f"inject={call}:signal=KILL:when={number}"
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"trace={call}",
        "-e",
        inject,
        sys.executable,
        "-m",
        "tests.faults.disk.writer",
        str(path),
        *more,
    ]
    child = subprocess.run(command, capture_output=True, timeout=60 * slowness(), check=False)
    shown = child.stdout.split()
    store = Store(path, TOKYO)
    found = store.read_now(lambda r: r.influx.head())
    springs = store.read_now(lambda r: len(r.latest_events(10**6, [Kind.SPRUNG])))
    alerts = store.read_now(lambda r: len(r.latest_alerts(10**6)))
    store.close()
    assert store.salvaged is None
    assert springs == alerts
    return (int(shown[-1]) if shown else 0), found


def run_kills(folder: Path, numbers: range) -> None:
    """Kill at write N and at sync N."""
    kills = under_way = 0
    for call in ("pwrite64", "fdatasync"):
        for number in numbers:
            path = folder / f"{call}{number}" / "gateway.db"
            acked, found = kill_at(path, call, number)
            assert acked <= found <= acked + 1, (
                f"{call} {number}: {acked} acknowledged, {found} found"
            )
            kills, under_way = kills + 1, under_way + (found > 0)
    print(
        f"\nkilled at {kills} different writes and syncs ({under_way} amid events): 0 lost, 0 double"
    )


def test_killed_at_a_write_or_sync_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    run_kills(tmp_path, range(40, 44))


@pytest.mark.long
def test_killed_at_each_of_three_hundred_writes_and_syncs(tmp_path: Path) -> None:
    run_kills(tmp_path, range(21, 171))


def test_control_confirmed_before_the_commit_an_event_is_lost_by_such_a_kill(
    tmp_path: Path,
) -> None:
    acked, found = kill_at(tmp_path / "hasty" / "gateway.db", "pwrite64", 40, "--hasty")
    print(f"\nacknowledged before the commit and killed at a write: {acked - found} lost")
    assert acked > found
