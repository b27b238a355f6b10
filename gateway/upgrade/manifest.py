"""What a bundle says of itself, and whether this machine takes it. PURE.

Owns the manifest's format and the reasons to refuse a bundle. Must not read files (`bundle`).
"""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import Struct
from packaging.version import InvalidVersion, Version

from gateway.domain.errors import BadInputError

NAME = "manifest.json"
SIGNATURE = "manifest.json.minisig"
FORMAT = 1
LARGEST_BYTES = 1_000_000_000  # of all files: a board has no room for more
_PART = r"(?!\.{1,2}(/|$))[A-Za-z0-9_.][A-Za-z0-9_.@+:=,~-]*"
_PATH = re.compile(f"{_PART}(/{_PART})*")


class BundleError(BadInputError):
    """A bundle that this machine does not take. Its text begins with the reason's name."""


class FileSum(NamedTuple):
    """One file of a bundle."""

    size_bytes: int
    sha256: str


class Manifest(Struct, frozen=True):
    """What a bundle holds. Its signature covers all of it."""

    v: int
    version: str
    made: datetime
    architecture: str  # as `uname -m` says: aarch64, x86_64
    pythons: list[str]  # "3.11"
    files: dict[str, FileSum]


class Machine(Struct, frozen=True):
    """What counts of the machine and of the program that runs on it."""

    architecture: str
    python: str
    version: str  # of the present program
    made: datetime | None = None  # when its bundle was made; None: it came without one


def parse(data: bytes) -> Manifest:
    """Raises BundleError."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BundleError(
            f"altered: {NAME} を読めません / {NAME} cannot be read: {error}"
        ) from None
    if manifest.v != FORMAT:
        raise BundleError(f"format: {NAME} v = {manifest.v}; this program reads {FORMAT}")
    strange = [path for path in manifest.files if not _PATH.fullmatch(path)]
    if strange or sum(one.size_bytes for one in manifest.files.values()) > LARGEST_BYTES:
        raise BundleError(f"altered: {strange[0] if strange else 'too large'}: not of a bundle")
    return manifest


def environment_id(manifest: bytes, python: str) -> str:
    """The name of the folder into which a bundle is installed."""
    return f"{sha256(manifest).hexdigest()[:12]}-py{python.replace('.', '')}"


def accept(manifest: Manifest, machine: Machine) -> None:
    """Raises BundleError when the machine does not take this bundle."""
    if manifest.architecture != machine.architecture:
        raise BundleError(
            f"architecture: この箱は {machine.architecture}、ファイルは {manifest.architecture} 用です / "
            f"this machine is {machine.architecture}, the bundle is for {manifest.architecture}"
        )
    if machine.python not in manifest.pythons:
        raise BundleError(
            f"python: この箱は {machine.python}、ファイルは {', '.join(manifest.pythons)} 用です / "
            f"this machine has Python {machine.python}, the bundle is for {', '.join(manifest.pythons)}"
        )
    new, old = order(manifest.version), order(machine.version)
    made = machine.made or datetime.min.replace(tzinfo=UTC)
    if new < old or (new == old and manifest.made < made):
        offered = f"{manifest.version} ({manifest.made:%Y-%m-%d})"
        raise BundleError(
            f"older: 今の版は {machine.version}、ファイルは {offered}。戻すには `shishigaki rollback` / "
            f"the bundle has {offered}, this machine {machine.version}; to go back: shishigaki rollback"
        )


def order(version: str) -> Version:
    """What versions are compared by; a text that is no version comes before all."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0.dev0")
