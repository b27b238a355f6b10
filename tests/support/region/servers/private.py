"""Folders and programs of a server that refuses to run as root.

Owns where such a server keeps its files and as whom it runs. Must not start anything.
"""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from tests.support.servers import need

SERVER = "postgres"
BIN = Path("/usr/lib/postgresql/15/bin")
POSTGIS = Path("/usr/share/postgresql/15/extension/postgis.control")


def program(name: str) -> str:
    """A program of PostgreSQL 15; without it or PostGIS the test is skipped."""
    need(str(POSTGIS) if POSTGIS.exists() else None, "postgresql-15-postgis-3")
    return need(shutil.which(name, path=str(BIN)), "postgresql-15")


def account() -> tuple[int, int]:
    """User and group that the server runs as: our own, or `postgres` when we are root."""
    if os.geteuid():
        return os.geteuid(), os.getegid()
    try:
        entry = pwd.getpwnam(SERVER)
    except KeyError:
        need(None, "postgresql-15")
        raise
    return entry.pw_uid, entry.pw_gid


def as_server(command: list[str], death: str = "TERM") -> list[str]:
    """`command` as the server's own user; with the test run the kernel sends it the signal `death`."""
    setpriv = need(shutil.which("setpriv"), "util-linux")
    if os.geteuid():
        return [setpriv, "--pdeathsig", death, *command]
    user, group = account()
    ids = [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    home = ["env", "HOME=/nonexistent"]  # not root's: libpq would look for certificates there
    return [setpriv, *ids, "--pdeathsig", death, *home, *command]


def private_folder(name: str) -> Path:
    """A new folder that only the server's user and root can read. The caller removes it.

    Not below pytest's folder: that is root's alone, and the server could not reach it.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"shishigaki-{name}-"))
    os.chown(folder, *account())
    return folder


def need_programs() -> None:
    """Skip the test where the cluster's programs are missing."""
    program("postgres")
    need(shutil.which("patroni"), "patroni python3-etcd")
    need(shutil.which("etcd"), "etcd-server")
    need(shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "haproxy")
    need(shutil.which("pgbackrest"), "pgbackrest")
