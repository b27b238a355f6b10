"""Certificates that vouch for themselves, made by openssl."""

import shutil
import subprocess
from pathlib import Path

from tests.support.servers import need


def make_certificate(certificate: Path, key: Path, name: str, days: int) -> None:
    """Write a certificate for `name` that ends after `days`, and its key."""
    command = [need(shutil.which("openssl"), "openssl"), "req", "-x509", "-nodes"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", str(days)]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
