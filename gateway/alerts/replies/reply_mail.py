"""Reads a reply mail: who sent it, what it answers, which message it quotes. PURE.

Owns what is taken from a mail. Must not trust it: the sender's address can be forged, the ticket not.
"""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses

from gateway.alerts.replies import IncomingReply, Way

MAX_BYTES = 65_536  # of a mail that are read
MAX_TEXT = 20_000  # characters of its text
_TAG = re.compile(r"<(br|/p|/div)[^>]{0,200}>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
_QUOTE = re.compile(
    r"^(>|-{3,}|_{5,}|On .{5,200}wrote:|差出人:|From:|.{5,60}<.{3,80}>.{0,3}:$|\d{4}年.{5,80}:$)"
)
_ODD = (
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)  # errors of a header that cannot be read


def read(raw: bytes, place: str = "") -> IncomingReply | None:
    """The reply in a mail; None for what no person wrote, and for what cannot be read."""
    try:
        mail = message_from_bytes(raw[:MAX_BYTES], policy=policy.default)
        if _is_automatic(mail):
            return None
        senders = [
            address for _, address in getaddresses([str(one) for one in mail.get_all("From", [])])
        ]
        subject, text = str(mail.get("Subject", ""))[:1_000], _text(mail)
    except _ODD:
        return None
    if len(senders) != 1 or "@" not in senders[0]:
        return None
    return IncomingReply(
        Way.MAIL, senders[0].lower(), first_line(text), f"{subject}\n{text}", place
    )


def first_line(text: str) -> str:
    """The first line that the person wrote, not one that they quote; "" where there is none."""
    for line in text.splitlines():
        stripped = line.strip()
        if _QUOTE.match(stripped):
            return ""
        if stripped:
            return stripped
    return ""


def _is_automatic(mail: EmailMessage) -> bool:
    """Whether a program sent it: an absence note, a list, a report that it was not delivered."""
    submitted = str(mail.get("Auto-Submitted", "no")).strip().lower()
    bulk = str(mail.get("Precedence", "")).strip().lower() in {"bulk", "junk", "list", "auto_reply"}
    return submitted != "no" or bulk or mail.get_content_type() == "multipart/report"


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    if body is None:
        return ""
    content = str(body.get_content())[:MAX_TEXT]
    if body.get_content_type() != "text/html":
        return content
    return _ANY_TAG.sub("", _TAG.sub("\n", content))
