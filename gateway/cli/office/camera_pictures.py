"""Reads the pictures of cameras for an export, and copies their files beside its tables.

Owns which pictures an export has: kept ones without people. One whose file is missing or changed is left out
and counted in the report. What their rows are: `gateway.export.files.camtrapdp_pictures`.
"""

import hashlib
import sys
from datetime import datetime
from pathlib import Path

from gateway.cli.options import Config
from gateway.domain.epoch import ms
from gateway.domain.model import Device
from gateway.domain.pictures.picture import Picture
from gateway.export.files.camtrapdp_pictures import FieldPictures, file_path
from gateway.ingest.pictures.files import PictureFiles
from gateway.ingest.pictures.parts import folder
from gateway.store import Store


def read(
    store: Store, settings: Config, devices: list[Device], begin: datetime, end: datetime
) -> dict[str, FieldPictures]:
    """The pictures of [begin, end) by camera."""
    files, left_out = PictureFiles(folder(settings)), 0
    found: dict[str, FieldPictures] = {}
    for device in devices:
        known = store.read_now(
            lambda reader, id_=device.id: reader.pictures.between(id_, ms(begin), ms(end))  # type: ignore[misc]
        )
        shown = [one for one in known if not one.has_people]
        there = [one for one in shown if _data(files, one.picture) is not None]
        left_out += len(shown) - len(there)
        found[device.id] = FieldPictures(
            tuple(one.picture for one in there),
            frozenset(one.picture.event for one in known if one.species is not None),
        )
    if left_out:
        sys.stderr.write(
            f"shishigaki export: 写真 {left_out} 枚は紛失・変更のため含めません"
            f" / {left_out} pictures left out: missing or changed\n"
        )
    return found


def write(pictures: dict[str, FieldPictures], settings: Config, out: Path) -> None:
    """Copy the files, each under its SHA-256; one after the other."""
    files = PictureFiles(folder(settings))
    for of in pictures.values():
        for picture in of.pictures:
            path = out / file_path(picture)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_data(files, picture) or b"")


def _data(files: PictureFiles, picture: Picture) -> bytes | None:
    data = files.read(picture.id, small=False)
    is_kept = data is not None and hashlib.sha256(data).hexdigest() == picture.kept_sha256
    return data if is_kept else None
