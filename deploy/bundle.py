"""Make a bundle: one signed file with all that a machine needs to install or upgrade without a network.

    .venv/bin/python deploy/bundle.py ARCH [--key FILE] [--python 3.11] [--python 3.13] [--wheels FOLDER]

ARCH: aarch64 or x86_64. Owns the collecting of wheels for another machine, the manifest and the order of
the files. minisign signs. Must not know how a bundle is read (`gateway.upgrade.bundle`), only its
manifest.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from gateway.upgrade.manifest import FORMAT, NAME, SIGNATURE, FileSum, Manifest, parse

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.13")  # Debian 12 and 13
GLIBC = ("2_28", "2_27", "2_24", "2_17")
BUILT_HERE = ("http-ece",)  # published without a wheel; Python only
LEFT_OUT = {"bundle.py", "dist.sh", "__pycache__"}
KEY = Path.home() / ".minisign" / "minisign.key"


def main() -> None:
    """Build, collect, sign, pack."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="shishigaki-bundle-") as scratch:
        wheels = Path(scratch) / "wheels"
        wheels.mkdir()
        version = _build_wheel(wheels)
        for python in options.python:
            _collect(wheels, options.arch, python, options.wheels)
        folder = Path(scratch) / f"shishigaki-{version}-{options.arch}"
        _lay_out(folder, wheels)
        shutil.copy2(options.pub, folder / "release.pub")
        manifest = _manifest(folder, version, options)
        (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        parse((folder / NAME).read_bytes())  # a name that gateways refuse is found here
        _sign(folder / NAME, options.key, f"shishigaki {version} {options.arch}")
        target = ROOT / "dist" / f"{folder.name}.tar"
        target.parent.mkdir(exist_ok=True)
        _pack(folder, target)
    sys.stdout.write(f"{target.relative_to(ROOT)}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arch", choices=("aarch64", "x86_64"))
    parser.add_argument("--key", type=Path, default=KEY, help="minisign's secret key")
    parser.add_argument("--pub", type=Path, default=ROOT / "deploy" / "release.pub")
    parser.add_argument("--python", action="append", help="3.11, 3.13")
    parser.add_argument("--wheels", type=Path, help="a folder in which downloads stay")
    options = parser.parse_args()
    options.python = options.python or list(PYTHONS)
    if not shutil.which("minisign"):
        parser.error("minisign is not installed: sudo apt-get install minisign")
    if not options.key.exists() or not options.pub.exists():
        parser.error(
            "no key: once, on the machine that makes releases:\n"
            f"  minisign -G -p deploy/release.pub -s {options.key}\n"
            "deploy/release.pub belongs into the repository, the secret key nowhere but there"
        )
    return options


def _build_wheel(wheels: Path) -> str:
    """Ours; gives its version."""
    _pip("wheel", "--no-deps", "-w", str(wheels), str(ROOT))
    [ours] = wheels.glob("shishigaki-*.whl")
    return str(parse_wheel_filename(ours.name)[1])


def _collect(wheels: Path, arch: str, python: str, kept: Path | None) -> None:
    """The wheels of all libraries for one Python of another machine, with the hashes of the lock."""
    blocks = dict(_blocks((ROOT / "requirements.txt").read_text(), python, arch))
    with tempfile.TemporaryDirectory(prefix="shishigaki-lock-") as scratch:
        lock, have = Path(scratch) / "requirements.txt", Path(scratch) / "wheels"
        common = ("--no-deps", "--require-hashes", "-r", str(lock))
        for name in BUILT_HERE:
            lock.write_text(blocks.pop(name))
            _build_pure(name, common, have)
        lock.write_text("".join(blocks.values()))
        platforms = [f"--platform=manylinux_{one}_{arch}" for one in GLIBC]
        platforms += [f"--platform=manylinux2014_{arch}", f"--platform=linux_{arch}"]
        target = ("--only-binary=:all:", f"--python-version={python}", "--implementation=cp")
        cache = ("--find-links", str(kept)) if kept and kept.is_dir() else ()
        _pip("download", *target, *platforms, *cache, *common, "-d", str(have))
        for folder in (wheels, kept):
            for wheel in have.glob("*.whl") if folder else ():
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy2(wheel, folder)


def _build_pure(name: str, common: tuple[str, ...], have: Path) -> None:
    """A library without a wheel for that machine is built here, if it is Python only."""
    _pip("wheel", *common, "-w", str(have))
    [built] = have.glob(f"{name.replace('-', '_')}-*.whl")
    if not built.name.endswith("-none-any.whl"):
        raise SystemExit(f"{name}: no wheel for this machine, and {built.name} is not Python only")


def _blocks(text: str, python: str, arch: str) -> Iterator[tuple[str, str]]:
    """(name, lines) of each requirement that the machine needs."""
    where = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": arch,
        "sys_platform": "linux",
        "implementation_name": "cpython",
    }
    block = ""
    for line in [*text.splitlines(keepends=True), "end"]:
        if block and not line.startswith((" ", "#")):
            head = block.splitlines()[0].rstrip("\\ ")
            wanted = Requirement(head)
            if wanted.marker is None or wanted.marker.evaluate(where):
                bare = f"{wanted.name}{wanted.specifier}"
                yield wanted.name, block.replace(head, f"{bare} ", 1)
            block = ""
        block += line if not line.strip().startswith("#") else ""


def _lay_out(folder: Path, wheels: Path) -> None:
    """What install.sh finds beside itself."""
    skip = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(ROOT / "deploy", folder, ignore=skip)
    shutil.copy2(ROOT / "LICENSE", folder)
    shutil.copytree(wheels, folder / "wheels")
    sums: dict[str, list[str]] = {}
    for wheel in sorted(wheels.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        if name != "shishigaki":
            sums.setdefault(f"{name}=={version}", []).append(_sha256(wheel))
    _write_lock(folder / "wheels" / "requirements.txt", sums)


def _write_lock(path: Path, sums: dict[str, list[str]]) -> None:
    """The versions of the bundle; where the Pythons need different ones, each with its marker."""
    names = [one.partition("==")[0] for one in sums]
    lines = []
    for one, hashes in sums.items():
        marker = ""
        if names.count(one.partition("==")[0]) > 1:
            pythons = _pythons(path.parent, one)
            marker = f" ; python_version in '{' '.join(pythons)}'"
        lines.append(f"{one}{marker} {' '.join(f'--hash=sha256:{sum_}' for sum_ in hashes)}\n")
    path.write_text("".join(lines))


def _pythons(wheels: Path, wanted: str) -> list[str]:
    """For which Pythons a version has a wheel."""
    found = set()
    for wheel in wheels.glob("*.whl"):
        name, version, _, tags = parse_wheel_filename(wheel.name)
        if f"{name}=={version}" == wanted:
            found |= {tag.interpreter.removeprefix("cp") for tag in tags}
    return sorted(f"{one[0]}.{one[1:]}" for one in found)


def _manifest(folder: Path, version: str, options: argparse.Namespace) -> Manifest:
    files = {
        str(path.relative_to(folder)): FileSum(path.stat().st_size, _sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    made = datetime.now(UTC).replace(microsecond=0)
    return Manifest(FORMAT, version, made, options.arch, options.python, files)


def _sign(path: Path, key: Path, comment: str) -> None:
    command = ["minisign", "-S", "-s", str(key), "-m", str(path), "-t", comment]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def _pack(folder: Path, target: Path) -> None:
    """Manifest and signature first: a reader knows what is right before it reads the rest."""
    first = [folder / NAME, folder / SIGNATURE]
    others = sorted(path for path in folder.rglob("*") if path.is_file() and path not in first)
    part = target.with_name(target.name + ".part")
    with tarfile.open(part, "w", format=tarfile.GNU_FORMAT) as archive:
        for path in [*first, *others]:
            archive.add(path, str(path.relative_to(folder.parent)), filter=_plain)
    part.replace(target)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    return member


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:  # noqa: S603
        raise SystemExit(f"pip {arguments[0]} failed: see above")


if __name__ == "__main__":
    main()
