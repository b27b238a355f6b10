"""The disk of the database: mounted for writing, ours, with room and not worn.

Owns a short probe file, written and taken away again. Must not touch the database.
"""

import errno
import os
import secrets
from pathlib import Path

from gateway.doctor.case import SERVICE_USER, Case, service_ids
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.metrics.card_life import forecast
from gateway.metrics.disk_wear import DiskWear
from gateway.metrics.written import stored
from gateway.store.connection import StoreError

LEAST_INODES = 500
MANY = 1_000  # files
WORN = 0.8  # of the life that the card gives itself
LEAST_YEARS = 2.0
BIGGEST_WRITERS = "sudo grep -H ^write_bytes /proc/[0-9]*/io | sort -t: -k3 -n | tail -n 5"
MB = 2**20
FULL = {errno.ENOSPC, errno.EDQUOT}  # what `room` tells
SPENDERS = (  # what may be thrown away first: place, least MB, command
    ("var/cache/apt/archives", 50, "sudo apt-get clean"),
    ("var/log/journal", 100, "sudo journalctl --vacuum-size=50M"),
)


def mount(case: Case) -> Finding:
    """Whether the folder is there, mounted for writing, and takes a file."""
    folder = case.data
    if not folder.is_dir():
        owner = f"-o {SERVICE_USER} -g {SERVICE_USER} " if service_ids() else ""
        return fault(
            "doctor.no_folder", f"sudo install -d {owner}-m 0750 {folder}", folder=str(folder)
        )
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        target = mount_point(folder)
        return fault("doctor.read_only", f"sudo mount -o remount,rw {target}", folder=str(target))
    if stranger := _foreign(folder, case.database):
        command = f"sudo chown -R {SERVICE_USER}: {folder}"
        return fault("doctor.not_ours", command, file=str(stranger))
    _write_probe(folder)
    return well("doctor.mount_well", folder=str(folder))


def room(case: Case) -> Finding:
    """Whether more than the reserve is free, in bytes and in files."""
    found, reserve_mb = os.statvfs(case.data), case.config.store.disk_reserve_mb
    free_mb = found.f_bavail * found.f_frsize // MB
    if free_mb < reserve_mb:
        return fault("doctor.disk_full", _make_room(case), free=free_mb, reserve=reserve_mb)
    if found.f_files and found.f_favail < LEAST_INODES:
        return fault("doctor.no_inodes", _make_room(case), left=found.f_favail)
    return well("doctor.disk_free", free=free_mb)


def wear(case: Case) -> Finding:
    """What an eMMC card tells of its used life; of others how long they last at the present rate."""
    used = DiskWear(case.database, case.place("sys/dev/block")).life_used()
    if used is None:
        return _forecast(case)
    if used >= WORN:
        return fault(
            "doctor.worn", "sudo systemctl start shishigaki-backup", used=round(used * 100)
        )
    return well("doctor.wear_well", used=round(used * 100))


def _forecast(case: Case) -> Finding:
    """From the bytes that the gateway has measured; the page shows the same."""
    try:
        with case.reader() as reader:
            written = stored(reader) if reader else None
    except StoreError:  # the check of the database says why
        written = None
    life = forecast(written, case.config.store.card_endurance_tb) if written else None
    if life is None or life.years is None:
        return unknown("doctor.wear_unknown")
    years = round(life.years, 1)
    if years < LEAST_YEARS:
        return fault("doctor.card_soon", BIGGEST_WRITERS, years=years)
    return well("doctor.card_years", years=years)


def mount_point(folder: Path) -> Path:
    """Where the file system of a folder is mounted."""
    return next(one for one in (folder, *folder.parents) if os.path.ismount(one))


def _foreign(folder: Path, database: Path) -> Path | None:
    """The folder or a file of the database that the service does not own; None where all is well."""
    ids = service_ids()
    if ids is None or folder.stat().st_uid == os.geteuid() != ids[0]:
        return None  # not an installed gateway, but somebody's own folder
    files = [folder, *folder.glob(f"{database.name}*")]
    return next((one for one in files if one.stat().st_uid != ids[0]), None)


def _write_probe(folder: Path) -> None:
    """Raises OSError where nothing can be written for another reason than room."""
    probe = folder / f".doctor-{secrets.token_hex(4)}"
    try:
        with probe.open("xb") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in FULL:
            raise
    finally:
        probe.unlink(missing_ok=True)


def _make_room(case: Case) -> str:
    disk = case.data.stat().st_dev
    for place, least_mb, command in SPENDERS:
        folder = case.place(place)
        if folder.is_dir() and folder.stat().st_dev == disk and _spends(folder, least_mb):
            return command
    return f"sudo du -xh --max-depth=2 {mount_point(case.data)} | sort -h | tail -n 15"


def _spends(folder: Path, least_mb: int) -> bool:
    """Whether a folder takes more than so much room, or a thousand files."""
    try:
        sizes = [one.stat().st_size for one in folder.rglob("*") if one.is_file()]
    except OSError:
        return False
    return sum(sizes) > least_mb * MB or len(sizes) > MANY
