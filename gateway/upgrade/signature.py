"""Signatures in the format of minisign, checked against pinned public keys. PURE but for the cryptography.

Owns the format of keys and signatures. Must not read files, nor sign: whoever makes a bundle uses
minisign itself.
"""

import base64
import binascii
from collections.abc import Iterable
from hashlib import blake2b

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from gateway.domain.errors import BadInputError

COMMENT = "untrusted comment:"
TRUSTED = "trusted comment: "
KEY_BYTES, SIGNATURE_BYTES, ID_BYTES = 32, 64, 8


class SignatureError(BadInputError):
    """A key or a signature that is none, or does not fit."""


class PublicKey(Struct, frozen=True):
    """A pinned key: its id and its 32 bytes."""

    id: bytes
    raw: bytes


class _Signature(Struct, frozen=True):
    is_prehashed: bool
    key_id: bytes
    raw: bytes
    comment: bytes
    of_all: bytes  # over the signature and the trusted comment


def public_keys(text: str) -> list[PublicKey]:
    """The keys of a file: one in each line that is no comment. Raises SignatureError."""
    lines = [line.strip() for line in text.splitlines()]
    return [_key(line) for line in lines if line and not line.startswith(COMMENT)]


def verify(data: bytes, signature: str, keys: Iterable[PublicKey]) -> str:
    """The trusted comment of a signature over `data` by one of `keys`. Raises SignatureError."""
    signed = _parse(signature)
    key = next((one for one in keys if one.id == signed.key_id), None)
    if key is None:
        raise SignatureError(
            f"signed with key {_shown(signed.key_id)}, which is not pinned on this machine"
        )
    public = Ed25519PublicKey.from_public_bytes(key.raw)
    digest = blake2b(data, digest_size=64).digest() if signed.is_prehashed else data
    try:
        public.verify(signed.raw, digest)
        public.verify(signed.of_all, signed.raw + signed.comment)
    except InvalidSignature:
        raise SignatureError("the signature does not fit: altered after it was signed") from None
    return signed.comment.decode("utf-8", "replace")


def _key(line: str) -> PublicKey:
    raw = _decoded(line)
    if len(raw) != 2 + ID_BYTES + KEY_BYTES or raw[:2] != b"Ed":
        raise SignatureError(f"{line[:60]}: not a public key of minisign")
    return PublicKey(raw[2 : 2 + ID_BYTES], raw[2 + ID_BYTES :])


def _parse(text: str) -> _Signature:
    lines = text.splitlines()
    if len(lines) != 4 or not lines[0].startswith(COMMENT) or not lines[2].startswith(TRUSTED):
        raise SignatureError("not a signature of minisign")
    raw, of_all = _decoded(lines[1]), _decoded(lines[3])
    if (
        len(raw) != 2 + ID_BYTES + SIGNATURE_BYTES
        or raw[:2] not in (b"Ed", b"ED")
        or len(of_all) != SIGNATURE_BYTES
    ):
        raise SignatureError("not a signature of minisign")
    comment = lines[2].removeprefix(TRUSTED).encode()
    return _Signature(raw[:2] == b"ED", raw[2 : 2 + ID_BYTES], raw[2 + ID_BYTES :], comment, of_all)


def _decoded(line: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError(f"{line[:60]}: not base64") from None


def _shown(key_id: bytes) -> str:
    return key_id[::-1].hex().upper()  # as minisign shows it
