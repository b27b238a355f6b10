"""Answers to alerts that reach the gateway by mail, ntfy or radio, without a public address of its own.

Owns what a reply is. Every connection goes outwards. What a reply changes is decided elsewhere, by the
function that `handler.ReplyHandler` is given (`gateway.ingest.people.replied`).
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from msgspec import Struct


class Way(StrEnum):
    """The way by which a reply came."""

    MAIL = "mail"
    NTFY = "ntfy"
    MESHTASTIC = "meshtastic"


class IncomingReply(Struct, frozen=True):
    """A reply as it came. `place`: what is remembered so that it is not read again after a restart."""

    way: Way
    sender: str  # the address or the radio's node; of a button nobody
    text: str  # the answer
    quoted: str = ""  # where else the ticket may stand: subject and quoted message
    place: str = ""


class ReplyResult(Struct, frozen=True):
    """What became of a reply. `person`, `channel`: whom to tell; "" where nobody is known."""

    changed: bool
    key: str  # of the sentence that says so, `reply.*`
    values: dict[str, str] = {}
    person: str = ""
    channel: str = ""
    detail: str = ""  # a refusal in the person's language


Deliver = Callable[[IncomingReply], Awaitable[None]]
"""Takes a reply; returns when what it says is on the disk."""
