"""Where backups are kept: a folder, or a place that fsspec reaches (SFTP, S3). The newest stay.

Owns listing, bringing, fetching and deleting. A file under its name is whole. Must not open a backup.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

from gateway.atomic_file import sync
from gateway.backup.errors import BackupError
from gateway.config.backup import Backup

T = TypeVar("T")
NAME = re.compile(r"shishigaki-([a-z0-9-]{1,32})-(\d{8}T\d{6}Z)\.backup")
REMOVABLE = (Path("/media"), Path("/mnt"), Path("/run/media"))
SENDING, FETCHING = ".sending", ".fetching"  # folders of what is on its way
LEFT = (".*.backup.part", "*.backup.part", ".fetched-*")  # the last two by earlier versions
LOCK = ".lock"
EXTRA = "sudo /opt/shishigaki/current/bin/pip install fsspec paramiko s3fs"


class BackupStorage:
    """The place of one gateway's backups. `folder`: where they lie when no other place is set.

    For a remote place a file is made below it, sent, and deleted, whether it arrived or not.
    """

    def __init__(self, settings: Backup, site: str, folder: Path) -> None:
        self._settings, self._site = settings, site
        self.is_remote = "://" in settings.target
        local = Path(settings.target) if settings.target else folder
        self.folder = folder / SENDING if self.is_remote else local
        self._fetching = folder / FETCHING

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """The local folder for one run alone, without what a killed run left.

        Raises BackupError: no stick is there, or another backup is being made.
        """
        _check_mounted(self.folder)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder / LOCK).open("w")
        except OSError as error:
            raise BackupError(f"{self.folder}: {error.strerror}") from None
        with lock:
            _hold(lock, self.folder)
            self._clean()
            yield

    def _clean(self) -> None:
        patterns = ("*",) if self.is_remote else (".backup-*", *LEFT)
        for left in {one for pattern in patterns for one in self.folder.glob(pattern)}:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif left.name != LOCK:
                left.unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The names of this site's backups, the oldest first. Raises BackupError."""
        if not self.is_remote:
            found = [path.name for path in self.folder.glob("*.backup")]
        else:
            found = self._ask(
                lambda system, at: [
                    str(one).rpartition("/")[2] for one in system.ls(at, detail=False)
                ]
            )
        return sorted(name for name in found if (m := NAME.fullmatch(name)) and m[1] == self._site)

    def bring(self, made: Path) -> None:
        """Put a file that lies in `folder` where it belongs. Raises BackupError."""
        if not self.is_remote:
            return

        def put(system: Any, at: str) -> None:
            system.makedirs(at, exist_ok=True)
            part = f"{at}/{made.name}.part"
            system.put_file(str(made), part)
            if system.info(part)["size"] != made.stat().st_size:
                raise OSError(5, f"{made.name}: shorter than it was sent")
            system.mv(part, f"{at}/{made.name}")

        try:
            self._ask(put)
        finally:
            made.unlink(missing_ok=True)

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """The local path of a backup while it is used. Raises BackupError."""
        if not self.is_remote:
            yield self.folder / name
            return
        shutil.rmtree(self._fetching, ignore_errors=True)  # of a run that was killed
        local = self._fetching / name
        try:
            local.parent.mkdir(mode=0o700, parents=True)
            self._ask(lambda system, at: system.get_file(f"{at}/{name}", str(local)))
            yield local
        finally:
            shutil.rmtree(self._fetching, ignore_errors=True)

    def trim(self) -> list[str]:
        """Delete the oldest beyond `keep`; returns their names."""
        old = self.names()[: -self._settings.keep]
        for name in old:
            if self.is_remote:
                self._ask(lambda system, at, name=name: system.rm_file(f"{at}/{name}"))
            else:
                (self.folder / name).unlink(missing_ok=True)
        if old and not self.is_remote:
            sync(self.folder)
        return old

    def _ask(self, act: Callable[..., T]) -> T:
        """`act` on the file system of the address and its path there. Every failure is a BackupError."""
        try:
            import fsspec  # of the extra `remote`
        except ImportError:
            raise BackupError(
                f"{self._settings.target}: fsspec が要ります / needs it: {EXTRA}"
            ) from None
        try:
            system, at = fsspec.core.url_to_fs(self._settings.target, **self._settings.options)
            return act(system, at.rstrip("/"))
        except ImportError as error:
            raise BackupError(f"{self._settings.target}: {error}: {EXTRA}") from None
        except Exception as error:  # each protocol raises its own
            said = f"{type(error).__name__}: {error}"[:200]
            raise BackupError(
                f"{self._settings.target}: 届きません / not reached: {said}"
            ) from None


def made_at(name: str) -> datetime | None:
    """When a backup was made, by its name."""
    found = NAME.fullmatch(name)
    return datetime.strptime(found[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None


def _check_mounted(folder: Path) -> None:
    """A stick that is not there must not fill the card under its name."""
    absolute = folder.absolute()
    if not any(place in absolute.parents for place in REMOVABLE):
        return
    if not any(os.path.ismount(one) for one in (absolute, *absolute.parents) if one != Path("/")):
        raise BackupError(
            f"{folder}: USB がありません。差してください / nothing is mounted there: plug it in"
        )


def _hold(lock: TextIO, folder: Path) -> None:
    """Lock a file until it is closed. Raises BackupError: another run has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupError(
            f"{folder}: 別の控えを作成中です。終わってからもう一度 / another backup is being made here; "
            "try again when it has ended"
        ) from None
