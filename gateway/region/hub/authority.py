"""Certificates of towns, signed by the region's own authority.

Owns keys, validity and serial numbers. Must not know whether a certificate is revoked: the database says it.
"""

import secrets
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from gateway.domain.errors import BadConfigurationError

EARLIER = timedelta(hours=26)  # a town's clock may be behind the hub's


class AuthorityError(BadConfigurationError):
    """The files of the region's authority cannot be used; the text says which and why."""


class IssuedCertificate(Struct, frozen=True):
    """A town's new certificate; all DER. `serial` as HAProxy writes it: capital hex, two digits a byte."""

    certificate: bytes
    key: bytes
    ca: bytes
    serial: str
    expires_at: datetime


class Authority:
    """The region's own signature. Raises AuthorityError."""

    def __init__(self, certificate: Path, key: Path) -> None:
        try:
            self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
            signer = load_pem_private_key(key.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            text = f"the region's authority cannot be read: {error}; run this where {key} lies, as root"
            raise AuthorityError(text) from None
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise AuthorityError(f"{key} is no elliptic-curve key; setup.sh prepare makes one")
        self._key = signer

    def issue(self, town: str, now: datetime, days: int) -> IssuedCertificate:
        """A key and a certificate for a town, valid for `days` from `now`."""
        key = ec.generate_private_key(ec.SECP256R1())
        number = bytes([0x40 | secrets.randbits(5)]) + secrets.token_bytes(15)
        expires_at = (now + timedelta(days=days)).replace(microsecond=0)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, town)]))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(int.from_bytes(number))
            .not_valid_before(now - EARLIER)
            .not_valid_after(expires_at)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return IssuedCertificate(
            certificate.public_bytes(Encoding.DER),
            key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            self._certificate.public_bytes(Encoding.DER),
            number.hex().upper(),
            expires_at,
        )
