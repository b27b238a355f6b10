"""The database: its first bytes, its version, its pages, the length of its log, and the photos beside it.

Owns how long a check of all pages may take. Must not make a database where there is none.
"""

from contextlib import closing

from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well
from gateway.domain.traps.photo import Photo
from gateway.ingest.photos.files import PhotoFiles
from gateway.ingest.photos.keeping import folder
from gateway.store.connection import (
    WAL_LIMIT_BYTES,
    DamagedFileError,
    open_reader,
    store_errors,
)
from gateway.store.file import wal
from gateway.store.reader import Reader
from gateway.store.recovery.integrity import CheckResult, check, has_wal, header_is_sane
from gateway.store.schema import MIGRATIONS

INTEGRITY_S = 20.0  # a large database is checked in part; the gateway checks it all, slowly
SALVAGE = "sudo systemctl restart shishigaki"  # the start salvages what can be read
BACK = "sudo shishigaki rollback"


def database(case: Case) -> Finding:
    """Whether the file is a sound database of this version."""
    path = case.database
    if not path.exists():
        return unknown("doctor.no_database", path=str(path))
    if not header_is_sane(path) and not has_wal(path):
        return fault("doctor.damaged", SALVAGE, why="the header is broken")
    try:
        with store_errors(), closing(open_reader(path)) as connection:
            version = connection.pragma("user_version")
            if version > len(MIGRATIONS):
                return fault("doctor.newer", BACK, found=version, known=len(MIGRATIONS))
            state, why = check(connection, INTEGRITY_S)
    except DamagedFileError as error:
        return fault("doctor.damaged", SALVAGE, why=str(error))
    if state is CheckResult.DAMAGED:
        return fault("doctor.damaged", SALVAGE, why=why)
    return _sound(case, version, state)


def _sound(case: Case, version: int, state: CheckResult) -> Finding:
    path = case.database
    if version < len(MIGRATIONS):
        return unknown("doctor.older", path=str(path))
    if (log := wal.size(path.resolve())) > WAL_LIMIT_BYTES:
        return _long_log(case, log)
    with closing(Reader(path)) as reader:
        devices = len(reader.devices())
    key = "doctor.database_well" if state is CheckResult.SOUND else "doctor.database_in_part"
    return well(key, path=str(path), size=path.stat().st_size, log=log, devices=devices)


def _long_log(case: Case, log: int) -> Finding:
    """Another program keeps the log from shrinking."""
    who = wal.readers(case.database.resolve())
    numbers = [one.rpartition("(")[2].rstrip(")") for one in who]
    command = f"sudo kill {' '.join(numbers)}" if numbers else SALVAGE
    return fault("doctor.long_log", command, log=log, who=", ".join(who) or "?")


def photos(case: Case) -> Finding:
    """Whether the file of every kept photo is there and as it was kept."""
    files, found = PhotoFiles(folder(case.config)), list[Photo]()
    with case.reader() as reader:
        if reader is not None:
            found = reader.photos.all()
    kept = {photo.kept_sha256: photo.kept_bytes for photo in found}
    lost = [one for one in kept if files.read(one) is None]
    if lost:
        back = f"sudo rsync -a /media/usb/trap-photos/ {files.folder}/"
        return fault("doctor.photos_lost", back, lost=len(lost), kept=len(kept), first=lost[0][:16])
    used_mb = sum(kept.values()) // 1_000_000
    return well(
        "doctor.photos_well", kept=len(kept), used=used_mb, room=case.config.photos.budget_mb
    )
