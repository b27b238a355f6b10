"""Whose mail it is: the camera that may send it, or why it is refused. PURE.

Owns the allow lists. The address of a sender can be forged: `checked_by` names the own mail server, whose
verdict on the sender must be good then.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from gateway.config.media.pictures import Camera, PictureMailbox
from gateway.domain.model import MessageRefusedError, RefusalReason
from gateway.ingest.pictures.requests import MailContent

_WHO = {"dkim": r"header\.(?:d=|from=|i=\S*@)", "spf": r"smtp\.mailfrom=(?:\S*@)?"}


def whose(content: MailContent, box: PictureMailbox, cameras: Sequence[Camera]) -> Camera:
    """The camera that sent a mail. Raises MessageRefusedError that says what to do."""
    if len(content.senders) != 1:
        raise _refused(RefusalReason.SENDER, f"{len(content.senders)} senders; one is needed")
    [sender] = content.senders
    allowed = [one for one in cameras if is_allowed(sender, one.senders or box.senders)]
    if not allowed:
        raise _refused(
            RefusalReason.SENDER,
            f"{sender} may not send for any camera: add it to `senders` if it is one "
            "(許可されていない差出人です)",
        )
    if box.checked_by and not is_verified(sender, content.verdicts, box.checked_by):
        raise _refused(
            RefusalReason.SENDER,
            f"{box.checked_by} does not say that {sender} is genuine (差出人を確かめられません)",
        )
    return _named(content.facts.name, sender, allowed)


def makes_of(cameras: Iterable[Camera]) -> dict[str, str]:
    """Sender -> row of the table of makes, of cameras that name both."""
    return {sender: one.make for one in cameras if one.make for sender in one.senders}


def is_allowed(sender: str, allowed: Iterable[str]) -> bool:
    """Whether an address is in a list of addresses and `*@host`."""
    host = sender.rpartition("@")[2]
    return any(one.lower() in {sender, f"*@{host}"} for one in allowed)


def is_verified(sender: str, verdicts: Sequence[str], server: str) -> bool:
    """Whether the newest verdict is the server's and calls the sender's domain genuine.

    Only the newest counts: a forger can write those below it.
    """
    if not verdicts:
        return False
    said = " ".join(verdicts[0].split()).lower()
    if said.split(";", 1)[0].split(" ", 1)[0] != server.lower():
        return False
    domain = re.escape(sender.rpartition("@")[2])
    if re.search(rf"\bdmarc=pass\b[^;]*\bheader\.from={domain}(?=[\s;)]|\Z)", said):
        return True
    return any(
        re.search(rf"\b{method}=pass\b[^;]*\b{who}{domain}(?=[\s;)]|\Z)", said)
        for method, who in _WHO.items()
    )


def _named(name: str, sender: str, allowed: Sequence[Camera]) -> Camera:
    """The camera of this name; without a name, the only one that this sender sends for."""
    if name:
        named = [one for one in allowed if plain(name) in {plain(one.name), plain(one.device)}]
        if len(named) == 1:
            return named[0]
    unnamed = [one for one in allowed if not one.name]
    if len(unnamed) == 1:
        return unnamed[0]
    said = f"the name {name!r}" if name else "no camera's name"
    raise _refused(
        RefusalReason.CAMERA,
        f"the mail of {sender} has {said}: set `name` of one of "
        f"{', '.join(one.device for one in allowed)[:200]} (どのカメラか分かりません)",
    )


def plain(name: str) -> str:
    """A name as it is compared: width, case and spaces do not count."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _refused(reason: RefusalReason, detail: str) -> MessageRefusedError:
    return MessageRefusedError(reason, detail)
