"""Asks for revoked devices to be taken away at the broker, too: the service itself may not write those files.

Owns the file beside the database that `shishigaki-broker.path` watches. Must not write the broker's files.
"""

from contextlib import suppress
from pathlib import Path

NAME = "revoked"


def ask_for_sync(store_path: Path) -> None:
    """Have `shishigaki broker sync` run, where the units are installed. A full disk only delays it."""
    with suppress(OSError):
        store_path.with_name(NAME).write_text("shishigaki broker sync\n", encoding="utf-8")
