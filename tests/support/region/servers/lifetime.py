"""How the servers of a region begin and end in a test: whatever happens, nothing of them is left.

Owns the context manager. What is started and removed is each server's own.
"""

from types import TracebackType
from typing import Self


class Lifetime:
    """Started on entry, removed on exit, and also when the start fails."""

    def start(self) -> Self:
        """Start everything."""
        raise NotImplementedError

    def remove(self) -> None:
        """End everything and remove its files."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()
