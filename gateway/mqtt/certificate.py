"""The end of validity of a certificate. PURE: text of a PEM file in, a time out.

Owns the search for ``notAfter`` in the DER of X.509 (RFC 5280, 4.1). Must not check a signature.
"""

import ssl
from datetime import UTC, datetime

SEQUENCE, VERSION, UTC_TIME = 0x30, 0xA0, 0x17


def not_after(pem: str) -> datetime:
    """The end of validity of the first certificate in `pem`. Raises ValueError if there is none."""
    begin = pem.find("-----BEGIN CERTIFICATE-----")
    end = pem.find("-----END CERTIFICATE-----", begin)
    if begin < 0 or end < 0:
        raise ValueError("no certificate in it")
    der = ssl.PEM_cert_to_DER_cert(pem[begin:end] + "-----END CERTIFICATE-----\n")
    try:
        return _not_after(der)
    except IndexError:
        raise ValueError("a certificate that is cut off") from None


def _not_after(der: bytes) -> datetime:
    _, at, _ = _item(der, 0)  # Certificate
    _, at, _ = _item(der, at)  # TBSCertificate
    tag, _, following = _item(der, at)
    if tag == VERSION:
        at = following
    for _ in range(3):  # serial number, signature algorithm, issuer
        _, _, at = _item(der, at)
    _, at, _ = _item(der, at)  # validity
    _, _, at = _item(der, at)  # notBefore
    tag, begin, end = _item(der, at)
    text = der[begin:end].decode("ascii")
    shape = "%y%m%d%H%M%SZ" if tag == UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text, shape).replace(tzinfo=UTC)


def _item(der: bytes, at: int) -> tuple[int, int, int]:
    """(tag, begin of content, end of content) of the DER item at `at`."""
    tag, length, at = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(der[at : at + size], "big"), at + size
    return tag, at, at + length
