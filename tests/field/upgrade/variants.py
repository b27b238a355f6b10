"""Other versions of a bundle: the same libraries, our wheel with another version and other code.

Owns their making, quick enough to make ten. They are signed by the same key, as a release with a fault
would be.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.upgrade.manifest import NAME, SIGNATURE, FileSum, Manifest
from tests.deploy.folder import ROOT

Change = tuple[str, str]  # a text of the file, or END, and what stands in its place
END = "the end of the file"


class ReleaseKey(Struct, frozen=True):
    """A key of minisign without a password, for tests."""

    secret: Path
    public: Path


def make_key(folder: Path) -> ReleaseKey:
    """A new key in `folder`."""
    key = ReleaseKey(folder / "release.key", folder / "release.pub")
    command = ["minisign", "-G", "-W", "-p", str(key.public), "-s", str(key.secret)]
    subprocess.run(command, check=True, capture_output=True)
    return key


def make_bundle(key: ReleaseKey, arch: str, python: str) -> Path:
    """A bundle of this checkout, by the command of releases."""
    command = [sys.executable, str(ROOT / "deploy/bundle.py"), arch, "--python", python]
    command += ["--key", str(key.secret), "--pub", str(key.public)]
    command += ["--wheels", str(ROOT / "dist" / f"wheels-{arch}")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1_800)
    return ROOT / done.stdout.strip()


def unpack(bundle: Path, folder: Path) -> Path:
    """The folder that a bundle holds."""
    with tarfile.open(bundle) as archive:
        archive.extractall(folder, filter="data")
    [inner] = [path for path in folder.iterdir() if path.is_dir()]
    return inner


def variant(
    unpacked: Path,
    key: ReleaseKey,
    version: str,
    changes: Mapping[str, Change],
    target: Path,
) -> Path:
    """A bundle `target` of version `version` with changed files of our wheel; names are inside the wheel."""
    folder = target.with_name(f"{target.stem}-folder") / f"shishigaki-{version}"
    shutil.copytree(unpacked, folder, copy_function=_link)
    [wheel] = (folder / "wheels").glob("shishigaki-*.whl")
    _rewrite(wheel, folder / "wheels" / f"shishigaki-{version}-py3-none-any.whl", version, changes)
    _sign(folder, key, version)
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as archive:
        first = [folder / NAME, folder / SIGNATURE]
        others = sorted(p for p in folder.rglob("*") if p.is_file() and p not in first)
        for path in [*first, *others]:
            archive.add(path, str(path.relative_to(folder.parent)))
    shutil.rmtree(folder.parent)
    return target


def _link(source: str, target: str) -> str:
    Path(target).hardlink_to(source)
    return target


def _rewrite(old: Path, new: Path, version: str, changes: Mapping[str, Change]) -> None:
    before = old.name.split("-")[1]
    left = dict(changes)
    new.unlink(missing_ok=True)
    fresh = new.with_suffix(".new")
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith((".dist-info/METADATA", ".dist-info/RECORD")):
                data = data.replace(f"Version: {before}".encode(), f"Version: {version}".encode())
                data = data.replace(f"-{before}.dist".encode(), f"-{version}.dist".encode())
            if name in left:
                find, put = left.pop(name)
                text = data.decode()
                assert find is END or find in text, f"{name}: {find!r} is not there any more"
                data = (text + put if find is END else text.replace(find, put, 1)).encode()
            made.writestr(name.replace(f"-{before}.dist-info", f"-{version}.dist-info"), data)
    assert not left, f"not in the wheel: {sorted(left)}"
    old.unlink()
    fresh.rename(new)


def _sign(folder: Path, key: ReleaseKey, version: str) -> None:
    path = folder / NAME
    manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    for name in (NAME, SIGNATURE):
        (folder / name).unlink()
    files = {
        str(one.relative_to(folder)): FileSum(
            one.stat().st_size, hashlib.sha256(one.read_bytes()).hexdigest()
        )
        for one in sorted(folder.rglob("*"))
        if one.is_file()
    }
    made = datetime.now(UTC).replace(microsecond=0)
    path.write_bytes(
        msgspec.json.encode(replace(manifest, version=version, made=made, files=files))
    )
    command = ["minisign", "-S", "-s", str(key.secret), "-m", str(path), "-t", f"test {version}"]
    subprocess.run(command, check=True, capture_output=True)
