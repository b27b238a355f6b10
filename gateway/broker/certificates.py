"""The broker's certificate and the authority that signs it. PURE but for random keys: values in, PEM out.

Owns names, ends and forms of keys. The authority's key leaves here encrypted only: whoever steals the card
can sign nothing, a renewal needs no file from elsewhere, and the backup may carry it. The passphrase is
shown once.
"""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from gateway.domain.errors import BadInputError

AUTHORITY_YEARS, SERVER_YEARS = 20, 5
KEY_BITS = 2048  # RSA: Tasmota and old ESP8266 libraries know no other certificate
BEGIN = datetime(
    2025, 1, 1, tzinfo=UTC
)  # a board or a sensor without a clock is in an earlier year
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_PEM = serialization.Encoding.PEM


class PassphraseError(BadInputError):
    """The authority's key does not open with this passphrase."""


class Authority(Struct, frozen=True):
    """PEM texts; `key` is encrypted."""

    certificate: bytes
    key: bytes


class Identity(Struct, frozen=True):
    """PEM texts; `key` is plain, for the broker to read."""

    certificate: bytes
    key: bytes


def new_passphrase() -> str:
    """26 letters and digits in groups: 130 random bits."""
    text = "".join(secrets.choice(_LETTERS) for _ in range(26))
    return "-".join((text[:7], text[7:13], text[13:19], text[19:]))


def new_authority(site: str, passphrase: str, now: datetime) -> Authority:
    """An authority of this site."""
    key = _new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"shishigaki {site} CA")])
    usage = x509.KeyUsage(**_usage(sign=True))
    made = (
        _begun(name, name, key, _end(now, AUTHORITY_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    locked = serialization.BestAvailableEncryption(passphrase.encode())
    return Authority(made.public_bytes(_PEM), _key_pem(key, locked))


def issue(authority: Authority, passphrase: str, names: Iterable[str], now: datetime) -> Identity:
    """A certificate for a server that is reached by these names and IP addresses. Raises PassphraseError."""
    signer, parent = (
        _open(authority, passphrase),
        x509.load_pem_x509_certificate(authority.certificate),
    )
    key, wanted = _new_key(), list(dict.fromkeys(names))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted[0][:64])])
    end = min(_end(now, SERVER_YEARS), parent.not_valid_after_utc)
    made = (
        _begun(subject, parent.subject, key, end)
        .add_extension(
            x509.SubjectAlternativeName([_general(one) for one in wanted]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**_usage(sign=False)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_issued_by(signer), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Identity(made.public_bytes(_PEM), _key_pem(key, serialization.NoEncryption()))


def names_of(certificate: bytes) -> list[str]:
    """The names and IP addresses for which a certificate was made. Raises ValueError."""
    made = x509.load_pem_x509_certificate(certificate)
    try:
        found = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [
        *found.get_values_for_type(x509.DNSName),
        *map(str, found.get_values_for_type(x509.IPAddress)),
    ]


def end_of(certificate: bytes) -> datetime:
    """The end of a certificate's validity. Raises ValueError."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def _open(authority: Authority, passphrase: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(authority.key, passphrase.strip().encode() or b"-")
    except (ValueError, TypeError):
        raise PassphraseError(
            "認証局の合言葉が違います。設置のとき紙に控えたもの / not the authority's passphrase, which was "
            "shown once at setup"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise PassphraseError("認証局の鍵が RSA ではありません / the authority's key is not RSA")
    return key


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)


def _key_pem(key: rsa.RSAPrivateKey, lock: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, lock)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(end)
    )


def _end(now: datetime, years: int) -> datetime:
    return max(now, BEGIN) + timedelta(days=365 * years)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issued_by(key: rsa.RSAPrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(*, sign: bool) -> dict[str, bool]:
    """The uses of a key: an authority signs certificates, a server takes part in a handshake."""
    mine = {"key_cert_sign", "crl_sign"} if sign else {"digital_signature", "key_encipherment"}
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    more = ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return {one: one in mine for one in (*every, *more)}
