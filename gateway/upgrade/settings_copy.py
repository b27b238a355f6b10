"""Copies of the files outside the program's folder that an upgrade may change, and their return.

Owns the list of these files. Must not know what they say. Files that the new version has added are
deleted at a return; a file that is the same is not touched.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gateway.atomic_file import replacing, write
from gateway.upgrade.layout import remove

FILES = (  # patterns below the root of the file system
    "etc/shishigaki/*",
    "etc/shishigaki/secrets/*",
    "etc/mosquitto/shishigaki*",
    "etc/mosquitto/equipment*",
    "etc/mosquitto/equipment.d/*",
    "etc/mosquitto/conf.d/shishigaki*",
    "etc/mosquitto/certs/*",
    "etc/systemd/system/shishigaki*",
    "etc/systemd/system/mosquitto.service.d/shishigaki*",
    "usr/local/bin/shishigaki",
    "opt/shishigaki/shipped/*",
)
BROKER = ("etc/mosquitto", "etc/systemd/system/mosquitto.service.d")
WHOLE, CHANGED = "whole", "changed.json"


def save(folder: Path, root: Path = Path("/"), patterns: Sequence[str] = FILES) -> None:
    """Copy the files into `folder`; the copy counts when it is whole."""
    (folder / WHOLE).unlink(missing_ok=True)
    remove(folder)
    folder.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)  # it holds secrets
    for path in _files(root, patterns):
        target = folder / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
        _own(path, target)
    os.sync()
    write(folder / WHOLE, b"")


def put_back(folder: Path, root: Path = Path("/"), patterns: Sequence[str] = FILES) -> list[str]:
    """Make the files what the copy says; the changed ones, relative to `root`. Without a whole copy: none.

    Once the change is noted, only files that it touched: an account that was made since stays.
    """
    if not (folder / WHOLE).exists():
        return []
    touched = _noted(folder)
    changed = [
        name for name in changed_since(folder, root, patterns) if touched is None or name in touched
    ]
    for name in changed:
        if (folder / name).exists():
            _replace(folder / name, root / name)
        else:
            (root / name).unlink()
    return changed


def copy_of(folder: Path, path: Path, root: Path = Path("/")) -> Path | None:
    """The copy of one file; None where there is no whole copy, or none of it."""
    copy = folder / path.absolute().relative_to(root)
    return copy if (folder / WHOLE).exists() and copy.exists() else None


def note_change(folder: Path, root: Path = Path("/"), patterns: Sequence[str] = FILES) -> list[str]:
    """Remember what the new version has changed up to now; those files."""
    changed = changed_since(folder, root, patterns)
    write(folder / CHANGED, msgspec.json.encode(changed))
    return changed


def _noted(folder: Path) -> set[str] | None:
    """What was noted; None where the change was cut off before."""
    try:
        return msgspec.json.decode((folder / CHANGED).read_bytes(), type=set[str])
    except (OSError, msgspec.MsgspecError):
        return None


def of_broker(changed: Sequence[str]) -> bool:
    """Whether the broker has to read its files again."""
    return any(name.startswith(BROKER) for name in changed)


def changed_since(
    folder: Path, root: Path = Path("/"), patterns: Sequence[str] = FILES
) -> list[str]:
    """The files that differ from the copy, or are new."""
    present = {str(path.relative_to(root)) for path in _files(root, patterns)}
    saved = {str(path.relative_to(folder)) for path in _files(folder, patterns)}
    return sorted(name for name in present | saved if _differ(folder / name, root / name))


def _files(root: Path, patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        for path in root.glob(pattern):
            if path.is_file() and not path.is_symlink():
                yield path


def _differ(one: Path, other: Path) -> bool:
    if not (one.is_file() and other.is_file()):
        return one.is_file() != other.is_file()
    about = [(s.st_mode, s.st_uid, s.st_gid) for s in (one.stat(), other.stat())]
    return about[0] != about[1] or one.read_bytes() != other.read_bytes()


def _replace(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as data, replacing(target, 0o600) as file:
        shutil.copyfileobj(data, file)
        shutil.copymode(source, file.name)
        _own(source, Path(file.name))


def _own(source: Path, target: Path) -> None:
    if os.geteuid() == 0:
        about = source.stat()
        os.chown(target, about.st_uid, about.st_gid)
