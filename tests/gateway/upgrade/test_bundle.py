"""A bundle is taken whole, signed by the pinned key and fit for the machine, or refused by name."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.upgrade.bundle import read
from gateway.upgrade.manifest import NAME, SIGNATURE, BundleError, FileSum, Machine, Manifest, order
from gateway.upgrade.signature import PublicKey, SignatureError, public_keys, verify

MADE = datetime(2026, 11, 1, tzinfo=UTC)
FILES = {"install.sh": b"#!/bin/sh\n", "wheels/a-1-py3-none-any.whl": b"w" * 5_000}
SECRET = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEY_ID = b"12345678"
KEY = PublicKey(KEY_ID, SECRET.public_key().public_bytes_raw())
HERE = Machine("aarch64", "3.11", "0.1.0", MADE)
Members = list[tuple[str, bytes]]


def manifest(files: dict[str, bytes] = FILES) -> Manifest:
    sums = {
        name: FileSum(len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    }
    return Manifest(1, "0.2.0", MADE + timedelta(days=1), "aarch64", ["3.11"], sums)


def signed(data: bytes, secret: Ed25519PrivateKey = SECRET, comment: str = "test") -> bytes:
    """A signature as minisign makes it."""
    raw = secret.sign(hashlib.blake2b(data, digest_size=64).digest())
    of_all = secret.sign(raw + comment.encode())
    first, last = (base64.b64encode(one).decode() for one in (b"ED" + KEY_ID + raw, of_all))
    return f"untrusted comment: x\n{first}\ntrusted comment: {comment}\n{last}\n".encode()


def members(about: Manifest | None = None, files: dict[str, bytes] = FILES) -> Members:
    raw = msgspec.json.encode(about or manifest(files))
    return [(NAME, raw), (SIGNATURE, signed(raw)), *files.items()]


def packed(folder: Path, parts: Members) -> Path:
    path = folder / "bundle.tar"
    with tarfile.open(path, "w") as archive:
        for name, data in parts:
            about = tarfile.TarInfo(f"shishigaki-0.2.0/{name}")
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return path


def refused(folder: Path, parts: Members, machine: Machine = HERE) -> str:
    """The name of the reason; nothing was written beside what is right."""
    into = folder / "into"
    shutil.rmtree(into, ignore_errors=True)
    with pytest.raises(BundleError) as error:
        read(packed(folder, parts), [KEY], machine, into)
    for path in into.rglob("*") if into.exists() else ():
        if path.is_file() and path.suffix != ".part":
            assert FILES[str(path.relative_to(into))] == path.read_bytes()
    return str(error.value).partition(":")[0]


def test_a_right_bundle_is_unpacked_whole(tmp_path: Path) -> None:
    bundle = read(packed(tmp_path, members()), [KEY], HERE, tmp_path / "into")
    assert (bundle.manifest.version, bundle.comment) == ("0.2.0", "test")
    for name, data in FILES.items():
        assert (tmp_path / "into" / name).read_bytes() == data
    assert (tmp_path / "into" / NAME).read_bytes() == bundle.raw


def changed(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


CHANGES: dict[str, tuple[str, Callable[[Members], Members]]] = {
    "no signature": ("unsigned", lambda m: [m[0], *m[2:]]),
    "another key": (
        "unsigned",
        lambda m: [m[0], (SIGNATURE, signed(m[0][1], Ed25519PrivateKey.generate())), *m[2:]],
    ),
    "a changed manifest": ("unsigned", lambda m: [(NAME, m[0][1].replace(b"0.2", b"9.2")), *m[1:]]),
    "a changed file": ("altered", lambda m: [*m[:-1], (m[-1][0], changed(m[-1][1]))]),
    "a longer file": ("altered", lambda m: [*m[:-1], (m[-1][0], m[-1][1] + b"x")]),
    "one more file": ("altered", lambda m: [*m, ("more.sh", b"x")]),
    "a file twice": ("altered", lambda m: [*m, m[-1]]),
    "a file less": ("truncated", lambda m: m[:-1]),
    "no manifest": ("format", lambda m: m[2:]),
    "nothing": ("format", lambda m: []),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_refused_by_name(tmp_path: Path, what: str) -> None:
    reason, change = CHANGES[what]
    assert refused(tmp_path, change(members())) == reason


@pytest.mark.parametrize(
    ("reason", "machine", "about"),
    [
        ("architecture", replace(HERE, architecture="x86_64"), manifest()),
        ("python", replace(HERE, python="3.13"), manifest()),
        ("older", replace(HERE, version="0.3.0"), manifest()),
        ("older", replace(HERE, version="0.2.0", made=MADE + timedelta(days=9)), manifest()),
        ("format", HERE, replace(manifest(), v=2)),
        ("altered", HERE, replace(manifest(), files={"../../etc/passwd": FileSum(1, "")})),
        ("altered", HERE, replace(manifest(), files={"/etc/passwd": FileSum(1, "")})),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused_by_name(
    tmp_path: Path, reason: str, machine: Machine, about: Manifest
) -> None:
    assert refused(tmp_path, members(about), machine) == reason


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("systemd/receiver@.service", True),
        (".npmrc", True),
        ("a/..b", True),
        ("..", False),
        ("a/../b", False),
        ("a/.", False),
        ("a//b", False),
        ("a/", False),
        ("-rf", False),
        ("a\n", False),
        ("", False),
    ],
)
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str, is_taken: bool) -> None:
    parts = members(manifest({name: b"x"}), {name: b"x"})
    if is_taken:
        read(packed(tmp_path, parts), [KEY], HERE, tmp_path / "into")
        assert (tmp_path / "into" / name).read_bytes() == b"x"
    else:
        with pytest.raises(BundleError, match="altered"):
            read(packed(tmp_path, parts), [KEY], HERE, tmp_path / "into")


def test_0_10_is_newer_than_0_9(tmp_path: Path) -> None:
    about = replace(manifest(), version="0.10.0")
    read(packed(tmp_path, members(about)), [KEY], replace(HERE, version="0.9.9"))


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.data())
def test_a_bundle_cut_anywhere_is_never_taken(tmp_path: Path, data: st.DataObject) -> None:
    path = packed(tmp_path, members())
    whole = path.read_bytes()
    end = max(i for i, byte in enumerate(whole) if byte) + 1
    path.write_bytes(whole[: data.draw(st.integers(0, end - 1))])
    with pytest.raises(BundleError, match=r"^(truncated|format|unsigned)"):
        read(path, [KEY], HERE)


def test_a_link_in_a_bundle_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, members()[:2])
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("shishigaki-0.2.0/install.sh")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(BundleError, match="altered"):
        read(path, [KEY], HERE, tmp_path / "into")


@pytest.mark.parametrize("legacy", [False, True])
def test_signatures_of_the_real_minisign_are_understood(tmp_path: Path, legacy: bool) -> None:
    if not shutil.which("minisign"):
        pytest.skip("minisign is not installed: sudo apt-get install minisign")
    secret, public, file = (tmp_path / name for name in ("s.key", "p.pub", "file"))
    file.write_bytes(b"text")
    make = ["minisign", "-G", "-W", "-p", str(public), "-s", str(secret)]
    subprocess.run(make, check=True, capture_output=True)
    sign = [
        "minisign",
        "-S",
        *(["-l"] if legacy else []),
        "-s",
        str(secret),
        "-m",
        str(file),
        "-t",
        "v 1",
    ]
    subprocess.run(sign, check=True, capture_output=True)
    keys, signature = public_keys(public.read_text()), Path(f"{file}.minisig").read_text()
    assert verify(b"text", signature, keys) == "v 1"
    with pytest.raises(SignatureError, match="altered"):
        verify(b"other", signature, keys)
    with pytest.raises(SignatureError, match="altered"):
        verify(b"text", signature.replace("v 1", "v 2"), keys)
    with pytest.raises(SignatureError, match="not pinned"):
        verify(b"text", signature, [KEY])


@pytest.mark.parametrize(
    "text", ["x", "RWQ=", "RWQ\n", base64.b64encode(b"Xd" + b"0" * 40).decode()]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(SignatureError):
        public_keys(text)


def test_a_release_is_newer_than_its_candidates_and_a_text_that_is_no_version_than_nothing() -> (
    None
):
    versions = [
        "no version",
        "0",
        "0.9",
        "0.10.0.dev1",
        "0.10.0rc2",
        "0.10.0",
        "0.10.0.post1",
        "1.0",
    ]
    assert all(order(one) < order(next_one) for one, next_one in pairwise(versions))
