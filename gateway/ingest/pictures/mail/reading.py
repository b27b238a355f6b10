"""Reads a mail that lies in a file: who sent it, what it says, its JPEG pictures. In a process of its own.

Owns which parts of a mail are pictures of a camera, and the limits of one mail. Whatever the mail's form,
what can be read of it is given. Must not decide whether its sender may send (`cameras`).
"""

import hashlib
from collections.abc import Iterator
from email import message_from_binary_file, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from itertools import islice
from pathlib import Path

from gateway.domain.pictures import makes
from gateway.ingest.photos import picture
from gateway.ingest.pictures.requests import MailContent, MailPicture, ReadMail

MOST_PICTURES = 20
MOST_PARTS = 200
MOST_SENDERS = 10  # that are told; a mail of more than one is refused
LEAST_EDGE_PX = 160  # a smaller one is a logo, not a picture of a camera
MAX_TEXT = 20_000
_ODD = (MessageError, ValueError, LookupError, AttributeError, TypeError, AssertionError)


def read(request: ReadMail) -> MailContent:
    """What the mail says; its pictures lie in the folder of the request."""
    with Path(request.source).open("rb") as file:
        mail = message_from_binary_file(file, policy=policy.compat32)
    senders = _addresses(mail)
    subject = _header(mail, "Subject")[:1_000]
    only = next((request.only[one] for one in senders if one in request.only), "")
    return MailContent(
        senders=senders,
        verdicts=tuple(one[:2_000] for one in _headers(mail, "Authentication-Results")[:5]),
        subject=subject[:200],
        facts=makes.read(subject, _text(mail), request.makes, only),
        pictures=tuple(_pictures(mail, Path(request.folder))),
    )


def _addresses(mail: "Message[str, str]") -> tuple[str, ...]:
    try:
        found = getaddresses(_headers(mail, "From"))
    except _ODD:
        return ()
    every = (address.lower()[:320] for _, address in found if "@" in address)
    return tuple(islice(every, MOST_SENDERS))


def _headers(mail: "Message[str, str]", name: str) -> list[str]:
    return [str(one) for one in mail.get_all(name, [])]


def _header(mail: "Message[str, str]", name: str) -> str:
    """A header with its encoded words read; as it stands where they cannot be."""
    raw = str(mail.get(name, ""))
    try:
        return str(make_header(decode_header(raw)))
    except _ODD:
        return raw


def _parts(mail: "Message[str, str]") -> Iterator["Message[str, str]"]:
    for number, part in enumerate(mail.walk()):
        if number >= MOST_PARTS:
            return
        if not part.is_multipart():
            yield part


def _text(mail: "Message[str, str]") -> str:
    """The plain text; of a mail without, its HTML without tags."""
    found = {"text/plain": "", "text/html": ""}
    for part in _parts(mail):
        kind = part.get_content_type()
        if kind in found and not part.get_filename() and not found[kind]:
            found[kind] = _decoded(part)
    return found["text/plain"] or _without_tags(found["text/html"])


def _decoded(part: "Message[str, str]") -> str:
    try:
        data = part.get_payload(decode=True)
        raw = data[: 4 * MAX_TEXT] if isinstance(data, bytes) else b""
        return raw.decode(part.get_content_charset() or "utf-8", "replace")[:MAX_TEXT]
    except _ODD:
        return ""


def _without_tags(html: str) -> str:
    """The text between tags; a line for each."""
    pieces = [piece.rpartition(">")[2] for piece in html.split("<")]
    return "\n".join(piece.strip() for piece in pieces if piece.strip())


def _pictures(mail: "Message[str, str]", folder: Path) -> Iterator[MailPicture]:
    """Each JPEG of the mail once; what only is called so is left out."""
    seen: set[str] = set()
    for part in _parts(mail):
        data = _bytes(part)
        if picture.kind_of(data[:16]) != "jpeg" or len(seen) >= MOST_PICTURES:
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in seen:
            continue
        path = folder / sha256
        path.write_bytes(data)
        facts = picture.look(path)
        if facts.refusal is None and max(facts.width, facts.height) < LEAST_EDGE_PX:
            path.unlink()
            continue
        seen.add(sha256)
        yield MailPicture(sha256, len(data), facts)


def _bytes(part: "Message[str, str]") -> bytes:
    if part.get_content_maintype() == "text":
        return b""
    try:
        data = part.get_payload(decode=True)
    except _ODD:
        return b""
    return data if isinstance(data, bytes) else b""
