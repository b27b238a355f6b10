"""What a town needs to join a region, as one line of text: a file, or a QR code on paper. PURE.

Owns the form of that text. Must not make keys or write files. The text holds the town's private key:
whoever has it can send as this town until the certificate is revoked.
"""

import base64
import binascii
import zlib
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.domain.errors import BadInputError
from gateway.region.protocol import Town

HEAD = "SHISHIGAKI-REGION-1-"
LARGEST = 8_000  # characters of such a text; a certificate of the hub makes about 1,600


class EnrolmentError(BadInputError):
    """The text is no enrolment; nothing was changed."""


class Enrolment(Struct, frozen=True, array_like=True):
    """One town's way to its region. `certificate`, `key` (PKCS 8) and `ca` are DER."""

    town: Town
    url: Annotated[str, Meta(pattern=r"^https://[^\s]+\Z", max_length=300)]
    certificate: bytes
    key: bytes
    ca: bytes


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Enrolment).decode


def encode_enrolment(enrolment: Enrolment) -> str:
    """One line of capital letters and digits, so that a QR code of it is small."""
    packed = base64.b32encode(zlib.compress(_pack(enrolment), 9)).decode()
    return HEAD + packed.rstrip("=")


def decode_enrolment(text: str) -> Enrolment:
    """The enrolment of a text; spaces and line ends do not matter. Raises EnrolmentError."""
    line = "".join(text.split()).upper()
    if not line.startswith(HEAD):
        raise EnrolmentError(f"this is no enrolment: it must begin with {HEAD}")
    if len(line) > LARGEST:
        raise EnrolmentError(f"{len(line)} characters; an enrolment has at most {LARGEST}")
    packed = line.removeprefix(HEAD)
    try:
        plain = base64.b32decode(packed + "=" * (-len(packed) % 8))
        return _unpack(zlib.decompressobj().decompress(plain, LARGEST))
    except (binascii.Error, zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        text = (
            f"the enrolment is not whole ({error}); copy it again from its first letter to its last"
        )
        raise EnrolmentError(text) from None
