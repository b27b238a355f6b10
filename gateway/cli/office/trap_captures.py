"""Reads captures with their photos for an export, and copies the photos beside its tables.

Owns which captures and photos an export has. A photo that is missing, changed or awaited is left out and
named in the report. What their rows are: `gateway.export.files.camtrapdp_captures`.
"""

import sys
from datetime import datetime
from pathlib import Path

from gateway.cli.options import Config
from gateway.domain.model import ActionKind, Device, TrapAction
from gateway.domain.traps.photo import Photo
from gateway.export.files.camtrapdp_captures import Capture, file_path
from gateway.ingest.photos.files import PhotoFiles
from gateway.ingest.photos.keeping import folder
from gateway.store import Reader, Store

CAUGHT = {ActionKind.CAPTURED, ActionKind.NON_TARGET}


def read(store: Store, settings: Config, begin: datetime, end: datetime) -> list[Capture]:
    """Captures in [begin, end) that count, at traps with a place."""
    files = PhotoFiles(folder(settings))
    return store.read_now(
        lambda reader: [
            Capture(device, act, _photos(reader, files, act))
            for act in reader.period_reads.acts(begin, end)
            if act.deed in CAUGHT and (device := _placed(reader, act.device)) is not None
        ]
    )


def write_photos(captures: list[Capture], settings: Config, out: Path) -> None:
    """Copy the photos, each under the SHA-256 of its file."""
    files = PhotoFiles(folder(settings))
    for photo in {photo.kept_sha256: photo for one in captures for photo in one.photos}.values():
        path = out / file_path(photo)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files.read(photo.kept_sha256) or b"")


def _placed(reader: Reader, device: str) -> Device | None:
    found = reader.device(device)
    return found[0] if found and found[0].lat is not None and found[0].lon is not None else None


def _photos(reader: Reader, files: PhotoFiles, act: TrapAction) -> tuple[Photo, ...]:
    """Those photos of an action whose file is there as it was kept."""
    known = reader.photos.of(act.photos)
    there = tuple(one for one in known.values() if files.read(one.kept_sha256) is not None)
    if missing := len(act.photos) - len(there):
        sys.stderr.write(
            f"shishigaki export: {act.device} {act.at:%Y-%m-%d}: 写真 {missing} 枚は未着・紛失・変更のため"
            f"含めません / {missing} photos left out: awaited, missing or changed\n"
        )
    return there
