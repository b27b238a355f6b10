"""The gateway that is examined: its settings, the time, and the places of its machine.

Owns where things lie on an installed gateway. Must not examine.
"""

import contextlib
import grp
import os
import pwd
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from gateway.config import Config
from gateway.store.connection import store_errors
from gateway.store.reader import Reader

SERVICE_USER = "shishigaki"


class Case(Struct, frozen=True):
    """One gateway to examine. `system`: the root of the file system, another one in tests."""

    config: Config
    now: datetime
    config_file: Path | None = None
    config_error: str = ""  # why the settings could not be read; then `config` holds the defaults
    system: Path = Path("/")

    @property
    def database(self) -> Path:
        """The database file."""
        return Path(self.config.store.path).absolute()

    @property
    def data(self) -> Path:
        """The folder of the database."""
        return self.database.parent

    @property
    def is_installed(self) -> bool:
        """Whether install.sh has put the program on this machine."""
        return (self.system / "opt/shishigaki/current").exists()

    def place(self, path: str) -> Path:
        """A file of the machine, such as ``sys/class/thermal``."""
        return self.system / path.lstrip("/")

    def is_hidden(self, path: str) -> bool:
        """Whether a file is there but not for us: the service may not read what root's command may."""
        place = self.place(path)
        return place.exists() and not os.access(place, os.R_OK)

    def text(self, path: str) -> str:
        """The content of a file of the machine; "" where there is none."""
        try:
            return self.place(path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    @contextlib.contextmanager
    def reader(self) -> Iterator[Reader | None]:
        """Reads the database; None where there is none yet, or one that the next start migrates.

        Raises StoreError where it cannot be read.
        """
        if not self.database.exists():
            yield None
            return
        with store_errors(), contextlib.closing(Reader(self.database)) as reader:
            yield reader if reader.is_current() else None


def service_ids() -> tuple[int, int] | None:
    """User and group that the service runs as; None where it is not installed."""
    try:
        return pwd.getpwnam(SERVICE_USER).pw_uid, grp.getgrnam(SERVICE_USER).gr_gid
    except KeyError:
        return None
