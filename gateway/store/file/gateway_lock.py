"""One gateway per database: a lock on a small file beside it.

Owns `<database>.lock`. It is a POSIX record lock: the kernel releases it however the process ends, and no
child process inherits it. It is on a separate file, because closing a locked file would drop SQLite's locks.
Commands that run beside a gateway do not take it, except when they replace the file.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from gateway.store.connection import StoreError

_taken: dict[str, int] = {}  # lock file -> descriptor; a process does not lock out itself


class GatewayLock:
    """The lock of one database; held from `take` to `release`."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._name = f"{database.resolve()}.lock"

    def take(self) -> None:
        """Take the lock. Raises StoreError with the process that has it."""
        if self._name in _taken:
            raise self._refused(str(os.getpid()))
        try:
            number = _open(self._name)
        except OSError as error:
            raise StoreError(f"{self._name}: {error.strerror}; set store.path") from None
        if number is None:
            raise self._refused(_holder(self._name))
        _taken[self._name] = number

    def release(self) -> None:
        """Release the lock."""
        if (number := _taken.pop(self._name, None)) is not None:
            os.close(number)

    def renew(self) -> None:
        """Take the lock again if the lock file was deleted. Raises StoreError as `take`."""
        number = _taken.get(self._name)
        if number is None or not _stands(number, self._name):
            self.release()
            self.take()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock in a with block."""
        self.take()
        try:
            yield
        finally:
            self.release()

    def _refused(self, holder: str) -> StoreError:
        return StoreError(
            f"{self._database}: 別のゲートウェイが使用中 / in use by another gateway (process {holder}); "
            "stop that one first: sudo systemctl stop shishigaki"
        )


def _open(name: str) -> int | None:
    """The locked descriptor; None when another process has the lock."""
    while True:
        number = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.lockf(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(number)
            return None
        if _stands(number, name):
            os.ftruncate(number, 0)
            os.write(number, f"{os.getpid()}\n".encode())
            return number
        os.close(number)  # it was deleted between opening and locking


def _stands(number: int, name: str) -> bool:
    """Whether the open file is the one under its name."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(name))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _holder(name: str) -> str:
    try:
        return Path(name).read_text(encoding="ascii").strip() or "?"
    except (OSError, UnicodeDecodeError):
        return "?"
