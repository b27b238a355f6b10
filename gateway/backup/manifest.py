"""What a backup says of itself: who made it when, and each file with its size and hash. PURE.

Owns both forms and the refusal of files of newer programs. Must not read files.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.backup.errors import CutFileError, NewerFileError

FORMAT = 1  # of the file; a newer program may write another
ABOUT, LIST = "about.json", "files.json"  # the first and the last member


class About(Struct, frozen=True, kw_only=True):
    """The head: what stands in it is read before anything else."""

    format: int
    program: str  # version
    schema: int  # of the database
    site: str
    title: str
    made_at: datetime
    settings_file: str


class FileEntry(Struct, frozen=True):
    """One file: name in the backup, permission bits, owner and group by name, bytes, SHA-256."""

    name: str
    mode: int
    owner: str
    group: str
    size: int
    sha256: str


def parse_about(data: bytes, schema: int, program: str) -> About:
    """Read the head. Raises NewerFileError, CutFileError."""
    try:
        about = msgspec.json.decode(data, type=About)
    except msgspec.MsgspecError as error:
        raise CutFileError(f"{ABOUT}: {error}") from None
    if about.format > FORMAT or about.schema > schema:
        raise NewerFileError(
            f"Shishigaki {about.program} が作った控えです。先にその版を入れてください / made by a newer "
            f"version, {about.program} (this is {program}): install that first"
        )
    return about


def parse_list(data: bytes) -> list[FileEntry]:
    """Read the list. Raises CutFileError."""
    try:
        return msgspec.json.decode(data, type=list[FileEntry])
    except msgspec.MsgspecError as error:
        raise CutFileError(f"{LIST}: {error}") from None


def encode(value: object) -> bytes:
    return msgspec.json.encode(value)
