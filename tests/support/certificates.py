"""Certificates of tests by openssl: ones that vouch for themselves, and ones that an authority signs."""

import shutil
import subprocess
from pathlib import Path

from tests.support.servers import need

OWN_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {0}.key -subj /CN={0}"
SIGNS = "-days 2 -addext keyUsage=critical,keyCertSign,cRLSign"


def make_certificate(certificate: Path, key: Path, name: str, days: int) -> None:
    """Write a certificate for `name` that ends after `days`, and its key."""
    command = [need(shutil.which("openssl"), "openssl"), "req", "-x509", "-nodes"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", str(days)]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def make_authority(folder: Path, name: str) -> None:
    """NAME.pem and NAME.key: an authority, for two days."""
    _openssl(folder, f"req -x509 {OWN_KEY} {SIGNS} -out {{0}}.pem", name)


def make_signed(folder: Path, name: str, authority: str) -> None:
    """NAME.pem and NAME.key: a certificate for 127.0.0.1, signed by an authority of the folder."""
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl(folder, f"req -new {OWN_KEY} -out {{0}}.csr", name)
    signer = f"-CA {authority}.pem -CAkey {authority}.key -CAcreateserial"
    _openssl(folder, f"x509 -req -in {{0}}.csr {signer} -days 2 -extfile san -out {{0}}.pem", name)


def _openssl(folder: Path, arguments: str, name: str) -> None:
    program = need(shutil.which("openssl"), "openssl")
    command = [program, *arguments.format(name).split()]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
