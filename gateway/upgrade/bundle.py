"""Reads a bundle: one tar file with a signed manifest first, then the files that it names.

Owns the way from an untrusted file to an unpacked folder: nothing is written that the signature does not
cover. Must not decide what is done with it.
"""

import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from gateway.atomic_file import replacing, write
from gateway.upgrade.manifest import (
    NAME,
    SIGNATURE,
    BundleError,
    FileSum,
    Machine,
    Manifest,
    accept,
    parse,
)
from gateway.upgrade.signature import PublicKey, SignatureError, verify

Put = Callable[[bytes], int]
SMALL_BYTES = 1_000_000  # the manifest and its signature
STEP_BYTES = 1 << 20
TRUNCATED = "truncated: ファイルが途中で切れています / the file ends too early; copy it again"


class Bundle(Struct, frozen=True):
    """A bundle whose every byte was checked."""

    manifest: Manifest
    raw: bytes  # the manifest as it was signed
    comment: str  # what its signer wrote


def read(
    path: Path, keys: Sequence[PublicKey], machine: Machine, into: Path | None = None
) -> Bundle:
    """Check a bundle whole, and unpack it into the empty folder `into`. Raises BundleError or OSError."""
    with _archive(path) as archive:
        members = (member for member in archive if not member.isdir())
        bundle = _head(archive, members, keys)
        accept(bundle.manifest, machine)
        left = dict(bundle.manifest.files)
        for member in members:
            name = member.name.partition("/")[2]
            expected = left.pop(name, None)
            if expected is None or not member.isreg():
                raise BundleError(f"altered: {name}: 署名にないファイル / not in the signed list")
            _take(archive, member, expected, into / name if into else None)
    if left:
        raise BundleError(f"{TRUNCATED}: {min(left)}")
    if into:
        write(into / NAME, bundle.raw)
    return bundle


@contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|") as archive:
            yield archive
    except tarfile.ReadError as error:
        if path.stat().st_size > tarfile.BLOCKSIZE and "unexpected end" in str(error):
            raise BundleError(f"{TRUNCATED}: {path.name}") from None
        raise BundleError(
            f"format: {path.name}: Shishigaki の更新ファイルではありません / not a bundle of Shishigaki"
        ) from None
    except EOFError:
        raise BundleError(f"{TRUNCATED}: {path.name}") from None


def _head(
    archive: tarfile.TarFile, members: Iterator[tarfile.TarInfo], keys: Sequence[PublicKey]
) -> Bundle:
    raw = _small(archive, next(members, None), NAME)
    try:
        signature = _small(archive, next(members, None), SIGNATURE)
    except BundleError:
        raise BundleError("unsigned: 署名がありません / the bundle carries no signature") from None
    try:
        comment = verify(raw, signature.decode("utf-8", "replace"), keys)
    except SignatureError as error:
        raise BundleError(f"unsigned: {error}") from None
    return Bundle(parse(raw), raw, comment)


def _small(archive: tarfile.TarFile, member: tarfile.TarInfo | None, name: str) -> bytes:
    is_it = member is not None and member.isreg() and member.name.partition("/")[2] == name
    file = archive.extractfile(member) if member is not None and is_it else None
    if member is None or file is None or member.size > SMALL_BYTES:
        raise BundleError(
            f"format: {name} がありません / {name} is missing: not a bundle of Shishigaki"
        )
    data = file.read(member.size)
    if len(data) != member.size:
        raise BundleError(f"{TRUNCATED}: {name}")
    return data


def _take(
    archive: tarfile.TarFile, member: tarfile.TarInfo, expected: FileSum, target: Path | None
) -> None:
    """Check one file while it is written; its name is given to it only when it is right."""
    name = member.name.partition("/")[2]
    source, digest, size = archive.extractfile(member), sha256(), 0
    if source is None or member.size != expected.size_bytes:
        raise BundleError(f"altered: {name}: 大きさが違います / not its signed size")
    with _writing(target) as put:
        while step := source.read(STEP_BYTES):
            digest.update(step)
            size += len(step)
            put(step)
        if size != expected.size_bytes:
            raise BundleError(f"{TRUNCATED}: {name}")
        if digest.hexdigest() != expected.sha256:
            raise BundleError(f"altered: {name}: 署名と合いません / not what was signed")
    if target and target.suffix in (".sh", ""):
        target.chmod(0o755)


@contextmanager
def _writing(target: Path | None) -> Iterator[Put]:
    if target is None:
        yield lambda _: 0
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as file:
        yield file.write
